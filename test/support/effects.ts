/* A function whose runs can be counted on the host: each appends a line to a file and flushes it. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chown, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CallOptions, CallResult, RemoteClient } from "@sremote/client";

export type Runtime = "python" | "node";

/** Call id of a caller's choice. */
export function newId(): string {
  return randomBytes(16).toString("hex");
}

/** Writes a file below a host's home directory, owned by whom the home belongs to. */
export async function plant(home: string, path: string, text: string): Promise<string> {
  const { uid, gid } = await stat(home);
  const file = join(home, path);
  const made: string[] = [];
  for (let directory = dirname(file); !existsSync(directory); directory = dirname(directory)) made.push(directory);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  for (const each of [file, ...made]) await chown(each, uid, gid);
  return file;
}

const sources: Record<Runtime, string> = {
  python: `
import os, time

def effect(path, value=None, seconds=0):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(fd, b"%d %d\\n" % (os.getpid(), os.getppid()))
    os.fsync(fd)
    os.close(fd)
    time.sleep(seconds)
    return value
`,
  node: `
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

export async function effect(path, value, seconds = 0) {
  const fd = openSync(path, "a", 0o600);
  writeSync(fd, process.pid + " " + process.ppid + "\\n");
  fsyncSync(fd);
  closeSync(fd);
  await new Promise((done) => setTimeout(done, seconds * 1000));
  return value;
}
`,
};

export const effectModule: Record<Runtime, string> = { python: "effects", node: "./effects.mjs" };

export async function plantEffects(home: string): Promise<void> {
  await plant(home, "work/effects.py", sources.python);
  await plant(home, "work/effects.mjs", sources.node);
}

/** What one function did to the host. */
export class Effects {
  readonly path: string;

  constructor(home: string) {
    this.path = join(home, `effects-${newId()}`);
  }

  /** Runs the function through a client; it returns `value` after `seconds`. */
  call(client: RemoteClient, runtime: Runtime, value: unknown, options: CallOptions = {}, seconds = 0): Promise<CallResult> {
    return client.doRemoteCall(effectModule[runtime], "effect", [this.path, value, seconds], { runtime, cwd: "work", ...options });
  }

  /** Each run so far: process ids of the function and of the endpoint that watches it. */
  async runs(): Promise<{ pid: number; endpoint: number }[]> {
    if (!existsSync(this.path)) return [];
    const lines = (await readFile(this.path, "latin1")).split("\n").slice(0, -1);
    return lines.map((line) => ({ pid: Number(line.split(" ")[0]), endpoint: Number(line.split(" ")[1]) }));
  }
}
