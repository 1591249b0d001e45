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

/** `not-run`: it never left. `cancelled`: it may have begun. `timeout`: the host has ended it. `unknown`: it may have run, and may run still. */
export type EndingOutcome = "not-run" | "cancelled" | "timeout" | "unknown";

/** What is known of a call of which the host has said nothing. That its caller took it back before it was sent is all there is to say of it. */
export function ownOutcome({ kind, stage }: Ending, mayRun: boolean): Pick<EndedCall, "outcome" | "isConfirmed"> {
  const isTakenBack = kind === "cancelled" && stage === "queue";
  if (!mayRun) return { outcome: isTakenBack ? "cancelled" : "not-run", isConfirmed: true };
  return { outcome: kind === "cancelled" ? "cancelled" : "unknown", isConfirmed: false };
}

export interface EndedCall {
  /** `os.getenv`, for messages. */
  readonly what: string;
  readonly host: string;
  readonly callId: string;
  readonly outcome: EndingOutcome;
  /** Whether the host has said that it ended. */
  readonly isConfirmed: boolean;
  /** For which it waited when it ended: `the session to start`. */
  readonly waitsFor: string;
  /** Its id is the caller's: of an earlier call with that id nothing is known here. */
  readonly hasOwnId?: boolean | undefined;
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
        : outcome === "timeout"
          ? // In the words of a host that ended it at its own deadline: which of both came first does not matter.
            `${what}: the function did not end within ${milliseconds} ms`
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

function tail({ outcome, isConfirmed, waitsFor, hasOwnId = false }: EndedCall): string {
  if (outcome === "not-run") {
    const ran = hasOwnId ? "this call was not sent; what became of an earlier one with its id, the host was not asked" : "nothing ran";
    return ` while it waited for ${waitsFor}; ${ran}`;
  }
  if (!isConfirmed) return "; the host has not said that it ended, so it may have run and may run still";
  return outcome === "timeout" ? " and was ended" : "";
}
