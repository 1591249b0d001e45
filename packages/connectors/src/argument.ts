/* Checks of what a caller hands to a connector, before anything happens. */
import { InvalidArgumentError, SremoteError, checkOptionNames, type OptionNames, given } from "@sremote/protocol";
import { toBytes } from "./byte-string.ts";
import type { OwnOptions } from "./own-options.ts";
import type {
  Command,
  Connector,
  ExecOptions,
  OperationOptions,
  PullSink,
  PushSource,
  SpawnOptions,
  TransferOptions,
} from "./connector.ts";

/** @throws InvalidArgumentError with what it has not */
export function checkConnectorShape(connector: unknown, argument = "connector"): asserts connector is Connector {
  const shape = connector as Partial<Connector> | null | undefined;
  for (const name of ["exec", "push", "pull", "status", "close"] as const) {
    if (typeof shape?.[name] !== "function") {
      throw new InvalidArgumentError(
        argument,
        `a connector such as ssh("me@host") or local(), but has no function ${name}; createConnector() adds missing ones`,
      );
    }
  }
  if (typeof shape?.label !== "string")
    throw new InvalidArgumentError(argument, 'a connector such as ssh("me@host") or local(), but has no label');
}

export function checkCommand(command: Command): void {
  if (Array.isArray(command)) {
    if (command.length === 0 || command[0] === "") throw new InvalidArgumentError("command", "an array that begins with a program's name");
    for (const [index, argument] of (command as readonly unknown[]).entries()) checkText(argument, `command[${index}]`);
  } else if (typeof command === "object" && command !== null && "shell" in command) {
    checkText(command.shell, "command.shell");
  } else {
    throw new InvalidArgumentError("command", `a non-empty array of strings, or shell(…)${given(command, { secret: true })}`);
  }
}

/** What operations hand to each other, beside what callers may say. */
const own: OptionNames<Omit<OwnOptions, keyof OperationOptions>> = { later: true, waitsFor: true, inputSize: true };
const ofOperations: OptionNames<OwnOptions> = { signal: true, timeout: true, ...own };
const ofExec: OptionNames<ExecOptions & OwnOptions> = { ...ofOperations, stdin: true, outputLimit: true, onInput: true };
const ofSpawn: OptionNames<SpawnOptions & OwnOptions> = { ...ofOperations, pty: true, onWait: true, purpose: true };
const ofTransfers: OptionNames<TransferOptions & OwnOptions> = { ...ofOperations, mode: true, onProgress: true };

/** Of operations that take no more than these. */
export function checkOperationOptions(options: OperationOptions): void {
  checkDeadline(options);
  checkOptionNames(options, ofOperations);
}

/** Signal and deadline alone, beside which there may be other options. */
export function checkDeadline(options: OperationOptions): void {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError("options", `an object${given(options)}`);
  const { signal, timeout } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new InvalidArgumentError("options.signal", `an AbortSignal${given(signal)}`);
  if (timeout !== undefined && !(typeof timeout === "number" && timeout >= 0)) {
    throw new InvalidArgumentError("options.timeout", `a number of milliseconds, 0 or more${given(timeout)}`);
  }
}

/** Milliseconds after which something is over, of any number: timers for it are `DeadlineTimer`s. */
export const isDeadline = (value: unknown): boolean => typeof value === "number" && value >= 1;

/** Milliseconds between things that happen again and again. Timers of Node with more would fire a thousand times a second. */
export const isInterval = (value: unknown): boolean => typeof value === "number" && value >= 0 && value <= 2 ** 31 - 1;
export const keepaliveTimes: string = "a number of milliseconds from 0 to 2147483647 (24.8 days)";

export function checkExecOptions(options: ExecOptions): void {
  checkDeadline(options);
  checkOptionNames(options, ofExec);
  const { stdin, outputLimit, onInput } = options;
  if (stdin !== undefined && !(stdin instanceof Uint8Array) && !(Array.isArray(stdin) && stdin.every((one) => one instanceof Uint8Array))) {
    throw new InvalidArgumentError("options.stdin", `a Uint8Array or an array of them${given(stdin, { secret: true })}`);
  }
  if (outputLimit !== undefined && !(Number.isInteger(outputLimit) && outputLimit >= 0)) {
    throw new InvalidArgumentError("options.outputLimit", `a number of bytes, 0 or more${given(outputLimit)}`);
  }
  if (onInput !== undefined && typeof onInput !== "function")
    throw new InvalidArgumentError("options.onInput", `a function${given(onInput)}`);
}

export function checkSpawnOptions(options: SpawnOptions): void {
  checkDeadline(options);
  checkOptionNames(options, ofSpawn);
  const { pty, onWait, purpose } = options;
  if (onWait !== undefined && typeof onWait !== "function") throw new InvalidArgumentError("options.onWait", `a function${given(onWait)}`);
  if (purpose !== undefined) checkText(purpose, "options.purpose");
  if (pty === undefined) return;
  const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 0xffff;
  if (typeof pty !== "object" || pty === null || !isCount(pty.rows) || !isCount(pty.columns)) {
    throw new InvalidArgumentError("options.pty", "{rows, columns}, each from 1 to 65535");
  }
}

/** For connectors that have no terminals. */
export function refusePty(options: SpawnOptions, label: string): void {
  checkSpawnOptions(options);
  if (options.pty === undefined) return;
  throw new SremoteError("unsupported", "this connector cannot give processes a terminal", { stage: "spawn", host: label });
}

export function checkTransferOptions(options: TransferOptions): void {
  checkDeadline(options);
  checkOptionNames(options, ofTransfers);
  const { mode, onProgress } = options;
  if (mode !== undefined && !(Number.isInteger(mode) && mode >= 0 && mode <= 0o7777)) {
    throw new InvalidArgumentError("options.mode", `permission bits from 0 to 0o7777${given(mode)}`);
  }
  if (onProgress !== undefined && typeof onProgress !== "function")
    throw new InvalidArgumentError("options.onProgress", `a function${given(onProgress)}`);
}

/** A path on the host: absolute or below the home directory, so that it can neither be an option nor depend on a working directory. */
export function checkRemotePath(path: string): void {
  checkText(path, "remotePath");
  if (!path.startsWith("/") && !path.startsWith("~/")) {
    throw new InvalidArgumentError("remotePath", `an absolute path, or one that begins with ~/${given(path)}`);
  }
  if (/\/\.{0,2}$/.test(path)) throw new InvalidArgumentError("remotePath", `a path that ends in a file's name${given(path)}`);
}

export function checkSource(source: PushSource): void {
  if (source instanceof Uint8Array) return;
  if (typeof source !== "object" || source === null || !("path" in source)) {
    throw new InvalidArgumentError("source", `a Uint8Array or {path} of a local file${given(source, { secret: true })}`);
  }
  checkLocalPath(source.path, "source.path");
}

export function checkSink(sink: PullSink): void {
  if (typeof sink === "object" && sink !== null) {
    if ("path" in sink) return checkLocalPath(sink.path, "sink.path");
    if ("write" in sink && typeof sink.write === "function") return;
  }
  throw new InvalidArgumentError("sink", `{path} of a local file or {write(chunk)}${given(sink)}`);
}

function checkLocalPath(path: unknown, argument: string): void {
  checkText(path, argument);
  if (path === "") throw new InvalidArgumentError(argument, "a non-empty path");
}

function checkText(text: unknown, argument: string): asserts text is string {
  if (typeof text !== "string" || text.includes("\0"))
    throw new InvalidArgumentError(argument, `a string without NUL${given(text, { secret: true })}`);
  toBytes(text, argument);
}
