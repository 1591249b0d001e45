/* The seam between "what to do on a host" and "how to reach it". */
import { checkString } from "@sremote/protocol";
import type { Readable, Writable } from "node:stream";

/** An argument vector, quoted by the connector where a shell is in the way, or an explicit shell script. */
export type Command = readonly [string, ...string[]] | ShellScript;

/** A script for the host's POSIX `sh`. Made by {@link shell}, so that nothing becomes one by accident. */
export interface ShellScript {
  readonly shell: string;
}

/**
 * Makes a command of a script for the host's POSIX `sh`. An argument vector needs no such thing.
 *
 * @example
 * ```ts
 * import { shell, ssh } from "sremote";
 *
 * const { stdout } = await ssh("me@gpu.example.org").exec(shell("df -h | head -3"));
 * ```
 */
export function shell(script: string): ShellScript {
  checkString(script, "script");
  return { shell: script };
}

export interface OperationOptions {
  /** Aborting ends the operation and, for `exec`, the remote command; the promise rejects with the code `cancelled`. @default none */
  signal?: AbortSignal | undefined;
  /** Deadline in milliseconds from now; then the promise rejects with the code `timeout`. @default none */
  timeout?: number | undefined;
}

export interface ExecOptions extends OperationOptions {
  /** Bytes for standard input, which is closed after them. Only where the connector's `acceptsStdin` is true. @default empty input */
  stdin?: Uint8Array | readonly Uint8Array[] | undefined;
  /**
   * Bytes of each of stdout and stderr to keep; more is read and dropped, and `truncated` is set.
   *
   * @default 1 GiB for stdout, 1 MiB for stderr
   */
  outputLimit?: number | undefined;
  /**
   * Called once, before the command can read anything of `stdin`, by connectors whose `announcesInput` is true. A command that fails, is
   * aborted or runs out of time before that never gets its input.
   *
   * @default none
   */
  onInput?: (() => void) | undefined;
}

export interface ExecResult {
  /** 0–255, or null when a signal ended the command. */
  exitCode: number | null;
  /** Such as `SIGKILL`; null after a normal exit. */
  signal: string | null;
  stdout: Uint8Array;
  stderr: Uint8Array;
  /** True when `outputLimit` cut one of them. */
  truncated?: boolean;
}

export interface TransferOptions extends OperationOptions {
  /** Permission bits of the file that is written. @default 0o600 */
  mode?: number | undefined;
  /** Called with the bytes moved so far. @default none */
  onProgress?: ((bytes: number) => void) | undefined;
}

/** What to push: bytes, or a local file. */
export type PushSource = Uint8Array | { readonly path: string };

/** Where pulled bytes go: a local file (appears whole or not at all), or a function that is called with each chunk and awaited. */
export type PullSink = { readonly path: string } | { write(chunk: Uint8Array): void | Promise<void> };

/** The size of a terminal. */
export interface PtySize {
  readonly rows: number;
  readonly columns: number;
}

export interface SpawnOptions extends OperationOptions {
  /**
   * A terminal for the process: what it writes to stderr comes on stdout, and line breaks are `\r\n`. Connectors that have no terminals
   * reject with the code `unsupported`.
   *
   * @default none
   */
  pty?: PtySize | undefined;
  /**
   * Called once when the start has to wait for others to end, with what it waits for, such as a session of the connection.
   *
   * @default none
   */
  onWait?: ((reason: string) => void) | undefined;
  /** What it is, for the messages of others that wait for its session: `a session of calls`. @default the name of its program */
  purpose?: string | undefined;
}

/** A live process on the host. */
export interface SpawnedProcess extends AsyncDisposable {
  /** After a write's callback has run, its buffer may be reused. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** How it ended. Rejects with a `ConnectError` (`connection-lost`) when the link ended first. */
  readonly exit: Promise<{ exitCode: number | null; signal: string | null }>;
  /** Sends a signal to the process; resolves when it is sent. */
  kill(signal?: "SIGTERM" | "SIGKILL" | "SIGINT" | "SIGHUP"): Promise<void>;
}

/**
 * How to reach one host.
 *
 * Rules, all checked by `checkConnector`:
 * - A command's exit status is the command's, 255 included; trouble with the link rejects with a `ConnectError`.
 * - `stdout` and `stderr` are exact bytes.
 * - `push` writes under a temporary name, verifies size and SHA-256, then renames: a file appears whole or not at all, at a path whose
 *   directory exists. `pull` verifies in the same way. Failures are `TransferError`s.
 * - Remote paths are absolute, or begin with `~/` for the home directory: any bytes but NUL. They are strings, sent as UTF-8; a byte that is not part of valid UTF-8 is the lone surrogate
 *   U+DC00 + byte, as in Python's `os.fsdecode`. The same holds for arguments and local paths. `fromBytes` and `toBytes` convert.
 * - A deadline that passes and an abort reject with a plain `SremoteError` (`timeout`, `cancelled`), in every method alike.
 * - A command has ended when it has exited and its stdout and stderr are closed, as with `ssh`. A program that does not exist is exit code 127.
 * - Every method may be called at any time and concurrently; a connector connects when first used and again after a lost link.
 */
export interface Connector extends AsyncDisposable {
  /** Such as `ssh://me@host:22`, for errors and logs. Holds no secret. */
  readonly label: string;
  /** Whether `exec` takes standard input and returns standard output exactly and unbounded. False means: files only. */
  readonly acceptsStdin: boolean;
  /**
   * Whether `exec` calls `onInput`. A call that is ended before that is known not to have run; without it, a call may have run from the moment
   * `exec` is called. Default false.
   */
  readonly announcesInput?: boolean | undefined;
  exec(command: Command, options?: ExecOptions): Promise<ExecResult>;
  push(source: PushSource, remotePath: string, options?: TransferOptions): Promise<void>;
  pull(remotePath: string, sink: PullSink, options?: TransferOptions): Promise<void>;
  /** Starts a live process. The options concern the start; `kill` or disposing ends a process that runs. */
  spawn?(command: Command, options?: SpawnOptions): Promise<SpawnedProcess>;
  /** Whether the host can be reached and takes the credentials. Never rejects for that reason. */
  status(options?: OperationOptions): Promise<ConnectorStatus>;
  /** Ends connections and live processes. A closed connector's methods reject with the code `closed`. */
  close(): Promise<void>;
}

export interface ConnectorStatus {
  ok: boolean;
  /** One sentence: what was found. */
  message: string;
  /** Why not, when `ok` is false. */
  error?: Error;
}
