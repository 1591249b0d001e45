/* What is wrong with the arguments and options of a call, said before anything is sent. */
import { Writable } from "node:stream";
import { given, InvalidArgumentError, unknownOption } from "@sremote/protocol";
import { checkEnvVariable, checkPositive, checkText, fromHome, isPlainObject } from "./check-values.ts";
import type { CallOptions, SplitArguments } from "./options.ts";

/** Whether a call has a deadline or a signal. */
export function hasLimits({ signal, timeout, queueTimeout }: CallOptions): boolean {
  return signal !== undefined || timeout !== undefined || queueTimeout !== undefined;
}

/** Checks the arguments of a call, throwing InvalidArgumentError for the first that is not as it must be. */
export function checkCall(module: unknown, fn: unknown, args: unknown, options: CallOptions): SplitArguments {
  checkText("module", module, "the name of a module");
  checkText("function", fn, "the name of a function in the module");
  checkOptions(options);
  if (options.isolation === "call") {
    if (options.workerName !== undefined) throw new InvalidArgumentError('options.workerName cannot be combined with isolation "call"');
    if (options.returns === "object")
      throw new InvalidArgumentError("options.returns", '"value" with isolation "call", because its process ends with the call');
  }
  if (options.objectTimeout !== undefined && options.returns !== "object")
    throw new InvalidArgumentError('options.objectTimeout needs returns "object"');
  return splitArguments(args, options.kwargs);
}

/** @throws InvalidArgumentError for what is neither a list nor an object, and for keywords in both */
export function splitArguments(args: unknown, kwargs: CallOptions["kwargs"]): SplitArguments {
  if (args === undefined || args === null) return { args: [], kwargs };
  if (Array.isArray(args)) return { args, kwargs };
  if (!isPlainObject(args)) {
    throw new InvalidArgumentError(
      "args",
      `an array of positional arguments or a plain object of keyword arguments${given(args, { secret: true })}`,
    );
  }
  if (kwargs !== undefined)
    throw new InvalidArgumentError("options.kwargs cannot be combined with args that is an object of keyword arguments itself");
  return { args: [], kwargs: args };
}

const optionChecks: Record<keyof CallOptions | "onlyIfUnset" | "name", (name: string, value: unknown) => void> = {
  runtime: (name, value) => {
    if (value !== "python" && value !== "node") throw new InvalidArgumentError(name, `"python" or "node"${given(value)}`);
  },
  kwargs: (name, value) => {
    if (!isPlainObject(value)) throw new InvalidArgumentError(name, `a plain object of keyword arguments${given(value, { secret: true })}`);
  },
  loginEnv: checkBoolean,
  onlyIfUnset: checkBoolean,
  name: (name, value) => checkText(name, value, "a name"),
  env: (name, value) => {
    if (!isPlainObject(value)) throw new InvalidArgumentError(name, `an object of strings${given(value, { secret: true })}`);
    for (const [key, text] of Object.entries(value)) checkEnvVariable(`${name}.${key}`, key, text);
  },
  cwd: (name, value) => void fromHome(name, value),
  timeout: (name, value) => checkPositive(name, value, "a positive number of milliseconds"),
  queueTimeout: (name, value) => checkPositive(name, value, "a positive number of milliseconds"),
  idleTimeout: (name, value) => checkPositive(name, value, "a positive number of milliseconds"),
  objectTimeout: (name, value) => checkPositive(name, value, "a positive number of milliseconds"),
  prefetch: checkCount("a number of items, 0 or more"),
  stdout: checkHandling,
  stderr: checkHandling,
  isolation: (name, value) => {
    if (value !== "call" && value !== "worker") throw new InvalidArgumentError(name, `"call" or "worker"${given(value)}`);
  },
  workerName: (name, value) => checkText(name, value, "the name of a process"),
  returns: (name, value) => {
    if (value !== "value" && value !== "object") throw new InvalidArgumentError(name, `"value" or "object"${given(value)}`);
  },
  signal: (name, value) => {
    if (!(value instanceof AbortSignal)) throw new InvalidArgumentError(name, `an AbortSignal${given(value)}`);
  },
  outputLimit: checkCount("a number of bytes, 0 or more"),
  naiveTimeZone: (name, value) => checkText(name, value, 'a zone such as "UTC", "local", "+02:00" or "Europe/Berlin"'),
  id: (name, value) => {
    if (typeof value !== "string" || !/^[0-9a-f]{32}$/.test(value))
      throw new InvalidArgumentError(name, `32 lower-case hex digits${given(value)}`);
  },
};

const ofOthers = ["onlyIfUnset", "name"];
/** Names of the options of calls. */
export const ofCall: readonly string[] = Object.keys(optionChecks).filter((name) => !ofOthers.includes(name));

function checkCount(what: string): (name: string, value: unknown) => void {
  return (name, value) => {
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw new InvalidArgumentError(name, `${what}${given(value)}`);
  };
}

function checkHandling(name: string, value: unknown): void {
  if (value === "collect" || value === "discard" || value instanceof Writable) return;
  const sink = (value ?? {}) as { write?: unknown };
  if (typeof sink.write !== "function")
    throw new InvalidArgumentError(name, `"collect", "discard", a writable stream or an object with write(chunk)${given(value)}`);
}

function checkBoolean(name: string, value: unknown): void {
  if (typeof value !== "boolean") throw new InvalidArgumentError(name, `true or false${given(value)}`);
}

/** Checks options of which only these are known: all of a call's, or some of them. */
export function checkOptions(options: unknown, known: readonly string[] = ofCall): asserts options is CallOptions {
  if (!isPlainObject(options)) throw new InvalidArgumentError("options", `an object${given(options)}`);
  for (const [key, value] of Object.entries(options)) {
    if (!known.includes(key)) throw unknownOption("options", key, known);
    if (value !== undefined) optionChecks[key as keyof typeof optionChecks](`options.${key}`, value);
  }
}
