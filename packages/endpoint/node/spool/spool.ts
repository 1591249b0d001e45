/* The directory of one call, `BASE/calls/<id>` (PROTOCOL.md, "Spool"). */
import { closeSync, lstatSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { SremoteError } from "@sremote/protocol";
import { errorCode, makeBase, makePrivateDirectory } from "../host/directory.ts";
import { createFile, isNoSpace, replaceFile } from "../host/files.ts";
import { reserve } from "../wire/limits.ts";

/** Makes `BASE/calls` and what is missing above. @throws SremoteError `unsafe-directory` */
export function openSpool(base: string): void {
  makeBase(base);
  makePrivateDirectory(`${base}/calls`);
}

/** Makes or opens the directory of a call. */
export function openCallDirectory(base: string, id: string): string {
  const directory = `${base}/calls/${id}`;
  makePrivateDirectory(directory);
  return directory;
}

/** Remembers which request has this id. @returns false when the id already belongs to another request */
export function recordDigest(directory: string, digest: string): boolean {
  if (createFile(`${directory}/digest`, [Buffer.from(digest)], false)) return true;
  return readFileSync(`${directory}/digest`, "latin1").trim() === digest;
}

/** Takes the room that a reply needs while there is some. @throws SremoteError `disk-full` */
export function reserveSpace(directory: string): void {
  try {
    createFile(`${directory}/reserve`, [randomFill()], false);
  } catch (error) {
    // A call that was claimed needs none from us: its holder answers, or it is unknown.
    if (isClaimed(directory)) return;
    throw isNoSpace(error) ? diskFull(directory, error) : error;
  }
}

/** Whether any endpoint ever took this call. */
export function isClaimed(directory: string): boolean {
  return lstatSync(`${directory}/claim`, { throwIfNoEntry: false }) !== undefined;
}

/** Not zeros: a file system that compresses would set nothing aside. From the device, since node:crypto takes 5 ms to load. */
function randomFill(): Uint8Array {
  const bytes = new Uint8Array(reserve);
  const fd = openSync("/dev/urandom", "r");
  try {
    for (let at = 0; at < bytes.length;) at += readSync(fd, bytes, at, bytes.length - at, null);
  } finally {
    closeSync(fd);
  }
  return bytes;
}

function diskFull(directory: string, cause: unknown): SremoteError {
  return new SremoteError("disk-full", `no space for a call in ${directory} (${errorCode(cause)})`, {
    stage: "setup",
    hint: "free space on the host, or configure a directory on another file system",
  });
}

/** The stored reply, or undefined when there is none yet. */
export function readReply(directory: string): Uint8Array | undefined {
  try {
    return readFileSync(`${directory}/reply`);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Stores the reply. Without space the reserve is given up, and then the small reply takes its place.
 * @throws the file system's error when not even that fits
 */
export function storeReply(directory: string, reply: readonly Uint8Array[], small: () => readonly Uint8Array[]): void {
  const path = `${directory}/reply`;
  try {
    replaceFile(path, reply);
    rmSync(`${directory}/reserve`, { force: true });
    return;
  } catch (error) {
    if (!isNoSpace(error)) throw error;
  }
  rmSync(`${directory}/reserve`, { force: true });
  try {
    replaceFile(path, reply);
    return;
  } catch (error) {
    if (!isNoSpace(error)) throw error;
  }
  replaceFile(path, small());
}
