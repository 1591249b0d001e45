/* What a report must know of a process. */
import { checkObject } from "@sremote/protocol";

/**
 * Why a process is no longer running: it exited by itself, passed its deadline, was ended by the caller, its host could not be reached (or
 * the link was lost), or it could not be started or followed for another reason.
 */
export type EndReason = "exit" | "timeout" | "killed" | "unreachable" | "error";

/** One process on one host, as it is now. */
export interface ProcessRecord {
  /** Null: not started. */
  readonly startDate: Date | null;
  /** Null: not ended. */
  readonly endDate: Date | null;
  /** Null while it has not ended. */
  readonly reason: EndReason | null;
  /** The decoded exit status, 0 to 255; null without one. */
  readonly exitCode: number | null;
  /** The signal that ended it, such as `SIGTERM`. */
  readonly signal?: string | null | undefined;
  /** Whether SIGKILL was needed, because it outlived its grace; null where that is not known. */
  readonly forcedKill?: boolean | null | undefined;
  /** What the caller does not count as a failure. */
  readonly ignore?: readonly Ignorable[] | undefined;
}

/** `exit`: an exit status other than 0, or a signal. `error` is also an unreachable host. */
export type Ignorable = "exit" | "timeout" | "error";

/**
 * As execo has it: not started, or running, or ended without an error, without a timeout and with exit status 0; each can be ignored. A
 * process that the caller ended is fine, whatever its status.
 *
 * @example
 * ```ts
 * import { fleet, isOk } from "sremote/fleet";
 *
 * await using nodes = fleet("node[1-3]");
 * const { jobs } = await nodes.run("true");
 * console.log(jobs.every((job) => isOk(job)));
 * ```
 */
export function isOk(process: ProcessRecord): boolean {
  checkObject(process, "process");
  if (process.endDate === null || process.reason === null) return true;
  const ignores = (what: Ignorable): boolean => process.ignore?.includes(what) ?? false;
  switch (process.reason) {
    case "killed":
      return true;
    case "timeout":
      return ignores("timeout");
    case "error":
    case "unreachable":
      return ignores("error");
    case "exit":
      return !endedBadly(process) || ignores("exit");
    default:
      return false;
  }
}

/** Whether it ended with a status other than 0, or by a signal, for whatever reason. */
export function endedBadly({ endDate, exitCode, signal }: ProcessRecord): boolean {
  if (endDate === null) return false;
  return exitCode === null ? signal !== undefined && signal !== null : exitCode !== 0;
}
