/* A control group with a limit of memory, version 1 or 2. Needs root, and a kernel and container that let groups be made. */
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../../scripts/labs/wait.ts";

export interface MemoryGroup extends AsyncDisposable {
  /** Processes that are to be in it write their id here. */
  readonly door: string;
}

async function place(): Promise<{ root: string; limit: string }> {
  if (existsSync("/sys/fs/cgroup/memory/memory.limit_in_bytes")) return { root: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes" };
  const root = "/sys/fs/cgroup";
  const given = (await readFile(join(root, "cgroup.subtree_control"), "utf8")).split(/\s/);
  if (!given.includes("memory")) await writeFile(join(root, "cgroup.subtree_control"), "+memory");
  return { root, limit: "memory.max" };
}

export async function makeMemoryGroup(bytes: number): Promise<MemoryGroup> {
  const { root, limit } = await place();
  const directory = join(root, `sremote-lab-${process.pid}-${Math.random().toString(36).slice(2)}`);
  await mkdir(directory);
  await writeFile(join(directory, limit), String(bytes));
  // With swap the limit would only make it slow.
  const swap = join(directory, "memory.swap.max");
  if (existsSync(swap)) await writeFile(swap, "0");
  const door = join(directory, "cgroup.procs");
  await chmod(door, 0o666);
  return {
    door,
    [Symbol.asyncDispose]: async () => {
      await until("the group's processes to end", async () => (await readFile(door, "utf8")) === "");
      await rmdir(directory);
    },
  };
}
