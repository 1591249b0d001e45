/* From what a system or a host's tools say to the codes of TransferError. */
import { SremoteError, TransferError } from "@sremote/protocol";
import { errnoOf } from "../errno.ts";
import type { Code, SremoteErrorOptions } from "@sremote/protocol";

type TransferCode = Extract<Code, "no-such-file" | "permission-denied" | "disk-full" | "not-a-file" | "transfer-failed">;

const ofErrno: Readonly<Record<string, TransferCode>> = {
  ENOENT: "no-such-file",
  ENOTDIR: "no-such-file",
  EACCES: "permission-denied",
  EPERM: "permission-denied",
  EROFS: "permission-denied",
  EISDIR: "not-a-file",
  ENOSPC: "disk-full",
  EDQUOT: "disk-full",
};

/** The messages of POSIX tools in the C locale; dash and busybox shorten them. */
const ofMessage: readonly (readonly [RegExp, TransferCode])[] = [
  [/no space left|quota exceeded/i, "disk-full"],
  [/permission denied|not permitted|read-only file system/i, "permission-denied"],
  [/is a directory|not a regular file/i, "not-a-file"],
  [/no such file|nonexistent|not a directory/i, "no-such-file"],
];

/** A failure of the local file system, or any other error on the way, as a TransferError; one of ours is kept. */
export function transferError(error: unknown, summary: string, options: SremoteErrorOptions): SremoteError {
  if (error instanceof SremoteError) return error;
  const errno = errnoOf(error);
  const said = errno ?? (error instanceof Error ? error.message : String(error));
  return new TransferError(ofErrno[errno ?? ""] ?? "transfer-failed", `${summary}: ${said}`, { ...options, cause: error });
}

/** What a tool on the host said, as a code. */
export function codeOfMessage(message: string): TransferCode {
  return ofMessage.find(([pattern]) => pattern.test(message))?.[1] ?? "transfer-failed";
}

/** A file name for messages: printable, and not endless. */
export function shownPath(path: string): string {
  const text = JSON.stringify(path);
  return text.length > 300 ? `${text.slice(0, 300)}…"` : text;
}
