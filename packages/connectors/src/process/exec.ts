/* `exec` on top of a live process. */
import type { Readable, Writable } from "node:stream";
import { ByteList, hostLimits } from "@sremote/protocol";
import { checkCommand, checkExecOptions } from "../argument.ts";
import type { Command, ExecOptions, ExecResult, SpawnedProcess } from "../connector.ts";
import { orAborted, withDeadline } from "../deadline.ts";
import { endProcess } from "./end.ts";
import { feed } from "./feed.ts";
import { GatedInput } from "./gated-input.ts";
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
      // A start that came too late gets no input.
      signal.throwIfAborted();
      return await orAborted(communicate(process, options, label), signal);
    } catch (error) {
      await endProcess(process);
      throw error;
    } finally {
      process.stdin.destroy();
    }
  });
}

async function communicate(process: SpawnedProcess, options: ExecOptions, label: string): Promise<ExecResult> {
  const { stdin = [], outputLimit, onInput } = options;
  const refused = onInput === undefined ? undefined : tellInput(process.stdin, onInput);
  const stdout = collect(process.stdout, outputLimit ?? hostLimits.execStdout);
  const stderr = collect(process.stderr, outputLimit ?? hostLimits.execStderr);
  const unfed = Promise.withResolvers<never>();
  // Its end is not awaited: a command that does not read its input may end long before everything is written.
  feed(process.stdin, stdin instanceof Uint8Array ? [stdin] : stdin).catch((error: unknown) => {
    process.stdin.destroy();
    unfed.reject(error);
  });
  const ended = outcome(process, Promise.all([stdout, stderr]), { label, stage: "exec" });
  const { exitCode, signal, value } = await Promise.race(refused === undefined ? [ended, unfed.promise] : [ended, unfed.promise, refused]);
  const [out, err] = value;
  const truncated = out.truncated || err.truncated;
  return { exitCode, signal, stdout: out.bytes, stderr: err.bytes, ...(truncated ? { truncated } : {}) };
}

/**
 * Calls back before the first byte goes out.
 * @returns a promise that rejects with what the callback throws, which keeps the input back; it resolves never
 */
function tellInput(stdin: Writable, onInput: () => void): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  const tell = (): void => {
    try {
      onInput();
    } catch (error) {
      stdin.destroy();
      reject(error);
    }
  };
  if (stdin instanceof GatedInput && !stdin.isOpen) stdin.once("open", tell);
  else tell();
  return promise;
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
