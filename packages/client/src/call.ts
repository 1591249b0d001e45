import { InvalidArgumentError } from "@sremote/protocol";
import type { CallOptions } from "./call-options.ts";
import type { CallResult } from "./call-result.ts";
import { type CallSite, withCallSite } from "./call-site.ts";
import { CallOutput } from "./session/call-output.ts";
import type { Dependable } from "./session/dependencies.ts";
import type { Session } from "./session/session.ts";
import { RemoteIterable } from "./session/remote-iterable.ts";

/** What carries a call out. */
export interface CallRun<T> {
  (call: Call<T>): Promise<CallResult<T>>;
}

const nextTurn = Promise.resolve();

export interface CallContext {
  /** Those of the call that this one belongs to. */
  readonly outputs?: readonly [stdout: CallOutput, stderr: CallOutput] | undefined;
  /** Where it was made, unless the caller awaits {@link Call.settled}. */
  readonly site?: CallSite | undefined;
}

/**
 * A call under way. Awaiting it gives its {@link CallResult} or rejects as {@link RemoteClient.doRemoteCall} does; `stdout` and `stderr` can be read
 * while it runs; iterating over the call gives the items of a generator.
 */
export class Call<T = unknown> implements Promise<CallResult<T>>, AsyncIterable<unknown>, Dependable {
  /** 32 hexadecimal digits, also in errors. */
  readonly id: string;
  readonly stdout: CallOutput;
  readonly stderr: CallOutput;
  readonly #result: Promise<CallResult<T>>;
  #cancelled: { reason: unknown } | undefined;
  #onCancel: ((reason: unknown) => void) | undefined;
  #place: { session: Session; stream: number } | undefined;
  #sent = false;
  #kept = 0;
  #onSent: (() => void)[] = [];
  #unfollow: (() => void) | undefined;

  /** @internal */
  constructor(id: string, options: CallOptions, run: CallRun<T>, { outputs, site }: CallContext = {}) {
    this.id = id;
    const read = (): void => {
      // Whoever reads the output gets the call's error at its end, so that it is not lost if he does not also wait for the call.
      this.#result.catch(() => undefined);
    };
    this.stdout = outputs?.[0] ?? new CallOutput(options.stdout, read);
    this.stderr = outputs?.[1] ?? new CallOutput(options.stderr, read);
    if (options.signal !== undefined) this.#follow(options.signal);
    this.#result = this.#carryOut(run, { site, ownsOutputs: outputs === undefined });
  }

  /**
   * One async function from here to where errors come into being, and nobody else who waits for it: only so the engine puts the caller of
   * `doRemoteCall` into their stack, for nothing.
   */
  async #carryOut(run: CallRun<T>, { site, ownsOutputs }: { site: CallSite | undefined; ownsOutputs: boolean }): Promise<CallResult<T>> {
    // In the next microtask: calls that follow in the same turn may take the result as an argument, and share a packet of the network.
    await nextTurn;
    try {
      const result = await run(this);
      // A generator prints while it is iterated; its outputs end with it.
      if (ownsOutputs && !(result.value instanceof RemoteIterable)) this.#endOutputs();
      return result;
    } catch (error) {
      if (ownsOutputs) this.#endOutputs({ error });
      throw site === undefined ? error : withCallSite(error, site);
    } finally {
      this.#unfollow?.();
    }
  }

  #endOutputs(error?: { error: unknown }): void {
    this.stdout.end(error);
    this.stderr.end(error);
  }

  #follow(signal: AbortSignal): void {
    const abort = (): void => this.#cancel(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    this.#unfollow = () => signal.removeEventListener("abort", abort);
  }

  #cancel(reason: unknown): void {
    if (this.#cancelled !== undefined) return;
    this.#cancelled = { reason };
    this.#onCancel?.(reason);
  }

  /** @internal Why it was cancelled, if it was. */
  get cancelled(): { readonly reason: unknown } | undefined {
    return this.#cancelled;
  }

  /** @internal One who is told when the call is cancelled, now if it was already. */
  onCancel(callback: (reason: unknown) => void): void {
    this.#onCancel = callback;
    if (this.#cancelled !== undefined) callback(this.#cancelled.reason);
  }

  /** Ends the function on the host. Resolves when the host has said so, or when the call has ended otherwise; the call rejects with `cancelled`. */
  async cancel(reason?: unknown): Promise<void> {
    this.#result.catch(() => undefined);
    this.#cancel(reason ?? new DOMException("the call was cancelled", "AbortError"));
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

  /** @internal */
  get place(): { readonly session: Session; readonly stream: number } | undefined {
    return this.#place;
  }

  /** @internal */
  get isSent(): boolean {
    return this.#sent;
  }

  /** @internal Resolves when it has gone out, or has failed before. */
  untilSent(): Promise<void> {
    if (this.#sent) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onSent.push(resolve);
    this.#result.then(
      () => resolve(),
      () => resolve(),
    );
    return promise;
  }

  /** @internal Whether the host keeps the result for a call that follows. Each such call uses it up. */
  get isKept(): boolean {
    if (this.#kept === 0) return false;
    this.#kept--;
    return true;
  }

  /** @internal @param kept for how many calls the host keeps the result */
  sent(place: { session: Session; stream: number } | undefined, kept = 0): void {
    this.#sent = true;
    this.#place = place;
    this.#kept = kept;
    for (const tell of this.#onSent.splice(0)) tell();
  }

  /** The items of the generator or iterator that the function returns. */
  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    const { value } = await this.#result;
    if (!(value instanceof RemoteIterable)) {
      throw new InvalidArgumentError("call", "a function that returns a generator or iterator, to be iterated");
    }
    yield* value;
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

  get [Symbol.toStringTag](): string {
    return "Call";
  }
}
