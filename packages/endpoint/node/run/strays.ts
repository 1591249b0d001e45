/*
 * Processes that began a session of their own (`detached`, setsid, a daemon) and so left the group of the process that started them. On Linux they are
 * known by a variable that it gives to all it starts.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export const strayVariable = "SREMOTE_WORKER";

/** Looks at most: one that starts others all the time is left alone then. */
const looks = 5;
/** Milliseconds from one look to the next where a process was just becoming another program. */
const pause = 10;

/** Kills those whose variable is, or begins with, the mark. */
export function endStrays(mark: string): void {
  for (let look = 0; look < looks; look++) {
    let unclear = 0;
    let found = 0;
    for (const pid of processes()) {
      const environment = environmentOf(pid);
      if (environment === "\0") unclear++;
      if (!environment.includes(`\0${strayVariable}=${mark}`)) continue;
      found++;
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Gone, or another user's by now.
      }
    }
    if (found > 0) continue;
    if (unclear === 0) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
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

/** Each variable with a NUL before it. A NUL alone while the process becomes another program (execve(2)), whose environment is not there yet. */
function environmentOf(pid: number): string {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
    // A zombie and a thread of the kernel have no environment either, and no program.
    if (environment === "") readlinkSync(`/proc/${pid}/exe`);
    return `\0${environment}`;
  } catch {
    return ""; // gone, or not ours
  }
}
