/* A snippet under way. */
import { showAs } from "@sremote/connectors";
import { checkConstruction } from "@sremote/protocol";
import type { Call } from "../call/call.ts";
import type { CallOutput } from "../call/output.ts";
import type { CallResult } from "../call/result.ts";
import type { OmittedPart, Part, Shown } from "./parts.ts";

/** What a snippet came to. */
export interface SnippetResult<T = unknown> extends CallResult<T> {
  /** The value of the last expression; undefined where the snippet ends with a statement, or where the value cannot travel. */
  value: T;
  /** Why there is no value although the snippet has one, such as `value: a Model cannot travel`. Its {@link text} and {@link parts} are there. */
  problem: string | undefined;
  /** The value as text, as an interactive interpreter prints it; empty where there is none. Cut at 64 Ki characters. */
  text: string;
  /** What the snippet has shown, in this order: what it gave to `display`, its value, open figures of matplotlib. */
  parts: readonly Part[];
  /** Parts that could not be made or sent, and why. */
  omitted: readonly OmittedPart[];
}

/**
 * A snippet under way. Awaiting it gives its {@link SnippetResult}, or rejects with RemoteExecError `raised`, whose traceback has the snippet's own
 * lines; `stdout` and `stderr` can be read while it runs.
 */
export class SnippetCall<T = unknown> implements Promise<SnippetResult<T>> {
  readonly #call: Call<T>;
  readonly #shown: () => Shown;
  readonly #cancel: (reason: unknown) => Promise<void>;

  /** @internal @param shown what it has shown so far, once it is over @param cancel interrupts it */
  constructor(call: Call<T>, shown: () => Shown, cancel: (reason: unknown) => Promise<void>) {
    checkConstruction(typeof call?.settled?.then === "function", "SnippetCall", "run() of an interpreter returns one");
    this.#call = call;
    this.#shown = shown;
    this.#cancel = cancel;
  }

  /** 32 hexadecimal digits, also in errors. */
  get id(): string {
    return this.#call.id;
  }

  get stdout(): CallOutput {
    return this.#call.stdout;
  }

  get stderr(): CallOutput {
    return this.#call.stderr;
  }

  /** What it has shown when it ended, also when it raised then. Empty before. */
  get parts(): readonly Part[] {
    return this.#shown().parts;
  }

  /** The value of the last expression. */
  get value(): Promise<T> {
    return this.then(({ value }) => value);
  }

  /** Interrupts it; the state is kept if it ends within half a second. Resolves when the host has said so; the snippet rejects with `cancelled`. */
  cancel(reason?: unknown): Promise<void> {
    this.#settled.catch(() => undefined);
    return this.#cancel(reason);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise of its result, with more to it
  then<A = SnippetResult<T>, B = never>(
    fulfilled?: ((result: SnippetResult<T>) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#settled.then(fulfilled, rejected);
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<SnippetResult<T> | B> {
    return this.#settled.catch(rejected);
  }

  finally(callback?: (() => void) | null): Promise<SnippetResult<T>> {
    return this.#settled.finally(callback);
  }

  /** The call was made with what makes its result one of a snippet. */
  get #settled(): Promise<SnippetResult<T>> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    return this.#call.settled as Promise<SnippetResult<T>>;
  }

  static {
    showAs(this, "SnippetCall", (self) => ({ id: self.id }));
  }

  get [Symbol.toStringTag](): string {
    return "SnippetCall";
  }
}
