/*
 * The error tree.
 *
 *   SremoteError                 code, stage, host, callId, hint, lastLines, details, cause
 *   ├─ InvalidArgumentError      also a TypeError in spirit: nothing was sent
 *   ├─ ConnectError              the host could not be reached, or the link was lost
 *   ├─ TransferError             a push or pull did not complete
 *   ├─ RemoteNotSetupError       no endpoint, no interpreter, no place for it
 *   ├─ RemoteModulesError        a registered module is missing or of another version; an install failed
 *   ├─ RemoteExecError           the call did not return a value: raised, killed, timeout, not found …
 *   ├─ OutcomeUnknownError       the call may have run
 *   └─ ProtocolError             bytes that are not a message, or of another version, or past a limit
 */
import type { Code } from "./code.ts";
import { textLimits } from "./text-limits.ts";
import { hostText } from "./host-text.ts";
import type { Failure, Outcome } from "./message.ts";

const inspectCustom = Symbol.for("nodejs.util.inspect.custom");

export interface SremoteErrorOptions {
  /** What was being done: `connect`, `probe`, `deploy`, `request`, `import`, `call`, `result`, `push`, …. @default none */
  stage?: string | undefined;
  /** The connector's label, such as `ssh://me@host:22`. @default none */
  host?: string | undefined;
  /** Id of the call, 32 hexadecimal digits. @default none */
  callId?: string | undefined;
  /** What to do about it, a sentence. @default none */
  hint?: string | undefined;
  /** The last lines the host printed, where they help. @default none */
  lastLines?: string | undefined;
  /** What stands behind it. @default none */
  cause?: unknown;
}

/**
 * Base of every error this product throws. `message` says on one line what happened; {@link details} says the rest, and `console.log(error)` prints
 * both. Each text may quote a host, and so passes through {@link hostText}: no control sequence reaches a terminal, and none is longer than it says.
 */
export class SremoteError extends Error {
  /** One of the closed list; docs/errors.md says of each the cause, the cure and the texts. */
  readonly code: Code;
  readonly stage: string | undefined;
  readonly host: string | undefined;
  readonly callId: string | undefined;
  readonly hint: string | undefined;
  readonly lastLines: string | undefined;
  /** What `message` does not say, line by line: the remote traceback, the host, its last lines, the hint. Empty if there is nothing to add. */
  readonly details: string;
  /** What followed the first line of the text. */
  readonly #more: string;

  /** @param text what happened; its first line becomes the message, the others the beginning of {@link details} */
  constructor(code: Code, text: string, options: SremoteErrorOptions = {}) {
    const [message, ...more] = hostText(text).split("\n");
    const { stage, host, callId, hint, lastLines, cause } = options ?? {};
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.stage = stage;
    this.host = host === undefined ? undefined : hostText(host);
    this.callId = callId;
    this.hint = hint === undefined ? undefined : hostText(hint, { limit: textLimits.hint });
    this.lastLines = lastLines === undefined ? undefined : hostText(lastLines, { limit: textLimits.lastLines, keep: "end" });
    this.#more = more.join("\n");
    this.details = this.detailsWith({});
    keepQuiet(this, ["host", "hint", "lastLines"]);
    if (this.details === "") keepQuiet(this, ["details"]);
  }

  override get name(): string {
    return "SremoteError";
  }

  /** The {@link details} with another host or hint, for a program whose users know others: a command line names its own options. */
  detailsWith(others: { host?: string | undefined; hint?: string | undefined }): string {
    const { host = this.host, hint = this.hint } = others ?? {};
    return [this.#more, host && `host: ${host}`, this.lastLines && `last lines:\n${indent(this.lastLines)}`, hint && `hint: ${hint}`]
      .filter(Boolean)
      .join("\n");
  }

  /** The given error if it is one of ours, else one with the given code that has it as its cause. */
  static from(error: unknown, code: Code, options: SremoteErrorOptions = {}): SremoteError {
    if (error instanceof SremoteError) return error;
    return new SremoteError(code, error instanceof Error ? error.message : String(error), { ...options, cause: error });
  }

  /** A log of JSON shows what a person would read, without output, stack and cause. */
  toJSON(): object {
    return Object.assign({ name: this.name, message: this.message }, this);
  }

  static {
    Object.defineProperty(this.prototype, inspectCustom, { value: inspectError });
  }
}

export class InvalidArgumentError extends SremoteError {
  override get name(): string {
    return "InvalidArgumentError";
  }
  /**
   * @param argument which argument, as the caller knows it: `options.timeout`; without `expected`, the whole sentence
   * @param expected what it must be
   */
  constructor(argument: string, expected?: string, options: SremoteErrorOptions = {}) {
    super("invalid-argument", expected === undefined ? argument : `${argument} must be ${expected}`, options);
  }
}
export class ConnectError extends SremoteError {
  override get name(): string {
    return "ConnectError";
  }
}
export class TransferError extends SremoteError {
  override get name(): string {
    return "TransferError";
  }
}
export class RemoteNotSetupError extends SremoteError {
  override get name(): string {
    return "RemoteNotSetupError";
  }
}
export class RemoteModulesError extends SremoteError {
  override get name(): string {
    return "RemoteModulesError";
  }
}
export class OutcomeUnknownError extends SremoteError {
  override get name(): string {
    return "OutcomeUnknownError";
  }
}
export class ProtocolError extends SremoteError {
  override get name(): string {
    return "ProtocolError";
  }
}

export interface RemoteExecDetails extends SremoteErrorOptions {
  outcome: Outcome;
  remote?: Failure | undefined;
  stdout?: string | undefined;
  stderr?: string | undefined;
  output?: { readonly stdout: Uint8Array; readonly stderr: Uint8Array } | undefined;
  exitCode?: number | undefined;
  signal?: string | undefined;
}

/** A call that did not return a value. `remote` is what the host said of it; `stdout` and `stderr` what it had printed. */
export class RemoteExecError extends SremoteError {
  override get name(): string {
    return "RemoteExecError";
  }
  readonly outcome: Outcome;
  readonly remote: Failure | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly #output: RemoteExecDetails["output"];

  constructor(code: Code, text: string, details: RemoteExecDetails) {
    if (typeof details !== "object" || details === null) throw new InvalidArgumentError("details", "an object with an outcome");
    super(code, text, details);
    this.outcome = details.outcome;
    this.remote = details.remote;
    this.stdout = details.stdout ?? "";
    this.stderr = details.stderr ?? "";
    this.exitCode = details.exitCode;
    this.signal = details.signal;
    keepQuiet(this, ["remote", "stdout", "stderr"]);
    this.#output = details.output;
  }

  /** What it had printed, as exact bytes; undefined when the host could not tell. Not enumerable, so that logs are not filled with it. */
  get output(): RemoteExecDetails["output"] {
    return this.#output;
  }
}

/** `console.log(error)`: the details come below the message, as lines, not as a member in quotes. */
function inspectError(this: SremoteError, _depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
  const { details, stack = String(this) } = this;
  const at = stack.startsWith(String(this)) ? String(this).length : stack.length;
  const shown: unknown = Object.create(Object.getPrototypeOf(this) as object, {
    ...Object.getOwnPropertyDescriptors(this),
    details: { value: details },
    [inspectCustom]: { value: undefined },
    stack: { value: details === "" ? stack : `${stack.slice(0, at)}\n${indent(details)}${stack.slice(at)}` },
  });
  return inspect(shown, options);
}

const indent = (text: string): string => text.replace(/^/gm, "  ");

/** What the details already say, and what is absent, is not printed a second time by `console.log(error)`. It can be read as before. */
function keepQuiet(error: SremoteError, said: readonly string[]): void {
  for (const [name, value] of Object.entries(error)) {
    if (value === undefined || said.includes(name)) Object.defineProperty(error, name, { enumerable: false });
  }
}
