/* Starts the process of a worker: in its surroundings, with pipes for its output and a channel. */
import type { ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { SremoteError } from "@sremote/protocol";
import { loadChildProcess } from "../host/lazy.ts";
import { callDirectory } from "../run/environment.ts";
import { strayVariable } from "../run/strays.ts";
import { startFailed } from "../run/process-control.ts";
import type { ParsedRoute } from "./call.ts";
import type { WorkerContext } from "./worker-context.ts";
import { OutputRelay } from "./output-relay.ts";
import { channel as channelDescriptor } from "./worker.ts";
import { openWriters, removePipes, type NamedPipes } from "./worker-pipes.ts";

export interface WorkerKind extends ParsedRoute {
  number: number;
  /** Its name, where calls ask for it by one. */
  name: string | undefined;
  /** It ends with its first call. */
  isIsolated: boolean;
}

export interface StartedWorker {
  child: ChildProcess;
  channel: Socket;
  /** stdout and stderr. */
  outputs: [OutputRelay, OutputRelay];
}

/** @param isNeeded asked last before it starts @throws SremoteError with the stage `setup` */
export async function startWorkerProcess(kind: WorkerKind, context: WorkerContext, isNeeded: () => boolean): Promise<StartedWorker> {
  const environment = { ...(await context.environment(kind)), [strayVariable]: context.workerMark(kind.number) };
  const cwd = callDirectory(kind.route);
  const pipes = await context.pipes.take();
  try {
    if (!isNeeded()) throw new SremoteError("cancelled", "the worker is no longer needed", { stage: "setup" });
    return await spawnWorker(context.workerArguments(kind.number), environment, cwd, pipes);
  } catch (error) {
    if (pipes !== undefined) removePipes(pipes.paths);
    for (const reader of pipes?.readers ?? []) reader.destroy();
    throw error;
  }
}

async function spawnWorker(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
  pipes: NamedPipes | undefined,
): Promise<StartedWorker> {
  let writers: [number, number] | undefined;
  let child: ChildProcess;
  try {
    writers = pipes === undefined ? undefined : openWriters(pipes.paths);
    const stdio = ["ignore" as const, writers?.[0] ?? ("pipe" as const), writers?.[1] ?? ("pipe" as const), "pipe" as const];
    child = loadChildProcess().spawn(process.execPath, argv, { cwd, env, detached: true, stdio });
  } catch (error) {
    throw startFailed(error);
  } finally {
    for (const fd of writers ?? []) closeSync(fd);
  }
  // No process, or no pipe for it: there may be no streams then, and why is told later.
  if (child.pid === undefined) throw startFailed(await whyNot(child));
  const [stdout, stderr] = pipes?.readers ?? [child.stdout, child.stderr];
  return {
    child,
    channel: socket(child.stdio[channelDescriptor]),
    outputs: [new OutputRelay(socket(stdout)), new OutputRelay(socket(stderr))],
  };
}

function whyNot(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => {
    child.once("error", resolve);
  });
}

function socket(stream: unknown): Socket {
  if (stream instanceof Socket) return stream;
  throw startFailed(new Error("it has no channel or no output"));
}
