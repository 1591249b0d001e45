/* What to do about a failure, where the system's words alone do not say it. */
import type { PathFailure } from "./entry.ts";

export interface Circumstances {
  /** Paths whose content was right, and of which only mode and time were to be set. */
  readonly updated: ReadonlySet<string>;
  /** As the option. */
  readonly growing: boolean;
}

export function explained(failure: PathFailure, { updated, growing }: Circumstances): PathFailure {
  const message = explanation(failure, updated.has(failure.path), growing);
  return message === undefined ? failure : { ...failure, message };
}

function explanation({ errno }: PathFailure, isUpdate: boolean, growing: boolean): string | undefined {
  if (errno === "EPERM" && isUpdate)
    return "it belongs to another user, who alone may set its mode and time; `modes: false` and `times: false` leave these as they are";
  // In a directory with the sticky bit, as /tmp is, or with `chattr +i`.
  if (errno === "EPERM") return "Operation not permitted: what is in its place belongs to another user, or is marked as immutable";
  if (errno === "ECHANGED" && !growing)
    return 'the file changed while it was read; of one that only grows, as a log, `growing: "prefix"` copies what it held when it was listed';
  return undefined;
}

/** The same for what stops a whole transfer. */
export function explainedFatal({ errno, message }: PathFailure): string {
  return errno === "EEXIST" ? "what is in its place is no directory, but a file, or a link that leads nowhere" : message;
}
