/* Groups of processes: each worker leads one, with all that it started. */
import { errorCode } from "../host/directory.ts";

/** Between two looks, in milliseconds. */
const interval = 10;

/** @param name 0: only looks. @returns whether there is still one of the group */
export function signalGroup(leader: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, name);
    return true;
  } catch (error) {
    if (errorCode(error) === "ESRCH") return false;
    if (errorCode(error) === "EPERM") return true; // It changed its user; it can only be left alone.
    throw error;
  }
}

/** Resolves when none of a killed group is left, and after so many milliseconds at the latest. */
export async function groupEnds(leader: number, within: number): Promise<void> {
  for (let waited = 0; waited < within && signalGroup(leader, 0); waited += interval)
    await new Promise<void>((resolve) => {
      setTimeout(resolve, interval);
    });
}
