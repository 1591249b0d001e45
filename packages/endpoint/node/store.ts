/* Files that appear whole or not at all, and survive a power cut once they have appeared. */
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { uniqueSuffix } from "./builtin.ts";
import { errorCode, syncDirectory } from "./directory.ts";

/** Puts a file in place of whatever is at `path`. */
export function replaceFile(path: string, chunks: readonly Uint8Array[]): void {
  const beside = writeBeside(path, chunks);
  try {
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

/** Puts a file at `path` only where there is none. @returns false when there is one already: of several racing writers exactly one gets true */
export function createFile(path: string, chunks: readonly Uint8Array[]): boolean {
  const beside = writeBeside(path, chunks);
  try {
    linkSync(beside, path);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(beside, { force: true });
  }
  syncDirectory(dirname(path));
  return true;
}

function writeBeside(path: string, chunks: readonly Uint8Array[]): string {
  const beside = join(dirname(path), `.${basename(path)}.${uniqueSuffix()}`);
  const fd = openSync(beside, "wx", 0o600);
  try {
    writeAll(fd, chunks);
    fsyncSync(fd);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  return beside;
}

/** Writes everything; a short write (which a nearly full disk gives) is continued until it fails or is done. */
export function writeAll(fd: number, chunks: readonly Uint8Array[]): void {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at, chunk.length - at);
  }
}

/** Whether an error says that there is no room: disk, quota, or a file size limit. */
export function isNoSpace(error: unknown): boolean {
  const code = errorCode(error);
  return code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG";
}
