/* What sessions may leave on a host: processes, the sockets at which they were reached, files. */
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { processEnvironments } from "../../scripts/labs/processes.ts";

export interface HostProcess {
  pid: number;
  /** The variables it was started with, `NAME=value`. */
  environment: string[];
  /** Inodes of its sockets. */
  sockets: string[];
}

/** The processes of a test host, whoever their parents are: they were started with its home directory in their environment. */
export async function hostProcesses(home: string): Promise<HostProcess[]> {
  const found: HostProcess[] = [];
  for (const [pid, environment] of processEnvironments())
    if (environment.includes(`HOME=${home}`)) found.push({ pid, environment, sockets: await socketsOf(pid) });
  return found;
}

async function socketsOf(pid: number): Promise<string[]> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const targets = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
  return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
}

interface UnixSocket {
  inode: string;
  listens: boolean;
  /** A path, or `@` and an abstract name. */
  name: string;
}

async function unixSockets(): Promise<UnixSocket[]> {
  const lines = (await readFile("/proc/net/unix", "latin1")).split("\n").slice(1);
  return lines.flatMap((line) => {
    const [, , , flags, , , inode, name] = line.split(/\s+/);
    // 0x10000 is __SO_ACCEPTCON (include/linux/net.h).
    return name === undefined ? [] : [{ inode: inode ?? "", name, listens: (Number.parseInt(flags ?? "0", 16) & 0x1_0000) !== 0 }];
  });
}

/** Where these processes listen. */
export async function listeningAt(processes: readonly HostProcess[]): Promise<string[]> {
  const own = new Set(processes.flatMap(({ sockets }) => sockets));
  return (await unixSockets()).filter(({ inode, listens }) => listens && own.has(inode)).map(({ name }) => name);
}

/** Those of these sockets that somebody still holds, or whose file or directory is still there. */
export async function socketsLeft(names: readonly string[]): Promise<string[]> {
  const held = new Set((await unixSockets()).map(({ name }) => name));
  const left: string[] = [];
  for (const name of names) {
    const isThere = !name.startsWith("@") && (await lstat(join(name, "..")).catch(() => undefined)) !== undefined;
    if (held.has(name) || isThere) left.push(name);
  }
  return left;
}

/** Everything in a directory with its mode, size and time of change: two lists are equal when nothing was written. */
export async function snapshot(directory: string): Promise<string[]> {
  const names = ["", ...(await readdir(directory, { recursive: true }))];
  const entries = names.map(async (name) => {
    const { mode, size, mtimeMs, ctimeMs } = await lstat(join(directory, name));
    return [name, mode.toString(8), size, mtimeMs, ctimeMs].join(" ");
  });
  return (await Promise.all(entries)).toSorted();
}
