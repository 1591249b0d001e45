/* Paths of this machine as Node takes them. */
import { errnoOf, toBytes } from "@sremote/connectors";
import type { PathFailure } from "./entry.ts";

/** Node passes strings on as UTF-8; a name that is not goes as bytes. */
export function native(path: string): string | Buffer {
  return path.isWellFormed() ? path : Buffer.from(toBytes(path));
}

/** An error of the local system as the failure of one path. */
export function localFailure(path: string, error: unknown): PathFailure {
  const message = error instanceof Error ? error.message : String(error);
  return { path, errno: errnoOf(error) ?? "EIO", message: message.replace(/^[A-Z]+: /, "").replace(/,? '?\/proc\/self\/fd\/.*$/s, "") };
}

/** What no other file would be spared from. */
export function isFatal(errno: string): boolean {
  return errno === "ENOSPC" || errno === "EDQUOT";
}
