/* Mode `call`: one call, from request to reply (PROTOCOL.md, "Spool"). */
import { existsSync, rmSync } from "node:fs";
import { decodeFrame, decodeMessage, limits, SremoteError, type CallMessage, type Failure } from "@sremote/protocol";
import { ask, audienceTimes, isLeft } from "./audience.ts";
import { holderIsRunning, takeClaim } from "./claim.ts";
import { countOomKills } from "../host/memory.ts";
import { takeBegun } from "../run/begun.ts";
import { describeDeath } from "../run/ending.ts";
import { deliver, Undelivered, type Destination } from "./deliver.ts";
import { sha256 } from "../host/digest.ts";
import { errorCode } from "../host/directory.ts";
import { callDirectory, callEnvironment, checkCode } from "../run/environment.ts";
import { describeRefusal } from "../run/failure.ts";
import { closePipes, makeOutputPipes, type OutputPipes } from "./output-pipes.ts";
import { makeReply, unknownId, type ReplyParts } from "../wire/reply.ts";
import { readRequest } from "../wire/frame.ts";
import { isClaimed, openCallDirectory, openSpool, readReply, recordDigest, reserveSpace, storeReply } from "./spool.ts";
import { isNoSpace } from "../host/files.ts";
import { strayVariable } from "../run/strays.ts";
import { FunctionProcess } from "./supervise.ts";
import { release, sweepSometimes } from "./sweep.ts";

/** Named points in the life of a call at which a test may end the process. */
export type Step = "read" | "directory" | "digest" | "reserve" | "claim" | "started" | "ended" | "stored" | "delivered";

export interface CallOptions {
  base: string;
  /** A path, or `-` for standard input. */
  request: string;
  destination: Destination;
  /** The user's, for the function; this process has one of its own. */
  umask: number;
  /** For tests: called when a step is done. */
  onStep?: ((step: Step) => void) | undefined;
}

/** Resolves when a reply was delivered. @throws what kept it from being delivered */
export async function call(options: CallOptions): Promise<void> {
  const { base, destination } = options;
  const step = options.onStep ?? ((): void => undefined);
  const pipes = makeOutputPipes(base);
  let frame: Uint8Array;
  let message: CallMessage;
  try {
    frame = readRequest(options.request);
    const decoded = decodeMessage(decodeFrame(frame)).message;
    if (decoded.type !== "call") throw new SremoteError("protocol-error", "type must be call", { stage: "request" });
    message = decoded;
  } catch (error) {
    const failure = describeRefusal(error, fileCode(error), "request");
    closePipes(await pipes);
    // Below it are replies to requests that were read, and perhaps the one that is asked for here.
    if (destination.path.startsWith(`${base}/calls/`)) throw new Undelivered(`the request cannot be read: ${failure.message}`);
    return deliver(makeReply({ id: unknownId, base, outcome: "not-run", error: failure }), destination);
  }
  step("read");
  await refuseWithoutCode(message, options, pipes);
  const reply = await answer(message, frame, await pipes, options, step);
  // Stored there already; on a full disk a smaller one than was meant.
  if (!(isOwnPlace(destination.path, base, message) && existsSync(destination.path))) deliverAnswer(reply, destination, base, message);
  step("delivered");
  tidy(base);
}

/** Before the id is taken: the client repeats the call when it has sent the code. @throws SremoteError `code-missing` */
async function refuseWithoutCode(
  message: CallMessage,
  { base, request }: CallOptions,
  pipes: Promise<OutputPipes | undefined>,
): Promise<void> {
  try {
    checkCode(message, base);
  } catch (error) {
    closePipes(await pipes);
    if (request !== "-") rmSync(request, { force: true });
    throw error;
  }
}

/** @throws Undelivered, which says whether the call was claimed */
function deliverAnswer(reply: readonly Uint8Array[], destination: Destination, base: string, { id }: CallMessage): void {
  try {
    deliver(reply, destination);
  } catch (error) {
    if (error instanceof Undelivered) error.isClaimed = isClaimed(`${base}/calls/${id}`);
    throw error;
  }
}

/** A service for later calls: what hinders it is theirs to report. */
function tidy(base: string): void {
  try {
    sweepSometimes(base);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}

/** Whether the client fetches the reply from where the spool has it. */
function isOwnPlace(path: string, base: string, message: CallMessage): boolean {
  return path === `${base}/calls/${message.id}/reply`;
}

const cancelling = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

/** The reply: the one of this run, or that of an earlier one with the same id. */
async function answer(
  message: CallMessage,
  frame: Uint8Array,
  pipes: OutputPipes | undefined,
  options: CallOptions,
  step: (step: Step) => void,
): Promise<Uint8Array[]> {
  const { base } = options;
  let child: FunctionProcess | undefined;
  let hindrance: unknown;
  try {
    // Started before the spool is ready: its start takes longer than all that, and it does nothing before it has the request.
    try {
      child = new FunctionProcess(
        { ...(await callEnvironment(message, base)), [strayVariable]: message.id },
        callDirectory(message),
        [base, String(options.umask)],
        pipes,
      );
    } catch (error) {
      hindrance = error; // told when there is a place for the reply
    }
    openSpool(base);
    release(
      base,
      (message.release ?? []).filter((id) => id !== message.id),
    );
    const directory = openCallDirectory(base, message.id);
    step("directory");
    if (!recordDigest(directory, sha256(frame))) {
      throw new SremoteError("call-conflict", "this call id was used for another request", { stage: "request" });
    }
    // Secrets in a request do not outlive their use.
    if (options.request !== "-") rmSync(options.request, { force: true });
    step("digest");
    const stored = readReply(directory);
    if (stored !== undefined) {
      await (child === undefined ? closePipes(pipes) : child.abandon());
      return [stored];
    }
    if (child === undefined) {
      // Its holder answers, or it is unknown: that no process can start here says nothing about that.
      if (isClaimed(directory)) return await replyOfHolder(directory, message, base);
      throw hindrance;
    }
    reserveSpace(directory);
    step("reserve");
    const cancel = new AbortController();
    const abort = (): void => cancel.abort();
    for (const signal of cancelling) process.on(signal, abort);
    if (!takeClaim(directory)) {
      // Who only waits may be ended like any program.
      for (const signal of cancelling) process.off(signal, abort);
      await child.abandon();
      return await replyOfHolder(directory, message, base);
    }
    step("claim");
    return await run(child, message, frame, directory, base, cancel.signal, step);
  } catch (error) {
    await (child === undefined ? closePipes(pipes) : child.abandon());
    // That place is for the reply of the request that has the id, or not safe.
    const noPlace = error instanceof SremoteError && (error.code === "call-conflict" || error.code === "unsafe-directory");
    const { path } = options.destination;
    if (isOwnPlace(path, base, message) && (noPlace || existsSync(path))) throw error;
    if (!(error instanceof SremoteError) && errorCode(error) === undefined) throw error;
    // Where the call was claimed, by this endpoint or an earlier one, an error of a file does not mean that it did not run.
    const outcome = !(error instanceof SremoteError) && isClaimed(`${base}/calls/${message.id}`) ? "unknown" : "not-run";
    return makeReply({ id: message.id, base, outcome, error: describeRefusal(error, fileCode(error), "setup") });
  }
}

async function run(
  child: FunctionProcess,
  message: CallMessage,
  frame: Uint8Array,
  directory: string,
  base: string,
  signal: AbortSignal,
  step: (step: Step) => void,
): Promise<Uint8Array[]> {
  const oomKills = countOomKills();
  const { timeoutMs, outputLimit } = message;
  const parts: ReplyParts = { id: message.id, base, outcome: "not-run" };
  try {
    const running = child.run(frame, { directory, mark: `${message.id}\0`, timeoutMs, outputLimit: outputLimit ?? limits.output, signal });
    step("started");
    const ending = await running;
    step("ended");
    parts.outputs = [ending.stdout, ending.stderr];
    if (ending.answer === undefined) {
      Object.assign(parts, describeDeath(ending, oomKills, timeoutMs));
      if (message.each !== undefined) parts.begun = takeBegun([`${directory}/begun`]);
    } else {
      const { header, value, attachments } = ending.answer;
      const { outcome, error, modules, failures, cpuMs, maxRssBytes } = header;
      Object.assign(parts, { outcome, error, modules, failures, value, attachments, usage: { wallMs: ending.wallMs, cpuMs, maxRssBytes } });
    }
  } catch (error) {
    if (!(error instanceof SremoteError)) throw error;
    parts.error = describeRefusal(error, "endpoint-broken", "setup");
  }
  const reply = makeReply(parts);
  try {
    const error = noSpaceLeft(`${message.module}.${message.function}`);
    storeReply(directory, reply, () => makeReply({ ...withoutContents(parts), outcome: "raised", error }));
  } catch (error) {
    // No room for the small one either, or a broken disk. What was found is still delivered; a retry will learn that the outcome is unknown.
    if (errorCode(error) === undefined) throw error;
  }
  step("stored");
  return reply;
}

function noSpaceLeft(name: string): Failure {
  return {
    code: "disk-full",
    stage: "result",
    message: `${name} ran, but its reply could not be stored: the disk is full`,
    hint: "free space on the host, or configure a directory on another file system",
  };
}

function withoutContents(parts: ReplyParts): ReplyParts {
  return { id: parts.id, base: parts.base, outcome: parts.outcome };
}

/** Waits for the reply of the endpoint that took the claim; if it died without one, what became of the call is unknown. */
async function replyOfHolder(directory: string, message: CallMessage, base: string): Promise<Uint8Array[]> {
  let due = 0;
  for (let wait = 1; ; wait = Math.min(wait * 1.5, 50)) {
    if (performance.now() >= due) {
      // Who does not wait must not keep the call running.
      if (isLeft()) break;
      ask(directory);
      due = performance.now() + audienceTimes.look;
    }
    const alive = holderIsRunning(directory);
    // Looked for after the holder: it may have stored the reply and ended in between.
    const reply = readReply(directory);
    if (reply !== undefined) return [reply];
    if (!alive) break;
    await new Promise((resolve) => {
      setTimeout(resolve, wait);
    });
  }
  const error: Failure = {
    code: "outcome-unknown",
    stage: "call",
    message: "an earlier endpoint took this call and died without a reply: whether the function ran cannot be known",
  };
  return makeReply({ id: message.id, base, outcome: "unknown", error });
}

/** Code of a failure for an error of the file system. */
function fileCode(error: unknown): Failure["code"] {
  if (isNoSpace(error)) return "disk-full";
  switch (errorCode(error)) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "permission-denied";
    case "ENOENT":
      return "no-such-file";
    case "EISDIR":
    case "ENOTDIR":
      return "not-a-file";
    default:
      return "endpoint-broken";
  }
}
