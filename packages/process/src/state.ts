/*
 * The life of a process, or of a call.
 *
 *   idle      made, not started
 *   starting  the host is being reached, or the command handed over; nothing of the command has run yet as far as we know
 *   running   the command runs
 *   ending    it is to end: its deadline passed, the caller ended it, or it cannot be followed any more
 *   ended     it is over; nothing changes but by a reset
 *
 * Rules:
 * 1. The first reason to end it stays the reason: a process that exits by itself while it is being killed was killed.
 * 2. What is stopped while it is idle ends without ever having been started: its start date stays null.
 * 3. A failure (a lost link, a host that cannot be reached, a command that cannot be started) ends it from any phase in which it was at work.
 *    While it was ending, the reason stays, and the error tells that its end was not confirmed.
 * 4. An exit status is only ever what the host reported. Without a report there is none (G02).
 * 5. Whether SIGKILL was needed is unknown (null) where the effect of the first signal was not checked. What the host says still runs was not
 *    killed: the reason is `error` then, and `timeout` stays `timeout`, with that error.
 * 6. `reset` makes it idle again, and is refused while it is at work.
 */
import { type Code, ConnectError, OutcomeUnknownError, SremoteError } from "@sremote/protocol";
import type { EndReason, ProcessRecord } from "./process-record.ts";

export type Phase = "idle" | "starting" | "running" | "ending" | "ended";

/** Why it is being ended. `error`: it cannot be followed any more, such as when a handler of its output threw. */
export type StopCause = "timeout" | "killed" | "error";

export type ProcessEvent =
  | { readonly type: "start" }
  | { readonly type: "started" }
  | { readonly type: "stop"; readonly cause: StopCause; readonly error?: SremoteError | undefined }
  /** SIGKILL was needed. */
  | { readonly type: "forced" }
  /** The host has looked, and nothing of it runs any more. */
  | { readonly type: "checked" }
  | { readonly type: "exit"; readonly exitCode: number | null; readonly signal: string | null }
  | { readonly type: "fail"; readonly error: SremoteError }
  | { readonly type: "reset" };

export interface ProcessState extends ProcessRecord {
  readonly phase: Phase;
  readonly signal: string | null;
  readonly forcedKill: boolean | null;
  /** What stands behind the reasons `unreachable` and `error`, or why an end was not confirmed. */
  readonly error: SremoteError | undefined;
  /** Set while it is ending. */
  readonly cause: StopCause | undefined;
}

export const idleState: ProcessState = Object.freeze({
  phase: "idle",
  startDate: null,
  endDate: null,
  reason: null,
  exitCode: null,
  signal: null,
  forcedKill: false,
  error: undefined,
  cause: undefined,
});

/** Where each event leads. What is not here is refused; the same phase again means that nothing changes. */
const table: Readonly<Record<Phase, Partial<Record<ProcessEvent["type"], Phase>>>> = {
  idle: { start: "starting", stop: "ended", reset: "idle" },
  starting: { started: "running", stop: "ending", fail: "ended" },
  running: { stop: "ending", exit: "ended", fail: "ended" },
  ending: { started: "ending", stop: "ending", forced: "ending", checked: "ending", exit: "ended", fail: "ended" },
  ended: { stop: "ended", forced: "ended", checked: "ended", reset: "idle" },
};

/** The state after an event. @throws Error for an event that cannot happen in this phase, which is a mistake of ours */
export function nextState(state: ProcessState, event: ProcessEvent, now: () => Date = () => new Date()): ProcessState {
  const phase = table[state.phase][event.type];
  if (phase === undefined) throw new Error(`a process that is ${state.phase} cannot ${event.type}`);
  switch (event.type) {
    case "start":
      return { ...state, phase, startDate: now() };
    case "started":
      return { ...state, phase };
    case "forced":
      return state.phase === "ended" ? state : { ...state, phase, forcedKill: true };
    case "checked":
      return state.phase === "ended" || state.forcedKill === true ? state : { ...state, phase, forcedKill: false };
    case "reset":
      return idleState;
    case "stop":
      if (state.phase === "ended" || state.cause !== undefined) return state;
      if (phase === "ended") return { ...state, phase, endDate: now(), reason: event.cause, error: event.error };
      // A start that is broken off may have begun, which was not checked yet.
      return { ...state, phase, cause: event.cause, error: event.error, forcedKill: state.phase === "ending" ? state.forcedKill : null };
    case "exit":
      return { ...state, phase, endDate: now(), reason: state.cause ?? "exit", exitCode: event.exitCode, signal: event.signal };
    case "fail":
      return {
        ...state,
        phase,
        endDate: now(),
        // It is never told as killed while the host says that it runs.
        reason:
          state.cause === undefined || (state.cause === "killed" && event.error instanceof StillRunning)
            ? reasonOf(event.error)
            : state.cause,
        error: state.error ?? (isOurDoing(state, event.error) ? undefined : event.error),
      };
    default:
      return event satisfies never;
  }
}

/** The host has found that something of it still runs after SIGKILL. */
export class StillRunning extends SremoteError {
  constructor(pids: readonly number[], host: string) {
    const which = `${pids.slice(0, 5).join(", ")}${pids.length > 5 ? ` and ${pids.length - 5} others` : ""}`;
    super("permission-denied", `it still runs there (pid ${which}): the account may not end it`, {
      stage: "kill",
      host,
      hint: "end what runs as another user, for example by sudo, as that user",
    });
  }
}

/** Codes of a ConnectError that tell of a host which was reached. */
const reached: readonly Code[] = ["channel-failed", "unsupported"];

/** Whether a host could not be reached or was lost, or something else went wrong. */
export function reasonOf(error: SremoteError): Extract<EndReason, "unreachable" | "error"> {
  // Whether it ran is unknown because the link was lost.
  if (error instanceof OutcomeUnknownError) return "unreachable";
  return error instanceof ConnectError && !reached.includes(error.code) ? "unreachable" : "error";
}

/** What a start says that we took back ourselves tells nothing new. */
function isOurDoing(state: ProcessState, error: SremoteError): boolean {
  return state.cause !== undefined && (error.code === "cancelled" || error.code === "timeout");
}
