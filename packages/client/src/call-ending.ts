/* How a call ends before its result has come: its caller cancels it, or a deadline passes. */
import { RemoteExecError } from "@sremote/protocol";

export interface Ending {
  readonly kind: "cancelled" | "timeout";
  /** `queue` for the deadline until a worker takes the call, and for a call that was taken back before it was sent. */
  readonly stage: "call" | "queue";
  /** Of the deadline. */
  readonly milliseconds?: number | undefined;
  /** Of the caller. */
  readonly reason?: unknown;
}

/** `not-run`: it never left. `unknown`: it may have run, and may run still. Else the host has ended it, or says so. */
export type EndingOutcome = "not-run" | "cancelled" | "timeout" | "unknown";

/** The outcome of a call that was never sent. Of one that its caller took back, that is all there is to say. */
export function notSent({ kind, stage }: Ending): EndingOutcome {
  return kind === "cancelled" && stage === "queue" ? "cancelled" : "not-run";
}

export interface EndedCall {
  /** `os.getenv`, for messages. */
  readonly what: string;
  readonly host: string;
  readonly callId: string;
  readonly outcome: EndingOutcome;
  /** For which it waited when it ended: `the session to start`. */
  readonly waitsFor: string;
  /** What it had printed, as far as that is known. */
  readonly stdout?: Uint8Array | undefined;
  readonly stderr?: Uint8Array | undefined;
}

/** What a call rejects with that ended so. */
export function endedError(ending: Ending, call: EndedCall): RemoteExecError {
  const { what, host, callId, outcome, stdout, stderr } = call;
  const { kind, stage, milliseconds, reason } = ending;
  const output = stdout === undefined || stderr === undefined ? undefined : { stdout, stderr };
  const text = (bytes: Uint8Array | undefined): string => (bytes === undefined ? "" : Buffer.from(bytes).toString("utf8"));
  const head =
    kind === "cancelled"
      ? `${what} was cancelled`
      : stage === "queue"
        ? `no worker took ${what} within ${milliseconds} ms`
        : `${what} did not end within ${milliseconds} ms`;
  return new RemoteExecError(kind, head + tail(call), {
    stage,
    host,
    callId,
    outcome,
    cause: reason,
    output,
    stdout: text(stdout),
    stderr: text(stderr),
  });
}

function tail({ outcome, waitsFor }: EndedCall): string {
  switch (outcome) {
    case "not-run":
      return ` while it waited for ${waitsFor}; nothing ran`;
    case "unknown":
      return "; the host has not said that it ended, so it may have run and may run still";
    case "timeout":
      return " and was ended";
    case "cancelled":
      return "";
  }
}
