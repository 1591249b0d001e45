/* What a call over a session rejects with when it, or its session, ends before the answer has come. */
import { OutcomeUnknownError, type RemoteExecError, type ResultMessage, SremoteError } from "@sremote/protocol";
import { endedError } from "../call/ending.ts";
import type { Invocation } from "../call/invocation.ts";
import { StreamLost } from "./stream-call.ts";

/** @returns undefined when the call did not reach the host: on another session it may be tried again */
export function failureOf(error: unknown, call: Invocation): unknown {
  if (error instanceof StreamLost) return lostError(error, call);
  if (error instanceof SremoteError) return error;
  return SremoteError.from(error, "endpoint-broken", { stage: "call", host: call.context.host, callId: call.id });
}

function lostError({ cause, reached }: StreamLost, call: Invocation): Error | undefined {
  if (cause.code === "closed") return cause;
  if (call.ending !== undefined) return call.endedError(reached);
  if (!reached) return undefined;
  const { what, host } = call.context;
  return new OutcomeUnknownError("outcome-unknown", `whether ${what} ran is unknown: ${cause.message}`, {
    stage: "call",
    host,
    callId: call.id,
    cause,
    lastLines: cause.lastLines,
    hint: "a call whose result must outlast its session can be given an id of its own: it then travels by files on the host and can be repeated safely",
  });
}

/** The host has ended the call, as it was told. */
export function confirmedError(call: Invocation, { error }: ResultMessage): RemoteExecError {
  const { what, host } = call.context;
  const ending = call.ending ?? { kind: "cancelled", stage: "call" };
  const waitsFor = "a worker";
  const outcome = ending.kind === "timeout" && error?.stage === "queue" ? "not-run" : ending.kind;
  const [stdout, stderr] = [call.captured("stdout").bytes, call.captured("stderr").bytes];
  return endedError(ending, { what, host, callId: call.id, outcome, isConfirmed: true, waitsFor, stdout, stderr });
}

/** The session ended before the call could be sent, once too often. */
export function neverSentError(call: Invocation): SremoteError {
  const { what, host } = call.context;
  return new SremoteError("connection-lost", `${what} was not run: each new session ended before it could be sent`, { host });
}
