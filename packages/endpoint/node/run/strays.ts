/*
 * Processes that began a session of their own (`detached`, setsid, a daemon) and so left the group of the process that started them. On Linux they are
 * known by a variable that it gives to all it starts.
 */
import { readdirSync, readFileSync } from "node:fs";

export const strayVariable = "SREMOTE_WORKER";

/** Looks at most: one that starts others all the time is left alone then. */
const looks = 5;

/** Kills those whose variable is, or begins with, the mark. */
export function endStrays(mark: string): void {
  for (let look = 0; look < looks; look++) {
    const found = processes().filter((pid) => has(pid, `\0${strayVariable}=${mark}`));
    for (const pid of found) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Gone, or another user's by now.
      }
    }
    if (found.length === 0) return;
  }
}

function processes(): number[] {
  try {
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0 && pid !== process.pid);
  } catch {
    return []; // no Linux
  }
}

function has(pid: number, wanted: string): boolean {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, "latin1")}`.includes(wanted);
  } catch {
    return false; // gone, a zombie, or not ours
  }
}
