/* The deadline and the signal of a snippet whose host would end its process at them, and with that its state: here they interrupt it. */
import { DeadlineTimer, type RemoteExecError } from "@sremote/protocol";
import { type Ending, endedError } from "../call/ending.ts";
import { cancelPatience, signalPatience } from "../call/limits.ts";
import type { CallResult } from "../call/result.ts";
import type { SnippetOptions } from "./options.ts";

/** Which snippet it is, once it was made. */
export interface LimitedSnippet {
  readonly host: string;
  readonly id: () => string;
  readonly interrupt: () => Promise<void>;
}

export class SnippetLimits {
  readonly #snippet: LimitedSnippet;
  #ending: Ending | undefined;
  #giveUp: ((error: RemoteExecError) => void) | undefined;
  #timer: DeadlineTimer | undefined;
  #patience: DeadlineTimer | undefined;
  #unfollow: (() => void) | undefined;

  constructor(snippet: LimitedSnippet) {
    this.#snippet = snippet;
  }

  /** The snippet was made. @param options that were looked at before it runs, and may be anything */
  begin({ timeout, signal }: SnippetOptions): void {
    if (typeof timeout === "number" && timeout > 0 && Number.isFinite(timeout)) {
      const ending = { kind: "timeout", stage: "call", milliseconds: timeout } as const;
      this.#timer = new DeadlineTimer(timeout, () => this.#end(ending, cancelPatience));
    }
    if (!(signal instanceof AbortSignal)) return;
    const abort = (): void => this.#end({ kind: "cancelled", stage: "call", reason: signal.reason }, signalPatience);
    signal.addEventListener("abort", abort, { once: true });
    this.#unfollow = () => signal.removeEventListener("abort", abort);
  }

  /** Settles as the snippet does, or with how it was ended. */
  around(running: Promise<CallResult>): Promise<CallResult> {
    return new Promise<CallResult>((resolve, reject) => {
      this.#giveUp = reject;
      running.then(resolve, (error: unknown) => reject(this.#ending === undefined ? error : this.#error(this.#ending, true)));
    }).finally(() => {
      this.#timer?.stop();
      this.#unfollow?.();
      this.#patience?.stop();
    });
  }

  #end(ending: Ending, milliseconds: number): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#snippet.interrupt().catch(() => undefined); // how the snippet ends says it all
    this.#patience = new DeadlineTimer(milliseconds, () => this.#giveUp?.(this.#error(ending, false)));
  }

  #error(ending: Ending, isConfirmed: boolean): RemoteExecError {
    const { host, id } = this.#snippet;
    const outcome = isConfirmed || ending.kind === "cancelled" ? ending.kind : "unknown";
    return endedError(ending, { what: "the snippet", host, callId: id(), outcome, isConfirmed, waitsFor: "the host" });
  }
}
