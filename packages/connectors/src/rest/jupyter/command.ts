/* One command beside the kernel: its input sent, started once, waited for, its output fetched, and forgotten. */
import { randomBytes } from "node:crypto";
import { TransferError } from "@sremote/protocol";
import type { ExecResult } from "../../connector.ts";
import { settledWithin } from "../../deadline.ts";
import { codeOfMessage } from "../../transfer/error.ts";
import type { DirectRequest, RestContext } from "../dialect.ts";
import { backOff } from "../../back-off.ts";
import type { Answer } from "./answer.ts";
import type { Kernel, Pin } from "./kernel.ts";
import { inputPiece } from "./program.ts";

/** Milliseconds for telling the kernel what it may forget. */
const tellTimeout = 5000;

/** Milliseconds between looks at a command that runs: from, to. Its end is announced; this tells the kernel that the client still waits. */
const [firstLook, lastLook] = [4000, 20_000];

type Ask = (verb: string, fields?: Readonly<Record<string, unknown>>) => Promise<Answer>;

export async function runBeside(kernel: Kernel, request: DirectRequest, context: RestContext, label: string): Promise<ExecResult> {
  const { script, stdin, stdoutLimit, stderrLimit } = request;
  const id = randomBytes(8).toString("hex");
  const pin: Pin = {};
  const ask: Ask = async (verb, fields = {}) => {
    const answer = await kernel.call(verb, { id, ...fields }, context, pin);
    if (typeof answer["error"] !== "string") return answer;
    const said = answer["error"].slice(0, 300);
    throw new TransferError(codeOfMessage(said), `the kernel says: ${said}`, { stage: "exec", host: label });
  };
  try {
    await send(ask, stdin);
    let state = await ask("start", { script, most: [stdoutLimit, stderrLimit] });
    for (let look = 1; state["done"] !== true; look += 1) {
      await kernel.rest(id, backOff(look, firstLook, lastLook), context.signal);
      state = await ask("look");
    }
    const [stdout, stderr] = [await output(ask, 0, state, label), await output(ask, 1, state, label)];
    const { code, signal, truncated } = state as { code: number | null; signal: string | null; truncated: boolean };
    return { exitCode: code, signal, stdout, stderr, truncated };
  } finally {
    kernel.drop(id);
    // An abort ends the command now; a command that has ended is forgotten with the next request.
    if (context.signal.aborted) {
      const telling = kernel.call("home", {}, { http: context.http, signal: AbortSignal.timeout(tellTimeout) });
      await settledWithin(telling, tellTimeout);
    }
  }
}

async function send(ask: Ask, stdin: readonly Uint8Array[]): Promise<void> {
  const all = stdin.length === 1 ? stdin[0]! : Buffer.concat(stdin);
  for (let at = 0; at < all.length; at += inputPiece) {
    await ask("input", { at, bytes: Buffer.from(all.subarray(at, at + inputPiece)).toString("base64") });
  }
}

async function output(ask: Ask, index: 0 | 1, state: Answer, label: string): Promise<Uint8Array> {
  const { sizes, head } = state as { sizes: [number, number]; head: [string, string] };
  const parts = [Buffer.from(head[index], "base64")];
  for (let at = parts[0]!.length; at < sizes[index];) {
    const { bytes } = await ask("read", { index, at });
    const part = Buffer.from(String(bytes), "base64");
    if (part.length === 0) throw new TransferError("transfer-failed", "the kernel has lost part of the output", { host: label });
    parts.push(part);
    at += part.length;
  }
  return new Uint8Array(Buffer.concat(parts));
}
