/* Directories of sessions whose supervisor and watcher were killed together: nothing else would remove them. */
import { lstatSync, readdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { loadNet } from "../host/lazy.ts";
import { errorCode } from "../host/directory.ts";
import { placePrefix, type PrivatePlace } from "./private-place.ts";

/** How long a session lives before it looks for them, in milliseconds: a short one has better things to do. */
const delay = 1000;

/** Removes in a while those of this user that lie beside the given one and at whose socket nothing listens. */
export function sweepLater(place: PrivatePlace): void {
  setTimeout(() => tidy(() => sweep(place.directory)), delay).unref();
}

/** A service for the host: what hinders it is no concern of this session. */
function tidy(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}

function sweep(own: string): void {
  const above = dirname(own);
  for (const name of readdirSync(above)) {
    const path = `${above}/${name}`;
    if (!name.startsWith(placePrefix) || path === own) continue;
    if (isOwnSocket(`${path}/s`)) removeUnlessUsed(path);
    else if (isOfTheDead(path)) rmSync(path, { force: true });
  }
}

/** Left by a worker that ran many items and was killed together with its supervisor: its name ends with a process number. */
function isOfTheDead(path: string): boolean {
  const pid = Number(/\.(\d+)$/.exec(path)?.[1]);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() !== true || found.uid !== process.geteuid?.() || !Number.isSafeInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === "ESRCH";
  }
}

function isOwnSocket(path: string): boolean {
  try {
    const found = lstatSync(path);
    return found.isSocket() && found.uid === process.geteuid?.();
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return false; // Another user's, or a session that begins or ends just now.
  }
}

function removeUnlessUsed(path: string): void {
  const socket = loadNet().connect(`${path}/s`);
  socket.once("connect", () => socket.destroy());
  socket.once("error", (error) => {
    if (errorCode(error) === "ECONNREFUSED") tidy(() => rmSync(path, { recursive: true, force: true }));
  });
}
