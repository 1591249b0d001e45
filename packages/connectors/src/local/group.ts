/* What is left of a process group. */
import { readdir, readFile } from "node:fs/promises";

/**
 * Whether a process of the group still runs, where the system knows the group. One that has ended and was not collected by its parent does not:
 * in a container without an init process it is never collected. Where there is no `/proc`, what the system knows is taken to run.
 */
export async function groupRuns(group: number): Promise<boolean> {
  const names = await readdir("/proc").catch(() => undefined);
  const pids = names?.filter((name) => /^\d+$/.test(name)) ?? [];
  if (pids.length === 0) return true;
  const runs = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => ""); // it may have ended meanwhile
      // The name, in parentheses, may hold any characters; state, parent and group come after it (proc(5)).
      const [state, , ofGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(ofGroup) === group && state !== "Z" && state !== "X";
    }),
  );
  return runs.includes(true);
}
