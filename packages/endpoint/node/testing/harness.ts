/* Runs the built Node endpoint as a host would: a child process, a request on its standard input or in a file, a reply from where it was asked for. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  decodeFrame,
  decodeMessage,
  decodeValue,
  encodeMessage,
  encodeValue,
  type CallMessage,
  type ReplyMessage,
} from "@sremote/protocol";
import { buildNode } from "../../../../scripts/build-payload.ts";

export interface Sandbox extends Disposable {
  /** Everything of this test lies below it. */
  root: string;
  /** For `--base`. */
  base: string;
  /** The payload, or the test entry. */
  program: string;
  /** Working directory of calls; modules are written here. */
  work: string;
}

/** @param entry another program than the endpoint itself, such as testing/steps.ts */
export async function makeSandbox(entry?: string): Promise<Sandbox> {
  const root = mkdtempSync(join(tmpdir(), "sremote-node-"));
  const sandbox = { root, base: join(root, "base"), program: join(root, "endpoint.mjs"), work: join(root, "work") };
  mkdirSync(sandbox.work);
  writeFileSync(sandbox.program, (await buildNode(entry)).bytes);
  return { ...sandbox, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

export interface CallOptions extends Partial<Omit<CallMessage, "args" | "kwargs">> {
  kwargs?: Record<string, unknown>;
}

/** The frame of a call that runs in the sandbox's working directory. */
export function makeRequest(sandbox: Sandbox, module: string, fn: string, args: unknown[] = [], options: CallOptions = {}): Buffer {
  const attachments: Uint8Array[] = [];
  const { kwargs, ...more } = options;
  const message: CallMessage = {
    type: "call",
    protocol: 1,
    id: randomBytes(16).toString("hex"),
    module,
    function: fn,
    args: encodeValue(args, "args", attachments),
    cwd: sandbox.work,
    ...more,
  };
  if (kwargs !== undefined) message.kwargs = encodeValue(kwargs, "kwargs", attachments);
  return Buffer.concat(encodeMessage(message, attachments));
}

export interface Ran {
  status: number | null;
  signal: string | null;
  stdout: Buffer;
  stderr: string;
  ms: number;
}

export interface RunOptions {
  node?: string;
  env?: NodeJS.ProcessEnv;
  /** Called with the endpoint's pid as soon as it runs. */
  onStart?: ((pid: number) => void) | undefined;
  /** Leave standard input open after the request. */
  keepInputOpen?: boolean;
}

/** Runs the program with these arguments to its end. */
export function run(program: string, args: readonly string[], input: Uint8Array = Buffer.alloc(0), options: RunOptions = {}): Promise<Ran> {
  const started = performance.now();
  const child = spawn(options.node ?? process.execPath, [program, ...args], { env: options.env ?? process.env });
  if (child.pid !== undefined) options.onStart?.(child.pid);
  const parts: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString("utf8")));
  // It may end without having read all of its input.
  child.stdin.on("error", () => child.stdin.destroy());
  child.stdin.write(input);
  if (options.keepInputOpen !== true) child.stdin.end();
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => child.stdin.destroy());
    child.on("close", (status, signal) =>
      resolve({ status, signal, stdout: Buffer.concat(parts), stderr, ms: performance.now() - started }),
    );
  });
}

export interface Reply extends Omit<ReplyMessage, "value" | "stdout" | "stderr"> {
  value: unknown;
  stdout: ReplyMessage["stdout"] & { content: Buffer | undefined };
  stderr: ReplyMessage["stderr"] & { content: Buffer | undefined };
}

export function readReply(bytes: Uint8Array): Reply {
  const frame = decodeFrame(bytes);
  const { message, attachments } = decodeMessage(frame);
  if (message.type !== "reply") throw new Error(`a ${message.type} where a reply was expected`);
  const output = (name: "stdout" | "stderr"): Reply["stdout"] => {
    const part = message[name];
    return { ...part, content: part.index === undefined ? undefined : Buffer.from(frame.attachments[part.index]!) };
  };
  const value = message.value === undefined ? undefined : decodeValue(message.value, attachments);
  return { ...message, value, stdout: output("stdout"), stderr: output("stderr") };
}

const [markerA, markerB] = ["0123456789abcdef", "fedcba9876543210"];

/** Sends a request through pipes. @throws when what came back is not exactly the marker and one frame */
export async function send(sandbox: Sandbox, request: Uint8Array, options: RunOptions = {}): Promise<Reply & { ms: number }> {
  const ran = await run(sandbox.program, ["call", "--base", sandbox.base, "--marker", markerA, markerB, "-", "-"], request, options);
  if (ran.status !== 0) throw new Error(`the endpoint ended with ${ran.signal ?? ran.status}: ${ran.stderr}`);
  const marker = markerB + markerA;
  if (ran.stdout.subarray(0, marker.length).toString("latin1") !== marker)
    throw new Error(`no marker but ${ran.stdout.toString("latin1")}`);
  return { ...readReply(ran.stdout.subarray(marker.length)), ms: ran.ms };
}

/** A call through pipes. */
export function call(
  sandbox: Sandbox,
  module: string,
  fn: string,
  args: unknown[] = [],
  options: CallOptions = {},
): Promise<Reply & { ms: number }> {
  return send(sandbox, makeRequest(sandbox, module, fn, args, options));
}

/** Whether a process of this pid is there and no zombie. */
export function isThere(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return !/^[ZX] /.test(stat.slice(stat.lastIndexOf(")") + 2));
}

/** Looks again and again until it is so. @throws after ten seconds */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 10_000; !isSo();) {
    if (performance.now() > deadline) throw new Error(`ten seconds without ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}
