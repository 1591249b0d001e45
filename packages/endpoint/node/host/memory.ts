/* What the kernel says of memory. */
import { readFileSync } from "node:fs";

/** Kernel's count of processes it ended for lack of memory, all of this machine or container; undefined where it does not say. */
export function countOomKills(): number | undefined {
  try {
    const found = /^oom_kill (\d+)$/m.exec(readFileSync("/proc/vmstat", "latin1"));
    return found === null ? undefined : Number(found[1]);
  } catch {
    return undefined;
  }
}
