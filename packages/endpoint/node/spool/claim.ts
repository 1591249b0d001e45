/* Who runs a call: the file `claim`, taken once with link() (PROTOCOL.md, "Spool", step 4). */
import { readFileSync } from "node:fs";
import { errorCode } from "../host/directory.ts";
import { isRunning, processIdentity } from "../host/identity.ts";
import { createFile } from "../host/files.ts";

/** @returns whether this process may run the call; false for every other process, for ever */
export function takeClaim(directory: string): boolean {
  return createFile(`${directory}/claim`, [Buffer.from(processIdentity(process.pid) ?? `${process.pid} ?`)], true);
}

/** Whether the process that took the claim still runs, so that its reply can be waited for. */
export function holderIsRunning(directory: string): boolean {
  let holder: string;
  try {
    holder = readFileSync(`${directory}/claim`, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
  return isRunning(holder);
}
