/* Anything thrown, as the failure of PROTOCOL.md. */
import { inspect } from "node:util";
import { limits, SremoteError, type Code, type Failure, type Stage } from "@sremote/protocol";
import { asOurs } from "../host/standard.ts";
import { failureCauses, failureExceptions, failureMember } from "../wire/limits.ts";
import { stackFrames, syntaxErrorFrame } from "./stack.ts";

const stages: readonly Stage[] = ["request", "setup", "import", "lookup", "arguments", "call", "result"];

/** What a function or a module's code threw: an Error, or anything else, since JavaScript throws any value. */
export function describeThrown(thrown: unknown, code: Code, stage: Stage): Failure {
  try {
    return asOurs(() => describe(thrown, code, stage, new Set(), failureCauses));
  } catch {
    // A Proxy whose traps throw, for instance.
    return { code, stage, type: typeof thrown, message: "threw something that cannot be described" };
  }
}

/** A failure of the endpoint's own making. */
export function describeRefusal(error: unknown, fallback: Code, stage: Stage): Failure {
  if (!(error instanceof SremoteError)) return { code: fallback, stage, message: cut(messageOf(error)) };
  const failure: Failure = { code: error.code, stage: stages.find((known) => known === error.stage) ?? stage, message: cut(error.message) };
  if (error.hint !== undefined) failure.hint = error.hint;
  return failure;
}

/** What programs decide by, of the members that errors commonly have. Others may hold secrets, or anything. */
const memberNames = [
  "errno",
  "code",
  "syscall",
  "path",
  "dest",
  "address",
  "port",
  "status",
  "statusCode",
  "statusText",
  "exitCode",
  "signal",
];

function membersOf(thrown: object): Pick<Failure, "members"> {
  const found: Record<string, string | number | boolean> = {};
  for (const name of memberNames) {
    const value = read(thrown, name);
    if (typeof value === "boolean" || Number.isSafeInteger(value)) found[name] = value as boolean | number;
    else if (typeof value === "string") found[name] = cut(value, failureMember);
  }
  return Object.keys(found).length === 0 ? {} : { members: found };
}

function describe(thrown: unknown, code: Code, stage: Stage, seen: Set<unknown>, causes: number): Failure {
  if (!isError(thrown)) {
    const kind = thrown === null || thrown === undefined ? "" : ` ${typeof thrown}`;
    const members = typeof thrown === "object" && thrown !== null ? membersOf(thrown) : {};
    return { code, stage, type: thrown === null ? "null" : typeof thrown, message: cut(`threw${kind}: ${messageOf(thrown)}`), ...members };
  }
  seen.add(thrown);
  const failure: Failure = { code, stage, type: typeOf(thrown), message: cut(textOf(thrown, "message") ?? ""), ...membersOf(thrown) };
  const stack = read(thrown, "stack");
  const frames = stackFrames(stack);
  const wrong = failure.type === "SyntaxError" ? syntaxErrorFrame(stack) : undefined;
  if (wrong !== undefined) frames.push(wrong);
  if (frames.length > 0) failure.frames = frames;
  const cause = read(thrown, "cause");
  if (cause !== undefined && causes > 0 && !seen.has(cause)) failure.cause = describe(cause, code, stage, seen, causes - 1);
  const errors = read(thrown, "errors");
  if (failure.type === "AggregateError" && Array.isArray(errors)) {
    failure.exceptions = errors
      .slice(0, failureExceptions)
      .filter((error) => !seen.has(error))
      .map((error) => describe(error, code, stage, seen, causes - 1));
  }
  return failure;
}

/** Errors of other realms (node:vm) are errors too. */
function isError(thrown: unknown): thrown is object {
  return thrown instanceof Error || Object.prototype.toString.call(thrown) === "[object Error]";
}

/** The class's own name where the class did not set `name`. */
function typeOf(error: object): string {
  const name = textOf(error, "name") ?? "Error";
  const constructor = read(error, "constructor");
  return name === "Error" && typeof constructor === "function" && constructor.name !== "" ? constructor.name : name;
}

function textOf(error: object, member: string): string | undefined {
  const value = read(error, member);
  return value === undefined ? undefined : messageOf(value);
}

/** A member of a user's object: its getter may throw. */
function read(object: object, member: string): unknown {
  try {
    return Reflect.get(object, member);
  } catch {
    return undefined;
  }
}

function messageOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.message;
  try {
    return inspect(value, { depth: 2, breakLength: 120 });
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** At most 64 KiB of UTF-8 would need a count of bytes; characters bound it well enough and never cut one in two. */
function cut(text: string, most: number = limits.failurePart): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
