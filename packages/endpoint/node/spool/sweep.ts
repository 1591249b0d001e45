/* Removes directories of calls: those the client released, and those in which nothing changed for 24 hours. */
import { closeSync, existsSync, futimesSync, lstatSync, openSync, readdirSync, rmSync } from "node:fs";
import { holderIsRunning } from "./claim.ts";
import { errorCode } from "../host/directory.ts";

const hour = 3600_000;
const day = 24 * hour;

/** Removes the directories of calls whose replies the client has. One whose call still runs is left. */
export function release(base: string, ids: readonly string[]): void {
  for (const id of ids) removeUnlessRunning(`${base}/calls/${id}`);
}

/** At most once in an hour. Both times are the file system's, so the clock of this process does not matter. */
export function sweepSometimes(base: string): void {
  const marker = `${base}/swept`;
  const last = changed(marker);
  // A clock that was set back must not stop the sweep for ever.
  if (last !== undefined && Math.abs(Date.now() - last) < hour) return;
  const fd = openSync(marker, "a", 0o600);
  try {
    const now = Date.now() / 1000;
    futimesSync(fd, now, now);
  } finally {
    closeSync(fd);
  }
  if (last !== undefined) sweep(base, Date.now());
}

/** Removes what was last changed more than 24 hours before `now`, in milliseconds since 1970. */
export function sweep(base: string, now: number): void {
  for (const parent of ["calls", "tmp"]) {
    if (!existsSync(`${base}/${parent}`)) continue;
    for (const name of readdirSync(`${base}/${parent}`)) {
      const path = `${base}/${parent}/${name}`;
      if (now - lastChange(path) > day) removeUnlessRunning(path);
    }
  }
}

function lastChange(path: string): number {
  const inside =
    lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(path).map((name) => `${path}/${name}`) : [];
  return Math.max(...[path, ...inside].map((each) => changed(each) ?? 0));
}

function changed(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

function removeUnlessRunning(path: string): void {
  try {
    if (!existsSync(`${path}/reply`) && holderIsRunning(path)) return;
  } catch (error) {
    if (errorCode(error) !== "ENOTDIR") throw error;
  }
  rmSync(path, { recursive: true, force: true });
}
