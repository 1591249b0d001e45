/* What runs, read from /proc. Labs end only processes found here by parentage or by an account of their own. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { until } from "./wait.ts";

export interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  uid: number;
  state: string;
  command: string;
}

/**
 * Everything that runs, often looked for again and again: read synchronously, since nothing of /proc waits for a disk, and three promises for each
 * process take six times the processor time of the reading itself.
 */
function readAll(): ProcessEntry[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(name) ?? []);
}

export function listProcesses(): Promise<ProcessEntry[]> {
  return Promise.resolve(readAll());
}

function readProcess(name: string): ProcessEntry | undefined {
  try {
    const line = readFileSync(`/proc/${name}/stat`, "latin1");
    const owner = statSync(`/proc/${name}`);
    const command = readFileSync(`/proc/${name}/cmdline`, "latin1");
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    return {
      pid: Number(name),
      state: fields[0] ?? "?",
      parent: Number(fields[1]),
      group: Number(fields[2]),
      uid: owner.uid,
      command: command.replaceAll("\0", " ").trim(),
    };
  } catch {
    // It ended while we looked.
    return undefined;
  }
}

/** Processes that still run (not zombies) and satisfy the condition. */
export function findProcesses(condition: (entry: ProcessEntry) => boolean): Promise<ProcessEntry[]> {
  return Promise.resolve(readAll().filter((entry) => entry.state !== "Z" && condition(entry)));
}

/** The variables that each process was started with, `NAME=value`, by its pid. */
export function processEnvironments(): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      found.set(Number(name), readFileSync(`/proc/${name}/environ`, "latin1").split("\0"));
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** The process and everything below it. */
export async function processTree(root: number): Promise<number[]> {
  const all = await listProcesses();
  const found = [root];
  for (const pid of found) found.push(...all.filter((entry) => entry.parent === pid).map((entry) => entry.pid));
  return found;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Sends the signal to each; those that ended meanwhile are no error. */
export function signalEach(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }
}

/** Ends every process of the given user ids and waits until none is left. */
export async function endProcessesOf(uids: readonly number[]): Promise<void> {
  if (uids.length === 0) return;
  await until(`the processes of users ${uids.join(", ")} to end`, async () => {
    const left = await findProcesses((entry) => uids.includes(entry.uid));
    signalEach(
      left.map((entry) => entry.pid),
      "SIGKILL",
    );
    return left.length === 0;
  });
}
