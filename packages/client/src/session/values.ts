/* Values that only a session can carry, in one call: callbacks, objects, results of other calls. */
import { type CustomValue, InvalidArgumentError, type WireValue } from "@sremote/protocol";
import type { HostSession } from "../call/place.ts";
import type { EncodeHooks, Serializer } from "../call/serializer.ts";
import type { Callback, Callbacks } from "./callbacks.ts";
import { type RemoteReference, referenceOf } from "../object/remote-reference.ts";

/** A result that is an argument, in place of the call that gives it. */
export class ResultOf {
  readonly stream: number;
  constructor(stream: number) {
    this.stream = stream;
  }
}

/** What among the arguments of one call only a session can carry. */
export class CallValues {
  /** Those given to the call, callable from now on. */
  readonly callbacks: number[] = [];
  /** Objects of the host among the arguments. */
  readonly #reference: { readonly reference: RemoteReference; readonly root: string }[] = [];
  readonly #registry: Callbacks;
  readonly #serializer: Serializer;

  constructor(registry: Callbacks, serializer: Serializer) {
    this.#registry = registry;
    this.#serializer = serializer;
  }

  encode(value: unknown, root: string, attachments: Uint8Array[]): WireValue {
    const hooks: EncodeHooks = { custom: (part) => this.#custom(part, root) };
    return this.#serializer.encode(value, root, attachments, hooks);
  }

  #custom(value: object, root: string): CustomValue | undefined {
    if (typeof value === "function") {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- any function may be called; what it makes of the arguments is its own
      const id = this.#registry.add(value as Callback);
      this.callbacks.push(id);
      return { name: "callback", json: { id } };
    }
    if (value instanceof ResultOf) return { name: "result", json: { stream: value.stream } };
    const reference = referenceOf.get(value);
    if (reference === undefined) return undefined;
    this.#reference.push({ reference, root });
    return { name: "object", json: { id: reference.id } };
  }

  get holdsObjects(): boolean {
    return this.#reference.length > 0;
  }

  /** That of the first object among them. */
  get session(): HostSession | undefined {
    return this.#reference[0]?.reference.place.session;
  }

  /** The worker that holds the objects, if there are any. @throws InvalidArgumentError unless one worker of this session does */
  workerIn(session: HostSession): number | undefined {
    let worker: number | undefined;
    for (const { reference, root } of this.#reference) {
      const { place } = reference;
      if (place.session !== session) {
        throw new InvalidArgumentError(`${root} is an object of another session, or of one that has ended`);
      }
      if (worker !== undefined && worker !== place.worker) {
        throw new InvalidArgumentError(`${root} mixes objects of several processes; give the calls that make them the same \`workerName\``);
      }
      worker = place.worker;
    }
    return worker;
  }

  /** The host may call none of the callbacks any more. */
  forget(): void {
    this.#registry.remove(this.callbacks);
  }
}
