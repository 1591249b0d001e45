import { settledWithin, showAs } from "@sremote/connectors";
import { ProtocolError, RemoteExecError, checkConstruction } from "@sremote/protocol";
import { signalPatience } from "../call/limits.ts";
import { type RemoteReference, referenceOf, isLost } from "./remote-reference.ts";
import { settledUnlessSilent } from "./unless-silent.ts";

/** The type of a function's result on this side: a promise's value, and a {@link RemoteIterable} for a generator or iterator. */
export type ResultOf<R> =
  Awaited<R> extends Iterator<infer T, unknown, never> | AsyncIterator<infer T, unknown, never> ? RemoteIterable<T> : Awaited<R>;

interface Step {
  done: boolean;
  value: unknown;
}

/**
 * A generator or iterator of the host. Each item is made when it is asked for, so a slow loop holds the generator up and nothing piles up;
 * leaving the loop closes it there (`finally` blocks run). It can be iterated once.
 */
export class RemoteIterable<T = unknown> implements AsyncIterator<T, unknown>, AsyncIterable<T>, AsyncDisposable {
  readonly #reference: RemoteReference;
  readonly #prefetch: number;
  /** Steps that were asked for, in order. */
  readonly #asked: Promise<Step>[] = [];
  readonly #onEnd: (error?: { error: unknown }) => void;
  #over = false;

  /** @internal @param prefetch steps to ask for ahead of the loop @param onEnd called once, when nothing more can come */
  constructor(reference: RemoteReference, prefetch: number, onEnd: (error?: { error: unknown }) => void) {
    checkConstruction(typeof onEnd === "function", "RemoteIterable", "a call of a generator gives one");
    this.#reference = reference;
    this.#prefetch = prefetch;
    this.#onEnd = onEnd;
    referenceOf.set(this, reference);
  }

  async next(): Promise<IteratorResult<T, unknown>> {
    while (!this.#over && this.#asked.length <= this.#prefetch) this.#ask();
    const step = this.#asked.shift();
    if (step === undefined) return { done: true, value: undefined };
    try {
      const { done, value } = await step;
      if (done) this.#end();
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller says what the generator gives, as with every call
      return done ? { done: true, value } : { done: false, value: value as T };
    } catch (error) {
      const first = !this.#over;
      this.#end({ error });
      // With steps asked for ahead, those behind the end find it gone.
      if (!first && isLost(error)) return { done: true, value: undefined };
      // A step that was given up says nothing about the generator, which would stay on the host.
      if (first && isGivenUp(error)) this.#close().catch(() => undefined);
      throw error;
    }
  }

  #ask(): void {
    const step = this.#reference.perform("next", [this]).then(({ value }) => asStep(value));
    step.catch(() => undefined); // met when it is its turn
    this.#asked.push(step);
  }

  /** Closes the generator on the host. */
  async return(value?: unknown): Promise<IteratorResult<T, unknown>> {
    if (!this.#over) {
      this.#over = true;
      try {
        await this.#close();
      } catch (error) {
        if (!isLost(error)) throw error;
      } finally {
        this.#asked.length = 0;
        this.#finish();
      }
    }
    return { done: true, value };
  }

  /** Closes it on the host, also after its signal was aborted or a step took too long: only waiting for the host has limits then. */
  async #close(): Promise<void> {
    const { place, limits } = this.#reference;
    if (place.session.isOver) return;
    const closed = this.#reference.perform("close", [this], { signal: undefined, timeout: undefined });
    closed.catch(() => undefined);
    const { timeout, signal } = limits;
    const most = signal?.aborted === true ? signalPatience : timeout;
    // It is not cancelled: a host that comes back later still closes it. What its `finally` does may take its time.
    if (await (most === undefined ? settledUnlessSilent(closed, place.session) : settledWithin(closed, most))) await closed;
  }

  #end(error?: { error: unknown }): void {
    if (this.#over) return;
    this.#over = true;
    this.#finish(error);
  }

  #finish(error?: { error: unknown }): void {
    this.#reference.place.forgetCallbacks();
    this.#onEnd(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  static {
    showAs(this, "RemoteIterable", (self) => ({ host: self.#reference.place.session.host, ended: self.#over }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

function isGivenUp(error: unknown): boolean {
  return error instanceof RemoteExecError && (error.code === "cancelled" || error.code === "timeout");
}

function asStep(value: unknown): Step {
  if (typeof value !== "object" || value === null || !("done" in value) || !("value" in value)) {
    throw new ProtocolError("protocol-error", "the host's answer to next is not an object with done and value");
  }
  return { done: value.done === true, value: value.value };
}
