import { showAs } from "@sremote/connectors";
import { checkConstruction, InvalidArgumentError } from "@sremote/protocol";
import { RemoteIterable } from "../object/remote-iterable.ts";
import type { Invocation } from "./invocation.ts";
import type { CallOutput } from "./output.ts";
import type { CallResult } from "./result.ts";

/** The items of a call's generator: of `Call<RemoteIterable<T>>` and of `Call<T>`, T. */
export type ItemOf<T> = T extends AsyncIterable<infer I> ? I : T;

/**
 * A call under way. Awaiting it gives its {@link CallResult} or rejects as {@link RemoteClient.doRemoteCall} does; `stdout` and `stderr` can be read
 * while it runs, and {@link items} gives those of a generator.
 */
export class Call<T = unknown> implements Promise<CallResult<T>>, AsyncIterable<ItemOf<T>> {
  /** @internal */
  readonly invocation: Invocation;
  readonly #result: Promise<CallResult<T>>;

  /** @internal */
  constructor(invocation: Invocation, result: Promise<CallResult<T>>) {
    checkConstruction(typeof result?.then === "function", "Call", "client.call() returns one");
    this.invocation = invocation;
    this.#result = result;
  }

  /** 32 hexadecimal digits, also in errors. */
  get id(): string {
    return this.invocation.id;
  }

  get stdout(): CallOutput {
    return this.invocation.stdout;
  }

  get stderr(): CallOutput {
    return this.invocation.stderr;
  }

  /**
   * Ends the function on the host. Resolves when the host has said so, or when the call has ended otherwise; the call rejects with `cancelled`.
   * A host that says nothing is waited for five seconds; the error's outcome is `unknown` then.
   */
  async cancel(reason?: unknown): Promise<void> {
    this.#result.catch(() => undefined);
    this.invocation.cancel(reason ?? new DOMException("the call was cancelled", "AbortError"));
    await this.#result.then(
      () => undefined,
      () => undefined,
    );
  }

  /** @internal The promise behind it: awaited itself, it lets the engine show the caller in an error's stack. */
  get settled(): Promise<CallResult<T>> {
    return this.#result;
  }

  /** What the function returned. */
  get value(): Promise<T> {
    return this.#result.then(({ value }) => value);
  }

  /** The items of the generator or iterator that the function returns, each when the loop wants it. Breaking the loop closes it on the host. */
  items(): AsyncGenerator<ItemOf<T>, void, undefined> {
    this.invocation.isIterated = true;
    return this.#iterate();
  }

  /** As {@link items}, so that a call whose function returns a generator can stand in `for await` itself. */
  [Symbol.asyncIterator](): AsyncGenerator<ItemOf<T>, void, undefined> {
    return this.items();
  }

  async *#iterate(): AsyncGenerator<ItemOf<T>, void, undefined> {
    const value: unknown = (await this.#result).value;
    if (!(value instanceof RemoteIterable)) {
      throw new InvalidArgumentError("call cannot be iterated: the function returned no generator or iterator");
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller says what the generator gives, as with every call
    yield* value as RemoteIterable<ItemOf<T>>;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a call is a promise of its result, with more to it
  then<A = CallResult<T>, B = never>(
    fulfilled?: ((result: CallResult<T>) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#result.then(fulfilled, rejected);
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<CallResult<T> | B> {
    return this.#result.catch(rejected);
  }

  finally(callback?: (() => void) | null): Promise<CallResult<T>> {
    return this.#result.finally(callback);
  }

  static {
    showAs(this, "Call", (self) => self.#shown());
  }

  #shown(): Record<string, string | undefined> {
    const { id, endedAs, isTaken, context } = this.invocation;
    const state = endedAs ?? (isTaken ? "running" : `waiting for ${this.invocation.waitsFor()}`);
    return { function: context.what, host: context.host, id, state };
  }

  get [Symbol.toStringTag](): string {
    return "Call";
  }
}
