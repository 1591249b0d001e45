/* The same functions for both runtimes, as modules in a directory of the host. Each run of `mark` leaves a line in a file. */
import { lstat, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive } from "../../scripts/labs/processes.ts";
import type { Runtime } from "../support/effects.ts";

const python = `
import os, sys, time

def mark(place, n):
    fd = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(fd, b"%d\\n" % n)
    os.close(fd)

def own_mark():
    return os.environ["SREMOTE_WORKER"]

def double(n, add=0):
    return 2 * n + add

def add(a, b):
    return a + b

def odd(n):
    if n % 2:
        raise ValueError("odd: %d" % n)
    return n

def say(n):
    print("item", n)
    return n

def nap(n, place, seconds=0.006):
    mark(place, n)
    time.sleep(seconds)
    return n

def die(n, place, at, seconds=0):
    mark(place, n)
    time.sleep(seconds)
    if n in at:
        os.kill(os.getpid(), 9)
    return n
`;

const node = `
import { appendFileSync } from "node:fs";

const mark = (place, n) => appendFileSync(place, n + "\\n");
const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

export const own_mark = () => process.env.SREMOTE_WORKER;
export const double = (n, { add = 0 } = {}) => 2 * n + add;
export const add = (a, b) => a + b;
export function odd(n) {
  if (n % 2) throw new RangeError("odd: " + n);
  return n;
}
export function say(n) {
  console.log("item", n);
  return n;
}
export async function nap(n, { place, seconds = 0.006 }) {
  mark(place, n);
  await sleep(seconds);
  return n;
}
export async function die(n, { place, at, seconds = 0 }) {
  mark(place, n);
  if (seconds > 0) await sleep(seconds);
  if (at.includes(n)) process.kill(process.pid, "SIGKILL");
  return n;
}
`;

export const mapped: Record<Runtime, string> = { python: "mapped", node: "./mapped.mjs" };

/** A working directory with the modules. */
export class MapDirectory implements AsyncDisposable {
  readonly path: string;
  #files = 0;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<MapDirectory> {
    const path = await mkdtemp(join(tmpdir(), "sremote-map-"));
    await writeFile(join(path, "mapped.py"), python);
    await writeFile(join(path, "mapped.mjs"), node);
    return new MapDirectory(path);
  }

  /** A file for marks. */
  place(): string {
    return join(this.path, `marks-${++this.#files}`);
  }

  /** The items that were marked, in order of their numbers. */
  async marks(place: string): Promise<number[]> {
    const text = await readFile(place, "utf8").catch(() => "");
    return text
      .split("\n")
      .slice(0, -1)
      .map(Number)
      .toSorted((a, b) => a - b);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

/** What workers left that were killed together with their supervisors: the user's next session would remove it. */
export async function removeLeft(uid: number): Promise<void> {
  for (const name of await readdir("/dev/shm")) {
    const [, pid] = /^sremote-.*\.(\d+)$/.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const path = join("/dev/shm", name);
    const found = await lstat(path).catch(() => undefined);
    if (found?.isFile() === true && found.uid === uid) await rm(path, { force: true });
  }
}
