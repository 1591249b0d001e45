import {
  type Code,
  cutFailure,
  type Failure,
  hostError,
  OutcomeUnknownError,
  ProtocolError,
  RemoteExecError,
  RemoteModulesError,
  RemoteNotSetupError,
  SremoteError,
} from "@sremote/protocol";
import { outputText } from "./result.ts";
import type { Reply, Thrown } from "./transport.ts";
import { lastLines } from "../host/marker.ts";

const notSetup = new Set<Code>(["no-writable-directory", "unsafe-directory", "endpoint-broken", "interpreter-missing", "not-setup"]);

/** Which call has failed. */
export interface FailedCall {
  /** `os.getenv`. */
  readonly what: string;
  readonly host: string;
  readonly callId: string;
  /** In the place of the one of the host. */
  readonly hint?: string | undefined;
  /** Puts files of this machine in the place of those that were shipped. */
  readonly localize?: ((failure: Failure) => Failure) | undefined;
}

const asIs = (failure: Failure): Failure => failure;

/** The error for a reply whose outcome is not a value. */
export function errorFromReply(
  reply: Pick<Reply, "message" | "stdout" | "stderr" | "thrown">,
  { what, host, callId, hint, localize = asIs }: FailedCall,
): SremoteError {
  const { message, thrown } = reply;
  const failure: Failure = localize(
    cutFailure(
      message.error ?? {
        code: "endpoint-broken",
        stage: "call",
        message: `the reply has outcome ${message.outcome} and no error`,
      },
    ),
  );
  const summary = describeFailure(failure, what);
  const options = { stage: failure.stage, host, callId, hint: hint ?? failure.hint };
  if (message.outcome === "unknown") return new OutcomeUnknownError("outcome-unknown", summary, options);
  if (failure.code === "module-missing" || failure.code === "module-version") return new RemoteModulesError(failure.code, summary, options);
  if (failure.code === "protocol-error" && message.outcome === "not-run") {
    return new ProtocolError(failure.code, `the host could not read the request: ${failure.message}`, { ...options, stage: "request" });
  }
  if (failure.code === "protocol-mismatch") return new ProtocolError(failure.code, summary, options);
  if (notSetup.has(failure.code)) {
    return new RemoteNotSetupError(failure.code, summary, { ...options, lastLines: lastLines(reply.stderr.bytes) });
  }
  return new RemoteExecError(failure.code, summary, {
    ...options,
    outcome: message.outcome,
    remote: failure,
    stdout: outputText(reply.stdout),
    stderr: outputText(reply.stderr),
    output: { stdout: reply.stdout.bytes, stderr: reply.stderr.bytes },
    exitCode: message.exitCode,
    signal: message.signal,
    cause: ownCause(failure, thrown) ?? (failure.code === "raised" ? remoteCause(failure) : undefined),
  });
}

/** A call that was not run because one among its arguments gave no value; `cause` is what that one rejected with. */
export function dependencyFailed(cause: unknown, { what, host, callId }: FailedCall, told?: Failure): RemoteExecError {
  const why = cause instanceof Error ? cause.message : told?.message;
  const message = `a call among its arguments gave no value: ${why?.split("\n", 1)[0] ?? "no reason given"}`;
  const remote: Failure = told ?? { code: "dependency-failed", stage: "arguments", message };
  if (remote.cause === undefined && cause instanceof RemoteExecError && cause.remote !== undefined) remote.cause = cause.remote;
  const options = { stage: "arguments", host, callId, outcome: "not-run", remote, cause } as const;
  return new RemoteExecError("dependency-failed", `${what} was not run: ${message}`, options);
}

/** What a callback of this program threw, where that is what the function ended with. */
function ownCause(failure: Failure, thrown: Thrown | undefined): unknown {
  const from = failure.type === "CallbackError" || failure.message === thrown?.message;
  return thrown !== undefined && from && failure.message.includes(thrown.message) ? thrown.error : undefined;
}

/** The remote exception's own cause chain as an Error, so that `console.log` and loggers walk it as they do local ones. */
function remoteCause(failure: Failure): unknown {
  const next = failure.cause ?? failure.context;
  if (next === undefined) return undefined;
  const error = new Error(next.message, { cause: remoteCause(next) });
  error.name = qualifiedType(next);
  error.stack = `${error.name}: ${next.message}${tracebackText(next)}`;
  return hostError(error);
}

function describeFailure(failure: Failure, what: string): string {
  const head = failure.type === undefined ? failure.message : `${qualifiedType(failure)}: ${failure.message}`;
  let text = failure.code === "raised" ? `${what} raised ${head}` : head.startsWith(what) ? head : `${what}: ${head}`;
  if (failure.names !== undefined && failure.names.length > 0) text += ` (${label(failure.code)}: ${failure.names.join(", ")})`;
  text += tracebackText(failure);
  for (const note of failure.notes ?? []) text += `\nnote: ${note}`;
  for (const [index, each] of (failure.exceptions ?? []).entries()) {
    text += `\nexception ${index + 1} of the group: ${qualifiedType(each)}: ${each.message}`;
  }
  return text;
}

function label(code: Code): string {
  return code === "function-not-found" ? "near names" : "tried";
}

function qualifiedType(failure: Failure): string {
  const type = failure.type ?? "Error";
  return failure.module === undefined || failure.module === "builtins" || failure.module === "" ? type : `${failure.module}.${type}`;
}

function tracebackText(failure: Failure): string {
  if (failure.frames === undefined || failure.frames.length === 0) return "";
  const lines = failure.frames.map((frame) => {
    const source = frame.source === null ? "" : `\n    ${frame.source}`;
    return `  ${frame.file}:${frame.line} in ${frame.function}${source}`;
  });
  return `\nremote traceback, outermost call first:\n${lines.join("\n")}`;
}
