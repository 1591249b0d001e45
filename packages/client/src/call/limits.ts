/*
 * What bounds a call whatever the link, the host or the connector does: its signal and its deadlines, all counted from when it was made.
 *
 *   signal ──▶ cancel the function, 60 ms for the host's word, then reject
 *   deadline ──▶ not sent: reject now
 *            └─▶ sent: the host has the same deadline and knows more of how it went. It has 100 ms; then it is told to cancel, too.
 *                A host that gives no sign at all has 300 ms, one that does 2 s: an interrupt takes up to a second.
 */
import { DeadlineTimer } from "@sremote/protocol";
import type { Ending } from "./ending.ts";
import type { CallOptions } from "./options.ts";

/** Milliseconds from the abort of a signal to the rejection of its call, so that this comes within 100 ms. */
export const signalPatience = 60;
/** Milliseconds for which {@link Call.cancel} waits for the host: it kills what does not let itself be interrupted after one second. */
export const cancelPatience = 5000;
const ownDeadline = 100;
const silence = 300;
const patience = 2000;
/** Over files only the whole answer is heard of, and an endpoint must start for that. */
const spoolPatience = 3000;

/** What is known of a call under way. */
export interface Progress {
  /** Whether the host may have got it. */
  readonly isSentOff: boolean;
  /** Whether a worker is known to have taken it. */
  readonly isTaken: boolean;
  /** Asks the host for a sign; the function tells whether one has come since. Undefined for a call over files. */
  askForSign(): (() => boolean) | undefined;
}

/** Ends a call. @param milliseconds for which the host may still say how it ended */
export interface EndCall {
  (ending: Ending, milliseconds: number): void;
}

export class CallLimits {
  readonly #progress: Progress;
  readonly #end: EndCall;
  readonly #timers: DeadlineTimer[] = [];
  #unfollow: (() => void) | undefined;

  constructor({ signal, timeout, queueTimeout }: CallOptions, progress: Progress, end: EndCall) {
    this.#progress = progress;
    this.#end = end;
    if (timeout !== undefined) this.#after(timeout, () => this.#outOfTime(timeout));
    if (queueTimeout !== undefined) this.#after(queueTimeout, () => this.#queuedTooLong(queueTimeout));
    if (signal !== undefined) this.#follow(signal);
  }

  stop(): void {
    this.#unfollow?.();
    for (const timer of this.#timers) timer.stop();
  }

  #after(milliseconds: number, callback: () => void): void {
    this.#timers.push(new DeadlineTimer(milliseconds, callback));
  }

  #follow(signal: AbortSignal): void {
    const abort = (): void => this.#end({ kind: "cancelled", stage: "call", reason: signal.reason }, signalPatience);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    this.#unfollow = () => signal.removeEventListener("abort", abort);
  }

  #outOfTime(milliseconds: number): void {
    const ending = { kind: "timeout", stage: "call", milliseconds } as const;
    if (!this.#progress.isSentOff) return this.#end(ending, 0);
    const hasAnswered = this.#progress.askForSign();
    if (hasAnswered === undefined) return this.#after(spoolPatience, () => this.#end(ending, signalPatience));
    this.#after(ownDeadline, () => this.#end(ending, patience));
    this.#after(silence, () => {
      if (!hasAnswered()) this.#end(ending, 0);
    });
  }

  #queuedTooLong(milliseconds: number): void {
    const ending = { kind: "timeout", stage: "queue", milliseconds } as const;
    if (!this.#progress.isSentOff) return this.#end(ending, 0);
    if (this.#progress.isTaken) return;
    const hasAnswered = this.#progress.askForSign();
    const endUnlessTaken = (): void => {
      if (!this.#progress.isTaken) this.#end(ending, 0);
    };
    // The host keeps the same deadline; it is only asked whether it is there to do so.
    this.#after(silence, () => {
      if (hasAnswered?.() !== true) endUnlessTaken();
      else this.#after(patience, endUnlessTaken);
    });
  }
}
