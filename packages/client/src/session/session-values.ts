/* Values that only a session can carry, in one call: callbacks, objects, results of other calls. */
import { type Attachments, type CustomValue, InvalidArgumentError, type WireValue } from "@sremote/protocol";
import type { DecodeHooks, EncodeHooks, Serializer } from "../serializer.ts";
import type { Callback, Callbacks } from "./callbacks.ts";
import { hostedOf } from "./hosted.ts";
import type { Session } from "./session.ts";

/** A result that is an argument, in place of the call that gives it. */
export class ResultOf {
  readonly stream: number;
  constructor(stream: number) {
    this.stream = stream;
  }
}

/** The arguments of one call, as they are encoded for its session. */
export class CallValues {
  readonly callbacks: number[] = [];
  /** The worker that holds objects of the arguments. */
  on: number | undefined;
  readonly #session: Session;
  readonly #registry: Callbacks;
  readonly #serializer: Serializer;

  constructor(session: Session, registry: Callbacks, serializer: Serializer) {
    this.#session = session;
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
    const hosted = hostedOf.get(value);
    if (hosted === undefined) return undefined;
    if (hosted.place.session !== this.#session) {
      throw new InvalidArgumentError(root, "objects of this client's present session; this one is of another, or of one that has ended");
    }
    if (this.on !== undefined && this.on !== hosted.place.worker) {
      throw new InvalidArgumentError(root, "objects of one process; give the calls that make them the same `worker`");
    }
    this.on = hosted.place.worker;
    return { name: "object", json: { id: hosted.id } };
  }
}

/**
 * Throws what encoding the arguments for a session would throw: before one is started for them, so that nothing is sent for a call which cannot be.
 * @param isCall whether a part is a call, whose result will take its place
 */
export function checkEncodable(value: unknown, root: string, serializer: Serializer, isCall: (part: object) => boolean): void {
  const custom = (part: object): CustomValue | undefined =>
    typeof part === "function" || isCall(part) || hostedOf.has(part) ? { name: "callback", json: { id: 0 } } : undefined;
  serializer.encode(value, root, [], { custom });
}

/** Decodes a result; `host` makes what stays on the host from its kind, id and type. */
export function decodeResult(
  value: WireValue,
  attachments: Attachments,
  serializer: Serializer,
  host: (kind: "object" | "iterator", id: number, type: string) => unknown,
): unknown {
  const hooks: DecodeHooks = {
    custom: (name, { id, type }) => {
      if ((name !== "object" && name !== "iterator") || typeof id !== "number" || !Number.isSafeInteger(id)) return undefined;
      return host(name, id, typeof type === "string" ? type : "");
    },
  };
  return serializer.decode(value, attachments, hooks);
}
