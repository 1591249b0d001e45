/*
 * Real pipes for stdout and stderr of the function's process. What Node makes for a child are sockets, and those cannot be opened by name:
 * a shell script that writes to /dev/stderr would fail. Node has no call for a pipe, so named ones are made, opened and removed at once.
 */
import { closeSync, constants, openSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { loadChildProcess, loadNet, uniqueSuffix } from "../host/lazy.ts";
import { makeBase, makePrivateDirectory } from "../host/directory.ts";

/** For stdout and for stderr. */
export type OutputPipes = readonly [OutputPipe, OutputPipe];

export interface OutputPipe {
  /** What is written to the other end. */
  stream: Socket;
  /** Descriptor for the process; to be closed when it has it. */
  writeEnd: number;
}

/**
 * Begins to make two pipes; takes effect beside what the caller does next.
 * @returns undefined where it cannot be done (no mkfifo, a file system without pipes, an unsafe or full directory): sockets will do
 */
export async function makeOutputPipes(base: string): Promise<OutputPipes | undefined> {
  const directory = `${base}/tmp`;
  const stdout = `${directory}/.out.${uniqueSuffix()}`;
  const stderr = `${directory}/.err.${uniqueSuffix()}`;
  try {
    makeBase(base);
    makePrivateDirectory(directory);
  } catch {
    return undefined; // The call itself will meet the same and say so.
  }
  try {
    await runMkfifo([stdout, stderr]);
    return [openPipe(stdout), openPipe(stderr)];
  } catch {
    return undefined;
  } finally {
    rmSync(stdout, { force: true });
    rmSync(stderr, { force: true });
  }
}

/** Lets go of pipes that no process was given. */
export function closePipes(pipes: OutputPipes | undefined): void {
  closeWriteEnds(pipes);
  for (const { stream } of pipes ?? []) stream.destroy();
}

/** The process has them now; while they are open here the pipes do not end. */
export function closeWriteEnds(pipes: OutputPipes | undefined): void {
  for (const { writeEnd } of pipes ?? []) closeSync(writeEnd);
}

function runMkfifo(paths: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = loadChildProcess().spawn("mkfifo", ["-m", "600", ...paths], { stdio: "ignore" });
    child.once("error", reject);
    child.once("exit", (status) => (status === 0 ? resolve() : reject(new Error(`mkfifo ended with ${status}`))));
  });
}

function openPipe(path: string): OutputPipe {
  // The reading end first, and without waiting for a writer; then the writer finds a reader and need not wait either.
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY);
  const { Socket: PipeEnd } = loadNet();
  return { stream: new PipeEnd({ fd: readEnd, readable: true, writable: false }), writeEnd };
}
