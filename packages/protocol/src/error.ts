/*
 * The error tree.
 *
 *   SremoteError                 code, stage, host, callId, hint, cause
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
import { hostLimits } from "./host-limits.ts";
import { hostText } from "./host-text.ts";
import type { Failure, Outcome } from "./message.ts";

export interface SremoteErrorOptions {
  /** What was being done: `connect`, `probe`, `deploy`, `request`, `import`, `call`, `result`, `push`, … */
  stage?: string | undefined;
  /** The connector's label, such as `ssh://me@host:22`. */
  host?: string | undefined;
  callId?: string | undefined;
  /** What to do about it, a sentence. */
  hint?: string | undefined;
  /** The last lines the host printed, where they help. */
  lastLines?: string | undefined;
  cause?: unknown;
}

/**
 * Base of every error this product throws. The message ends with host, last lines and hint, so that printing it tells all. Each of them may quote
 * a host, and so passes through {@link hostText}: no control sequence reaches a terminal, and none is longer than it says.
 */
export class SremoteError extends Error {
  override name = "SremoteError";
  readonly code: Code;
  readonly stage: string | undefined;
  readonly host: string | undefined;
  readonly callId: string | undefined;
  readonly hint: string | undefined;
  readonly lastLines: string | undefined;
  /** What happened, without host, last lines and hint. */
  readonly summary: string;

  constructor(code: Code, summary: string, options: SremoteErrorOptions = {}) {
    const shown = shownTexts(summary, options);
    super(describe(shown), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.summary = shown.summary;
    this.stage = options.stage;
    this.host = shown.host;
    this.callId = options.callId;
    this.hint = shown.hint;
    this.lastLines = shown.lastLines;
    keepQuiet(this, ["summary", "host", "hint", "lastLines"]);
  }

  /** The given error if it is one of ours, else one with the given code that has it as its cause. */
  static from(error: unknown, code: Code, options: SremoteErrorOptions = {}): SremoteError {
    if (error instanceof SremoteError) return error;
    const summary = error instanceof Error ? error.message : String(error);
    return new SremoteError(code, summary, { ...options, cause: error });
  }
}

export class InvalidArgumentError extends SremoteError {
  override name = "InvalidArgumentError";
  /**
   * @param argument which argument, as the caller knows it: `options.timeout`; without `expected`, the whole sentence
   * @param expected what it must be
   */
  constructor(argument: string, expected?: string, options: SremoteErrorOptions = {}) {
    super("invalid-argument", expected === undefined ? argument : `${argument}: expected ${expected}`, options);
  }
}
export class ConnectError extends SremoteError {
  override name = "ConnectError";
}
export class TransferError extends SremoteError {
  override name = "TransferError";
}
export class RemoteNotSetupError extends SremoteError {
  override name = "RemoteNotSetupError";
}
export class RemoteModulesError extends SremoteError {
  override name = "RemoteModulesError";
}
export class OutcomeUnknownError extends SremoteError {
  override name = "OutcomeUnknownError";
}
export class ProtocolError extends SremoteError {
  override name = "ProtocolError";
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
  override name = "RemoteExecError";
  readonly outcome: Outcome;
  readonly remote: Failure | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly #output: RemoteExecDetails["output"];

  constructor(code: Code, summary: string, details: RemoteExecDetails) {
    super(code, summary, details);
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

interface ShownTexts extends Pick<SremoteErrorOptions, "host" | "hint" | "lastLines"> {
  readonly summary: string;
}

function shownTexts(summary: string, { host, hint, lastLines }: SremoteErrorOptions): ShownTexts {
  return {
    summary: hostText(summary),
    host: host === undefined ? undefined : hostText(host),
    hint: hint === undefined ? undefined : hostText(hint, { limit: hostLimits.hint }),
    lastLines: lastLines === undefined ? undefined : hostText(lastLines, { limit: hostLimits.lastLines, keep: "end" }),
  };
}

function describe({ summary, ...options }: ShownTexts): string {
  let text = summary;
  if (options.host !== undefined) text += `\n  host: ${options.host}`;
  if (options.lastLines !== undefined && options.lastLines !== "") {
    text += `\n  last lines:\n${options.lastLines.replace(/^/gm, "    ")}`;
  }
  if (options.hint !== undefined) text += `\n  hint: ${options.hint}`;
  return text;
}

/** What the message already says, and what is absent, is not printed a second time by `console.log(error)`. It can be read as before. */
function keepQuiet(error: SremoteError, said: readonly string[]): void {
  for (const [name, value] of Object.entries(error)) {
    if (value === undefined || said.includes(name)) Object.defineProperty(error, name, { enumerable: false });
  }
}
