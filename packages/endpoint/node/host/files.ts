/* Files that appear whole or not at all, and survive a power cut once they have appeared. */
import { closeSync, fsyncSync, linkSync, lstatSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { uniqueSuffix } from "./lazy.ts";
import { errorCode, syncDirectory } from "./directory.ts";

/** Puts a file in place of whatever is at `path`. */
export function replaceFile(path: string, chunks: readonly Uint8Array[]): void {
  const beside = temporaryName(path);
  const fd = createBeside(beside, chunks);
  try {
    // The content before the name: after a power cut there is the whole file or none.
    fsyncSync(fd);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  syncDirectory(dirname(path));
}

/**
 * Puts a file at `path` only where there is none.
 * @param flush whether it must survive a power cut
 * @returns false when there is one already: of several racing writers exactly one gets true
 */
export function createFile(path: string, chunks: readonly Uint8Array[], flush: boolean): boolean {
  const beside = temporaryName(path);
  let fd: number;
  try {
    fd = createBeside(beside, chunks);
  } catch (error) {
    // No room for another one, and none is needed.
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return false;
    throw error;
  }
  try {
    linkSync(beside, path);
    // After the link, so that the journal carries the new name too; as a file of few bytes it is written as one.
    if (flush) fsyncSync(fd);
    return true;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    return false;
  } finally {
    closeSync(fd);
    rmSync(beside, { force: true });
  }
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${uniqueSuffix()}`);
}

/** @returns the open descriptor */
function createBeside(beside: string, chunks: readonly Uint8Array[]): number {
  const fd = openSync(beside, "wx", 0o600);
  try {
    writeAll(fd, chunks);
    return fd;
  } catch (error) {
    closeSync(fd);
    rmSync(beside, { force: true });
    throw error;
  }
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
