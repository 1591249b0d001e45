/* sremote exec: one command on one host, as `ssh HOST COMMAND` */
import { constants } from "node:os";
import type { RemoteProcess } from "@sremote/fleet";
import { SremoteError } from "@sremote/protocol";
import { parseEnvironment } from "./call-arguments.ts";
import type { Context } from "./context.ts";
import { parseDuration } from "./duration.ts";
import { exitCodes } from "./exit-code.ts";
import type { HostOptions } from "./host-options.ts";
import { commandOf } from "./run-hosts.ts";
import { withConnector } from "./with-client.ts";

export interface ExecCommandOptions {
  env?: string[];
  cwd?: string;
  timeout?: string;
  pty?: true;
  /** False: nothing of our standard input is sent. */
  stdin?: boolean;
}

/** Passes on standard input and both outputs, byte for byte. Resolves to the command's own exit status, 128 + N where signal N ended it. */
export async function exec(
  context: Context,
  host: string,
  command: readonly string[],
  options: ExecCommandOptions,
  hostOptions: HostOptions,
): Promise<number> {
  const { env = [], cwd, timeout, pty, stdin } = options;
  // Loaded when it is needed: calls do without.
  const { RemoteProcess } = await import("@sremote/fleet");
  const settings = {
    ...(cwd === undefined ? {} : { cwd }),
    ...(env.length === 0 ? {} : { env: parseEnvironment(env) }),
    ...(timeout === undefined ? {} : { timeout: parseDuration(timeout) }),
    ...(pty === true ? { pty: { rows: process.stdout.rows ?? 24, columns: process.stdout.columns ?? 80 } } : {}),
    ...(stdin === false ? {} : { stdin: true as const }),
    output: "live" as const,
    signal: context.signal,
  };
  return withConnector(host, hostOptions, context.signal, async (connector) => {
    await using process = new RemoteProcess(connector, commandOf(command), { ...settings, name: host });
    process.start();
    const stopInput = stdin === false ? undefined : sendInput(process, pty === true);
    try {
      for await (const { stream, bytes } of process.chunks()) await context[stream].write(bytes);
    } finally {
      stopInput?.();
    }
    await process.wait();
    return statusOf(process, context.signal);
  });
}

/** Sends our standard input until either side ends. A terminal passes on each key as it is pressed, Ctrl-C included. @returns a function that stops it */
function sendInput(remote: RemoteProcess, isTerminal: boolean): () => void {
  const { stdin } = process;
  const isRaw = isTerminal && stdin.isTTY;
  const send = async (): Promise<void> => {
    // Nothing is read before the command takes it: an attempt that fails, for want of a password say, loses nothing.
    await remote.write("");
    if (isRaw) stdin.setRawMode(true);
    for await (const chunk of stdin) await remote.write(chunk as Uint8Array);
    await remote.endInput();
  };
  // A command that ends, or closes its input, takes no more: its exit status says what came of it.
  send().catch(() => undefined);
  return () => {
    if (isRaw) stdin.setRawMode(false);
    stdin.destroy();
  };
}

function statusOf(process: RemoteProcess, signal: AbortSignal): number {
  const { exitCode, reason, error } = process;
  if (exitCode !== null && reason !== "timeout") return exitCode;
  if (signal.aborted) throw new SremoteError("cancelled", "the command was cancelled");
  if (reason === "timeout") throw error ?? new SremoteError("timeout", "the command did not end in time and was ended");
  if (error !== undefined) throw error;
  const number = constants.signals[process.signal as NodeJS.Signals];
  return number === undefined ? exitCodes.killed : 128 + number;
}
