/* What is noted of a call that is told of. */
import { OutcomeUnknownError, RemoteExecError, SremoteError } from "@sremote/protocol";
import type { CallEvent } from "./client-events.ts";
import type { Watchers } from "./watchers.ts";

type Begun = Pick<CallEvent, "host" | "runtime" | "id" | "module" | "function" | "transport">;

/** Notes of one call that is told of. */
export class CallNotes {
  readonly #watchers: Watchers;
  readonly #begun: Begun;
  readonly #time = Date.now();
  readonly #since = performance.now();
  sentBytes = 0;
  receivedBytes = 0;

  constructor(watchers: Watchers, begun: Begun) {
    this.#watchers = watchers;
    this.#begun = begun;
  }

  /** @param failure what the call rejects with, if it does */
  end(outputBytes: number, failure?: { readonly error: unknown }): void {
    const { sentBytes, receivedBytes } = this;
    const ending = failure === undefined ? { outcome: "value" as const, code: undefined } : endingOf(failure.error);
    const duration = performance.now() - this.#since;
    this.#watchers.tell("call", { ...this.#begun, time: this.#time, duration, ...ending, sentBytes, receivedBytes, outputBytes });
  }
}

function endingOf(error: unknown): Pick<CallEvent, "outcome" | "code"> {
  if (!(error instanceof SremoteError)) return { outcome: undefined, code: undefined };
  const { code } = error;
  if (error instanceof RemoteExecError) return { outcome: error.outcome, code };
  return { outcome: error instanceof OutcomeUnknownError ? "unknown" : undefined, code };
}
