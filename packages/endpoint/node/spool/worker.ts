/* The function's process: reads one request, runs it, answers, ends. */
import type { Writable } from "node:stream";
import { decodeFrame, decodeMessage, encodeFrame } from "@sremote/protocol";
import { channel, type AnswerHeader, type BeginHeader } from "./answer.ts";
import type { Result } from "../run/dispatch.ts";
import { dispatch } from "./dispatch.ts";
import { describeThrown } from "../run/failure.ts";
import { asOurs } from "../host/standard.ts";
import { NeverSettled, stackDepth } from "../run/never-settled.ts";
import { readFrame } from "../wire/frame.ts";
import { writeAll } from "../host/files.ts";

/** @param base directory of the endpoint, under which packages are installed */
export async function work(base: string): Promise<void> {
  process.argv.length = 2;
  Error.stackTraceLimit = stackDepth;
  let request: Uint8Array;
  try {
    request = readFrame(channel);
  } catch {
    return; // The supervisor is gone, or had nothing to run.
  }
  const streams = watchStreams();
  let answered = false;
  const answer = (result: Result): void => {
    if (answered) return;
    answered = true;
    // No supervisor is left to take the answer: the process must not go on for other things that run in it.
    finish(result, streams).catch(() => process.exit(1));
  };
  const raise = (thrown: unknown): void => answer({ outcome: "raised", error: describeThrown(thrown, "raised", "call"), attachments: [] });
  process.on("uncaughtException", (error) => {
    // With a listener of the user's own Node would go on; so does the call.
    if (process.listenerCount("uncaughtException") === 1) raise(error);
  });
  process.on("unhandledRejection", (reason) => {
    if (process.listenerCount("unhandledRejection") === 1) raise(reason);
  });
  process.on("beforeExit", () => {
    if (!answered) raise(new NeverSettled());
  });
  const begin: BeginHeader = { type: "begin" };
  writeAll(channel, encodeFrame(JSON.stringify(begin)));
  const { message, attachments } = decodeMessage(decodeFrame(request));
  if (message.type === "call") answer(await dispatch(message, attachments, base));
}

/** Sends the answer when everything printed has left this process, and ends the process whatever else still runs in it. */
async function finish(result: Result, streams: UsedStreams): Promise<void> {
  await asOurs(() => Promise.all(Array.from(streams, (name) => flush(process[name]))));
  asOurs(() => send(result));
  process.exit(0);
}

function send(result: Result): void {
  const { outcome, value } = result;
  const usage = process.resourceUsage();
  const header: AnswerHeader = {
    type: "answer",
    outcome,
    cpuMs: (usage.userCPUTime + usage.systemCPUTime) / 1000,
    maxRssBytes: usage.maxRSS * 1024,
  };
  if (result.error !== undefined) header.error = result.error;
  if (result.modules !== undefined) header.modules = result.modules;
  if (result.failures !== undefined) header.failures = result.failures;
  const attachments = value === undefined ? [] : [...result.attachments, Buffer.from(value)];
  writeAll(channel, encodeFrame(JSON.stringify(header), attachments));
}

type UsedStreams = ReadonlySet<"stdout" | "stderr">;

/** Which of Node's streams the user's code has used: making one takes milliseconds, so one that was not is not made to be flushed. */
function watchStreams(): UsedStreams {
  const used = new Set<"stdout" | "stderr">();
  for (const name of ["stdout", "stderr"] as const) {
    const original = Object.getOwnPropertyDescriptor(process, name);
    if (original?.get === undefined || original.configurable !== true) {
      used.add(name);
      continue;
    }
    const get = original.get.bind(process);
    Object.defineProperty(process, name, {
      ...original,
      get: () => {
        used.add(name);
        Object.defineProperty(process, name, original);
        return get();
      },
    });
  }
  return used;
}

function flush(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) return resolve();
    stream.write("", () => resolve());
  });
}
