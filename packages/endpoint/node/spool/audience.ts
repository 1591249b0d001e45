/* Whether anybody still waits for a call of the spool: PROTOCOL.md, section "Spool", step 5. */
import { closeSync, constants, fstatSync, lstatSync, openSync, utimesSync, writeSync } from "node:fs";
import { errorCode } from "../host/directory.ts";
import { audienceLook, audiencePatience } from "../wire/limits.ts";

/** In milliseconds; tests shorten them. */
export const audienceTimes: { patience: number; look: number } = { patience: audiencePatience, look: audienceLook };

/**
 * Whether standard output is a pipe or socket whose other end is closed. Node has no poll(2). On a socket a write of no bytes tells; on a pipe it does
 * not, so an empty line goes to standard error, whose other end is the same program's. Of a file that is unknown.
 */
export function isLeft(): boolean {
  try {
    if (fstatSync(1).isSocket()) writeSync(1, new Uint8Array(0));
    else if (fstatSync(1).isFIFO() && fstatSync(2).isFIFO()) probePipe();
    return false;
  } catch (error) {
    if (errorCode(error) === "EPIPE") return true;
    if (errorCode(error) === undefined) throw error;
    return false; // EAGAIN: it is full, so it may yet be read.
  }
}

function probePipe(): void {
  // Opened anew, so that a full pipe cannot block it, and no other descriptor changes.
  const fd = openSync("/proc/self/fd/2", constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    writeSync(fd, "\n");
  } finally {
    closeSync(fd);
  }
}

/** Says that this endpoint waits for the call. */
export function ask(directory: string): void {
  const path = `${directory}/asked`;
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600));
    const now = Date.now() / 1000;
    utimesSync(path, now, now);
  } catch (error) {
    if (errorCode(error) === undefined) throw error; // A full disk: the process that runs the call waits for a while anyway.
  }
}

/** Calls back once when no client has waited for the call for a while. @returns a function that stops looking */
export function watchAudience(directory: string, onLeft: () => void): () => void {
  let since: number | undefined;
  let stamp: number | undefined;
  const timer = setInterval(() => {
    const now = performance.now();
    if (!isLeft()) {
      since = undefined;
      return;
    }
    const asked = lstatSync(`${directory}/asked`, { throwIfNoEntry: false })?.mtimeMs;
    if (since === undefined || asked !== stamp) [since, stamp] = [now, asked];
    if (now - since < audienceTimes.patience) return;
    clearInterval(timer);
    onLeft();
  }, audienceTimes.look);
  return () => clearInterval(timer);
}
