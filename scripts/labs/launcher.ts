/*
 * Starts programs for labs and stubs from a small process. To start one costs the processor time of copying the page tables of its parent: 7 to 20 ms from
 * a worker of the tests with 300 MB, 1 ms from here.
 */
import { type ChildProcess, fork } from "node:child_process";
import type { Order, Report } from "./launcher-process.ts";
import type { LaunchOptions } from "./launcher-process.ts";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

interface Pending {
  readonly resolve: (ended: Ended) => void;
  readonly reject: (error: Error) => void;
}

let launcher: ChildProcess | undefined;
const pending = new Map<number, Pending>();
let count = 0;

/** Runs a program until it has ended and nothing holds its output. Rejects only where it cannot be started. */
export function launch(file: string, args: readonly string[], options: LaunchOptions = {}): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  const id = ++count;
  pending.set(id, { resolve, reject });
  launcher ??= start();
  // While something runs, it keeps this process alive, as a child of its own would.
  launcher.channel?.ref();
  const order: Order = { id, file, args, options: { env: process.env, cwd: process.cwd(), ...options } };
  launcher.send(order, (error) => {
    if (error !== null) settle(id, (waiting) => waiting.reject(error));
  });
  return promise;
}

function settle(id: number, how: (waiting: Pending) => void): void {
  const waiting = pending.get(id);
  pending.delete(id);
  if (pending.size === 0) launcher?.channel?.unref();
  if (waiting !== undefined) how(waiting);
}

function start(): ChildProcess {
  const child = fork(new URL("launcher-process.ts", import.meta.url), {
    execArgv: ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=2"],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  child.unref();
  child.on("message", (report: Report) => {
    settle(report.id, ({ resolve, reject }) => {
      if ("error" in report) reject(Object.assign(new Error(report.error.message), report.error));
      else resolve({ ...report, stdout: Buffer.from(report.stdout), stderr: Buffer.from(report.stderr) });
    });
  });
  child.once("exit", (code, signal) => {
    launcher = undefined;
    for (const id of pending.keys()) settle(id, ({ reject }) => reject(new Error(`the launcher of programs ended: ${signal ?? code}`)));
  });
  return child;
}
