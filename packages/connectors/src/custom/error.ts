/* Whatever an author's function throws, as a ConnectError. */
import { ConnectError, SremoteError } from "@sremote/protocol";
import type { Code } from "@sremote/protocol";
import { errnoOf } from "../errno.ts";

const ofErrno: Readonly<Record<string, Code>> = {
  ECONNREFUSED: "connect-refused",
  ENOTFOUND: "name-not-found",
  EAI_AGAIN: "name-not-found",
  ETIMEDOUT: "connect-timeout",
  EHOSTUNREACH: "connect-failed",
  ENETUNREACH: "connect-failed",
  // A program of the author's own that could not be started.
  ENOENT: "channel-failed",
  EACCES: "channel-failed",
  E2BIG: "channel-failed",
};

/**
 * One of ours is kept. Of another, only the system's name goes into the message: its text may hold the command line, and so arguments.
 * Without a name it is `connection-lost`, which leaves open whether the command ran.
 */
export function connectError(error: unknown, stage: string, host: string): SremoteError {
  if (error instanceof SremoteError) return error;
  const errno = errnoOf(error);
  const code = ofErrno[errno ?? ""] ?? "connection-lost";
  return new ConnectError(code, `${stage}: the connector failed${errno === undefined ? "" : `: ${errno}`}`, { stage, host, cause: error });
}
