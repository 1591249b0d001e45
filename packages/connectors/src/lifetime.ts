/* What "closed" means for a connector that holds no connection of its own. */
import { SremoteError, checkObject } from "@sremote/protocol";
import type { OperationOptions } from "./connector.ts";
import { settledWithin } from "./deadline.ts";
import type { OwnOptions } from "./own-options.ts";
import { ownBytes } from "./own-bytes.ts";

/** How long work may take to end when the connector is closed, in milliseconds: an author's function may never. */
const closeTimeout = 10_000;

/** With what `exec` has for standard input as it is now. */
function withOwnInput<O extends OperationOptions & { stdin?: unknown }>(options: O): O {
  const { stdin } = options ?? {};
  if (stdin instanceof Uint8Array) return { ...options, stdin: ownBytes(stdin) };
  const isList = Array.isArray(stdin) && stdin.every((each) => each instanceof Uint8Array);
  return isList ? { ...options, stdin: stdin.map((each) => ownBytes(each)) } : options;
}

/** Counts a connector's operations, and ends them when it is closed. */
export class Lifetime {
  readonly #label: string;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(label: string) {
    this.#label = label;
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Runs an operation with options whose signal is also aborted by {@link close}. Rejects with the code `closed` afterwards. */
  async run<O extends OperationOptions, T>(options: O, operation: (options: O & OwnOptions) => Promise<T>): Promise<T> {
    checkObject(options, "options");
    if (this.closed) throw this.#error();
    const own = this.#closing.signal;
    const signal = options?.signal instanceof AbortSignal ? AbortSignal.any([options.signal, own]) : own;
    const invalid = options?.signal !== undefined && !(options.signal instanceof AbortSignal);
    const later = (work: Promise<unknown>): void => {
      this.#track(work).catch(() => undefined); // What it comes to is the operation's to tell; here only its end is waited for.
    };
    return await this.#track(operation(withOwnInput(invalid ? options : { ...options, signal, later })));
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** Ends what runs and waits for it, but not for ever; may be called again. */
  async close(): Promise<void> {
    if (!this.closed) this.#closing.abort(this.#error());
    // What is aborted may go on alone for a while.
    const ended = (async () => {
      while (this.#running.size > 0) await Promise.allSettled(this.#running);
    })();
    await settledWithin(ended, closeTimeout);
  }

  #error(): SremoteError {
    return new SremoteError("closed", "the connector was closed", { host: this.#label });
  }
}
