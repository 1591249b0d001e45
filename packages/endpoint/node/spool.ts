/* The directory of one call, `BASE/calls/<id>` (PROTOCOL.md, "Spool"). */
import { readFileSync, rmSync } from "node:fs";
import { SremoteError } from "@sremote/protocol";
import { loadCrypto } from "./builtin.ts";
import { errorCode, makeBase, makePrivateDirectory } from "./directory.ts";
import { createFile, isNoSpace, replaceFile } from "./store.ts";

const reserveBytes = 65_536;

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
    throw isNoSpace(error) ? diskFull(directory, error) : error;
  }
}

/** Not zeros: a file system that compresses would set nothing aside. */
function randomFill(): Uint8Array {
  return loadCrypto().randomBytes(reserveBytes);
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
  try {
    replaceFile(path, small());
  } catch (error) {
    // What was found is still delivered; a retry will learn that the outcome is unknown.
    if (!isNoSpace(error)) throw error;
  }
}
