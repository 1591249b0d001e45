/* Files that are being made. */
import { constants, openSync, unlinkSync } from "node:fs";
import { errnoOf } from "@sremote/connectors";

/** What the file's content is not. */
export function mismatch(): Error {
  return Object.assign(new Error("what arrived is not what was sent"), { code: "EDIGEST" });
}

/** A time as Node's functions set it. They take a number below zero for a mistake, and the same as text for what it is. */
export function seconds(time: number): number | string {
  return time >= 0 ? time / 1e6 : String(time / 1e6);
}

export interface Wanted {
  readonly mode: number | null;
  /** Microseconds since 1970. */
  readonly time: number | null;
}

/** Created by us, or it fails: nothing that was planted is followed. */
export function createFile(path: string | Buffer, mode: number): number {
  return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode);
}

export function removeQuietly(path: string | Buffer): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error; // It was never made.
  }
}

let umask: number | undefined;

/** The mode of a new file when none is kept. */
export function modeOf(mode: number | null): number {
  return mode ?? 0o666 & ~(umask ??= process.umask());
}
