/* A call over a session, from its options to a reply such as the spool gives. */
import {
  type Attachments,
  limits,
  OutcomeUnknownError,
  protocolVersion,
  type ReplyMessage,
  type RemoteExecError,
  type ResultMessage,
  SremoteError,
} from "@sremote/protocol";
import type { Call } from "../call/call.ts";
import { type Ending, endedError, ownOutcome } from "../call/ending.ts";
import type { CallFrame } from "../call/frame.ts";
import type { CapturedOutput, FetchedReply } from "../call/result.ts";
import type { Serializer } from "../call/serializer.ts";
import { dependents } from "../call/dependencies.ts";
import type { ObjectPlace } from "../object/remote-reference.ts";
import type { Callbacks } from "./callbacks.ts";
import type { Session } from "./session.ts";
import { StreamCall, StreamLost } from "./stream-call.ts";
import type { LiveSession } from "./sessions.ts";

export interface StreamPlan {
  call: Call;
  /** `os.getenv` on the host, for messages. */
  what: string;
  host: string;
  serializer: Serializer;
  outputLimit: number | undefined;
  callbacks: Callbacks;
  /** Those of the callbacks that are among the arguments. */
  given: readonly number[];
  /** The message for this session. @param keep how many calls take the result as an argument */
  build(session: Session, keep: number): Invocation;
}

/** A call as it goes to a session. */
export interface Invocation {
  /** JSON, or no text for the default. */
  readonly route: string;
  readonly frame: readonly Uint8Array[];
  /** Of which the frame is made. */
  readonly source: CallFrame;
}

export interface StreamReply extends FetchedReply {
  place: ObjectPlace;
  /** Callbacks among the arguments; whoever holds what came of the call lets them go. */
  callbacks: readonly number[];
  /** What a callback threw that the function did not catch. */
  thrown: { readonly error: unknown; readonly message: string } | undefined;
}

/** The session ended before the call could reach the host; on another one it may be tried again. */
export class NotSent extends Error {}

const nothing = Promise.resolve();
const nothingPrinted: CapturedOutput = { bytes: new Uint8Array(), total: 0, truncated: false };

/** @throws NotSent, or what the call rejects with */
export async function runOverSession(live: LiveSession, plan: StreamPlan): Promise<StreamReply> {
  const { call, host, callbacks } = plan;
  if (live.session.welcome === undefined || live.session.isOver) await untilStarted(live, plan);
  const { session } = live;
  let thrown: StreamReply["thrown"];
  let running: StreamCall;
  let source: CallFrame;
  let kept = 0;
  try {
    throwIfEnded(plan);
    kept = dependents(call);
    const invocation = plan.build(session, kept);
    source = invocation.source;
    // Not of a spread: such objects take twice the memory.
    running = new StreamCall({
      session,
      route: invocation.route,
      frame: invocation.frame,
      source,
      stdout: call.stdout,
      stderr: call.stderr,
      outputLimit: plan.outputLimit ?? limits.output,
      answer: (ask, attachments) =>
        callbacks.answer(ask, attachments, plan.serializer, (error, message) => {
          thrown = { error, message };
        }),
    });
  } catch (error) {
    throw session.isOver ? new NotSent() : error;
  }
  call.sent(running, kept);
  call.onEnding(running);
  try {
    const { message, attachments, worker, bytes } = await running.result;
    // What the host could not read may have changed while it was sent.
    if (message.error?.code === "protocol-error") source.check();
    const [stdout, stderr] = [call.stdout.passedOn(), call.stderr.passedOn()];
    if (stdout !== undefined || stderr !== undefined) await Promise.all([stdout ?? nothing, stderr ?? nothing]);
    if (message.outcome === "cancelled") throw confirmed(plan, message);
    const place = { session, callbacks, worker };
    return Object.assign(asReply(message, attachments, bytes, plan, live), { place, callbacks: plan.given, thrown });
  } catch (error) {
    throw error instanceof StreamLost
      ? lostError(error, plan)
      : error instanceof SremoteError
        ? error
        : SremoteError.from(error, "endpoint-broken", { stage: "call", host, callId: call.id });
  }
}

function lostError({ cause, reached }: StreamLost, plan: StreamPlan): Error {
  const { call, what, host } = plan;
  const { ending, id } = call;
  if (cause.code === "closed") return cause;
  if (ending !== undefined) return ended(plan, ending, reached);
  if (!reached) return new NotSent();
  return new OutcomeUnknownError("outcome-unknown", `whether ${what} ran is unknown: ${cause.message}`, {
    stage: "call",
    host,
    callId: id,
    cause,
    lastLines: cause.lastLines,
    hint: "a call whose result must outlast its session can be given an id of its own: it then travels by files on the host and can be repeated safely",
  });
}

/** Waits for the session, unless the call is ended before. */
async function untilStarted(live: LiveSession, plan: StreamPlan): Promise<void> {
  const { call } = plan;
  call.waitsFor = () => live.waitsFor;
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  call.onEnding((ending) => reject(ended(plan, ending, false)));
  await Promise.race([live.started, promise]);
}

function throwIfEnded(plan: StreamPlan): void {
  const { ending } = plan.call;
  if (ending !== undefined) throw ended(plan, ending, false);
}

function ended({ call, what, host }: StreamPlan, ending: Ending, mayRun: boolean): RemoteExecError {
  return endedError(ending, { what, host, callId: call.id, ...ownOutcome(ending, mayRun), waitsFor: call.waitsFor() });
}

/** The host has ended the call, as it was told. */
function confirmed({ call, what, host }: StreamPlan, { error }: ResultMessage): RemoteExecError {
  const ending = call.ending ?? { kind: "cancelled", stage: "call" };
  const waitsFor = "a worker";
  const outcome = ending.kind === "timeout" && error?.stage === "queue" ? "not-run" : ending.kind;
  const [stdout, stderr] = [call.stdout.captured().bytes, call.stderr.captured().bytes];
  return endedError(ending, { what, host, callId: call.id, outcome, isConfirmed: true, waitsFor, stdout, stderr });
}

function asReply(
  result: ResultMessage,
  attachments: Attachments,
  bytes: number,
  { call }: StreamPlan,
  { session }: LiveSession,
): FetchedReply {
  // Of the items of a generator nobody looks at it: the output is that of the call which gave it, and may be long.
  const isItem = call.isItem && result.outcome === "value";
  const stdout = isItem ? nothingPrinted : call.stdout.captured();
  const stderr = isItem ? nothingPrinted : call.stderr.captured();
  const part = ({ total, truncated }: { total: number; truncated: boolean }): ReplyMessage["stdout"] => ({ bytes: total, truncated });
  const message: ReplyMessage = {
    ...result,
    type: "reply",
    protocol: protocolVersion,
    id: call.id,
    stdout: part(stdout),
    stderr: part(stderr),
    host: session.welcome!.host,
  };
  return { message, attachments, bytes, stdout, stderr };
}
