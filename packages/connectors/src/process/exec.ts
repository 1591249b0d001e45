/* `exec` on top of a live process. */
import type { Readable } from "node:stream";
import { ByteList, hostLimits } from "@sremote/protocol";
import { checkCommand, checkExecOptions } from "../argument.ts";
import type { Command, ExecOptions, ExecResult, RemoteProcess } from "../connector.ts";
import { orAborted, withDeadline } from "../deadline.ts";
import { endProcess } from "./end.ts";
import { feed } from "./feed.ts";
import { outcome } from "./outcome.ts";
import type { StartProcess } from "./start.ts";

/**
 * Runs a command to its end: until it has exited and its stdout and stderr are closed, as with `ssh`.
 * A deadline or abort ends the process (SIGTERM, then SIGKILL) and rejects with the code `timeout` or `cancelled`.
 */
export async function execOverProcess(start: StartProcess, command: Command, options: ExecOptions, label: string): Promise<ExecResult> {
  checkCommand(command);
  checkExecOptions(options);
  return withDeadline(options, { label, stage: "exec" }, async (signal) => {
    const process = await start(command, { signal, inputSize: sizeOf(options.stdin) });
    try {
      return await orAborted(communicate(process, options, label), signal);
    } catch (error) {
      await endProcess(process);
      throw error;
    } finally {
      process.stdin.destroy();
    }
  });
}

async function communicate(process: RemoteProcess, options: ExecOptions, label: string): Promise<ExecResult> {
  const { stdin = [], maxOutput } = options;
  const stdout = collect(process.stdout, maxOutput ?? hostLimits.execStdout);
  const stderr = collect(process.stderr, maxOutput ?? hostLimits.execStderr);
  // Not awaited: a command that does not read its input may end long before everything is written.
  void feed(process.stdin, stdin instanceof Uint8Array ? [stdin] : stdin);
  const { exitCode, signal, value } = await outcome(process, Promise.all([stdout, stderr]), { label, stage: "exec" });
  const [out, err] = value;
  const truncated = out.truncated || err.truncated;
  return { exitCode, signal, stdout: out.bytes, stderr: err.bytes, ...(truncated ? { truncated } : {}) };
}

function sizeOf(stdin: ExecOptions["stdin"] = []): number {
  return stdin instanceof Uint8Array ? stdin.length : stdin.reduce((sum, { length }) => sum + length, 0);
}

/** Everything a stream yields is read; at most `limit` bytes of it are kept. */
async function collect(stream: Readable, limit: number): Promise<{ bytes: Uint8Array; truncated: boolean }> {
  const bytes = new ByteList();
  let truncated = false;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const part = bytes.length + chunk.length > limit ? chunk.subarray(0, limit - bytes.length) : chunk;
    truncated ||= part.length < chunk.length;
    bytes.add(part);
  }
  return { bytes: bytes.take(), truncated };
}
