import { InvalidArgumentError, unknownOption, given } from "@sremote/protocol";
import { Writable } from "node:stream";
import type { OutputHandling } from "./output.ts";

export type Runtime = "python" | "node";

/** Positional arguments as an array, or keyword arguments as a plain object. */
export type CallArguments = readonly unknown[] | Readonly<Record<string, unknown>>;

export interface CallOptions {
  /** Which endpoint runs the function. @default the client's, which is `python` */
  runtime?: Runtime | undefined;
  /**
   * Keyword arguments beside a list of positional ones. A Node function gets them as one object after the positional ones.
   *
   * @default none
   */
  kwargs?: Readonly<Record<string, unknown>> | undefined;
  /** Loads the user's login environment (`.profile` and the like) first. @default false */
  loginEnv?: boolean | undefined;
  /** Variables for this call, over the registered ones. In place before the interpreter starts. @default none */
  env?: Readonly<Record<string, string>> | undefined;
  /**
   * Working directory on the host, created when missing; relative to the home directory.
   *
   * @default the client's `pwdDir`, else the home directory
   */
  cwd?: string | undefined;
  /**
   * Deadline in milliseconds, from the call: connecting, starting and waiting for a worker count. The function is then interrupted, and killed 1 s later; the call
   * rejects with the code `timeout`, and its `outcome` says whether it may have run. @default none
   */
  timeout?: number | undefined;
  /** Deadline in milliseconds, from the call, until a worker takes it; then it rejects with the code `timeout`, stage `queue`. @default none */
  queueTimeout?: number | undefined;
  /** Deadline in milliseconds without output, items or callbacks while the function runs. @default none */
  idleTimeout?: number | undefined;
  /**
   * Aborting ends the function on the host; the call rejects with the code `cancelled` within 100 ms, whether or not the host has said so.
   *
   * @default none
   */
  signal?: AbortSignal | undefined;
  /** Bytes of stdout and of stderr that are kept, each. What is cut off is told in the result. @default 64 MiB */
  outputLimit?: number | undefined;
  /**
   * What becomes of stdout: `collect` it for the result, `discard` it, or pass it on as it comes to a stream or `{write(chunk)}`.
   *
   * @default `collect`
   */
  stdout?: OutputHandling | undefined;
  /** What becomes of stderr, as for `stdout`. @default `collect` */
  stderr?: OutputHandling | undefined;
  /**
   * `call`: a process of its own for this call. `worker`: a warm process in which modules stay loaded and module state is shared.
   *
   * @default `worker`
   */
  isolation?: "call" | "worker" | undefined;
  /** Name of a process that this call shares with all others of the same name, and with none else. @default none: any worker */
  workerName?: string | undefined;
  /** `value`: the result itself. `object`: it stays on the host and a RemoteObject stands for it. @default `value` */
  returns?: "value" | "object" | undefined;
  /** With `returns: "object"`: milliseconds without use after which the host forgets the object. @default none */
  objectTimeout?: number | undefined;
  /** Of a generator's items, how many are asked for ahead of the loop. @default 0: the generator makes one when the loop wants it */
  prefetch?: number | undefined;
  /** Zone of datetimes that have none: `UTC`, `local`, `+02:00` or an IANA name. Without it they are an error. @default none */
  naiveTimeZone?: string | undefined;
  /** Call id, 32 lower-case hex digits. A call repeated with the same id and arguments never runs twice. @default random */
  id?: string | undefined;
}

/** Options with which the result stays on the host. */
export type ReturnsObject = CallOptions & { returns: "object" };

export interface SplitArguments {
  args: readonly unknown[];
  kwargs: Readonly<Record<string, unknown>> | undefined;
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

const optionChecks: Record<keyof CallOptions | "onlyIfUnset", (name: string, value: unknown) => void> = {
  runtime: (name, value) => {
    if (value !== "python" && value !== "node") throw new InvalidArgumentError(name, `"python" or "node"${given(value)}`);
  },
  kwargs: (name, value) => {
    if (!isPlainObject(value)) throw new InvalidArgumentError(name, `a plain object of keyword arguments${given(value, { secret: true })}`);
  },
  loginEnv: checkBoolean,
  onlyIfUnset: checkBoolean,
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

const ofCall = Object.keys(optionChecks).filter((name) => name !== "onlyIfUnset");

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

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** A non-empty string of whole characters (half a surrogate pair is none in UTF-8) without NUL (no host can take one in a path or a name). */
export function checkText(name: string, value: unknown, what: string): asserts value is string {
  if (typeof value !== "string" || value === "" || value.includes("\0") || !value.isWellFormed()) {
    throw new InvalidArgumentError(name, `${what}, a non-empty string without NUL${given(value)}`);
  }
}

/** A path that the host resolves against the home directory: `~`, `~/x`, `x` and `/x` are all fine. */
export function fromHome(argument: string, path: unknown): string {
  checkText(argument, path, "a path on the host");
  if (path === "~") return ".";
  if (path.startsWith("~/")) return path.replace(/^~\/+/, "") || ".";
  if (path.startsWith("~")) throw new InvalidArgumentError(argument, `a path without ~user (only ~ and ~/… are expanded)${given(path)}`);
  return path;
}

export function checkPositive(name: string, value: unknown, what: string): asserts value is number {
  if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError(name, `${what}${given(value)}`);
}

/** POSIX allows any name without `=` and NUL; names that a shell could not pass on are refused as mistakes. The value is never quoted in the error. */
export function checkEnvVariable(argument: string, name: unknown, value: unknown, valueArgument: string = argument): void {
  if (typeof name !== "string" || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new InvalidArgumentError(argument, "a name of letters, digits and _ that does not begin with a digit");
  }
  if (typeof value !== "string" || value.includes("\0") || !value.isWellFormed()) {
    throw new InvalidArgumentError(valueArgument, "a string without NUL");
  }
}
