import type { SremoteError } from "@sremote/protocol";
import type { ProcessRecord } from "./process-record.ts";

/** How it ended, in a few words: `exit status 3`, `SIGKILL`, `timeout`, `unreachable: the host did not answer in time`. */
export function describeEnd(record: ProcessRecord & { readonly error?: SremoteError | undefined }): string {
  const { reason, exitCode, signal, startDate, error } = record;
  const why = error === undefined ? "" : `: ${error.message}`;
  switch (reason) {
    case null:
      return startDate === null ? "not started" : "running";
    case "exit":
      return exitCode === null ? (signal ?? "ended") : `exit status ${exitCode}`;
    case "killed":
    case "timeout":
      return `${reason}${startDate === null ? " before its start" : record.forcedKill === true ? " by SIGKILL" : ""}${why}`;
    default:
      return `${reason}${why}`;
  }
}
