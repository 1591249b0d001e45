/* The directory of one call, `BASE/calls/<id>`, and the sweep over all of them (PROTOCOL.md, "Spool"). */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { SremoteError } from "@sremote/protocol";
import { holderIsRunning } from "./claim.ts";
import { errorCode, makeBase, makePrivateDirectory } from "./directory.ts";
import { createFile, isNoSpace, replaceFile, writeAll } from "./store.ts";

const reserveBytes = 65_536;
const timeToLive = 24 * 3600_000;
const sweepEvery = 3600_000;

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
  if (createFile(`${directory}/digest`, [Buffer.from(digest)])) return true;
  return readFileSync(`${directory}/digest`, "latin1").trim() === digest;
}

/** Takes the room that a reply needs while there is some. @throws SremoteError `disk-full` */
export function reserveSpace(directory: string): void {
  let fd: number;
  try {
    fd = openSync(`${directory}/reserve`, "wx", 0o600);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return;
    throw isNoSpace(error) ? diskFull(directory, error) : error;
  }
  try {
    writeAll(fd, [Buffer.alloc(reserveBytes)]);
    // Some file systems find out only now that there is no room.
    fsyncSync(fd);
  } catch (error) {
    rmSync(`${directory}/reserve`, { force: true });
    throw isNoSpace(error) ? diskFull(directory, error) : error;
  } finally {
    closeSync(fd);
  }
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
 * @returns whether the reply itself was stored
 */
export function storeReply(directory: string, reply: readonly Uint8Array[], small: () => readonly Uint8Array[]): boolean {
  const path = `${directory}/reply`;
  try {
    replaceFile(path, reply);
    rmSync(`${directory}/reserve`, { force: true });
    return true;
  } catch (error) {
    if (!isNoSpace(error)) throw error;
  }
  rmSync(`${directory}/reserve`, { force: true });
  try {
    replaceFile(path, reply);
    return true;
  } catch (error) {
    if (!isNoSpace(error)) throw error;
  }
  try {
    replaceFile(path, small());
  } catch (error) {
    if (!isNoSpace(error)) throw error;
    // Others may have used the room that the reserve left; what the function printed is worth less than what became of it.
    rmSync(`${directory}/stdout`, { force: true });
    rmSync(`${directory}/stderr`, { force: true });
    replaceFile(path, small());
  }
  return false;
}

/** Removes the directories of calls whose replies the client has. */
export function release(base: string, ids: readonly string[]): void {
  for (const id of ids) removeCall(`${base}/calls/${id}`);
}

/** Removes, at most once in an hour, what was not changed for 24 hours; both by the clock of this host's file system. */
export function sweep(base: string): void {
  const marker = `${base}/calls/.swept`;
  const now = Date.now();
  try {
    const age = now - statSync(marker).mtimeMs;
    if (age >= 0 && age < sweepEvery) return;
    utimesSync(marker, now / 1000, now / 1000);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    writeFileSync(marker, "", { mode: 0o600 });
  }
  for (const name of readdirSync(`${base}/calls`)) {
    const directory = `${base}/calls/${name}`;
    if (/^[0-9a-f]{32}$/.test(name) && now - lastChange(directory) > timeToLive) removeCall(directory);
  }
}

function lastChange(directory: string): number {
  let latest = 0;
  for (const name of [".", "stdout", "stderr", "reply"]) {
    try {
      latest = Math.max(latest, statSync(`${directory}/${name}`).mtimeMs);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }
  return latest;
}

/** The claim goes last: while it is there nobody runs the call again. A call that still runs is left alone. */
function removeCall(directory: string): void {
  if (!existsSync(`${directory}/reply`) && holderIsRunning(directory)) return;
  rmSync(directory, { recursive: true, force: true });
}
