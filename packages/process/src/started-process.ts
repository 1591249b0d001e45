/* What is known of a command that has been started, however its connector starts it. */
import type { Writable } from "node:stream";
import type { PtySize } from "@sremote/connectors";
import type { SremoteError } from "@sremote/protocol";
import type { Environment } from "./environment.ts";
import type { Ended, Signal } from "./watchdog.ts";
import type { OutputChunk } from "./output.ts";

/** For a login shell's start-up files, in milliseconds. */
export const patience = 60_000;

export interface ExitStatus {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export interface StartedProcess {
  /** Absent where the command got its whole input with its start. */
  readonly stdin: Writable | undefined;
  /** When the host reports the end. Rejects with a SremoteError when it cannot any more. */
  readonly exited: Promise<ExitStatus>;
  /** When its output has been read, too. */
  readonly done: Promise<ExitStatus>;
  /**
   * Ends it with all below it: the signal, and SIGKILL for what is left after so many milliseconds. Resolves with what the host found then; undefined where
   * its end cannot be checked, and only the signal was sent.
   */
  end(signal: Signal, grace: number): Promise<Ended | undefined>;
  /** Resolves when the process has the signal, as far as the connector can tell. */
  signal(signal: Signal): Promise<unknown>;
  /** Closes its terminal, where it may have one. */
  hangUp?(): Promise<void>;
  /** Reads no more of its output. Unless the end was reported, it is lost with this error. */
  abandon(error: SremoteError): void;
}

export interface StartOptions {
  readonly watchdog: boolean;
  readonly pty: PtySize | undefined;
  /** Variables of the command. */
  readonly env: Environment | undefined;
  /** All of the input, or undefined where the caller writes. */
  readonly stdin: Uint8Array | undefined;
  /** Of each stream, where nothing comes before the end. */
  readonly outputLimit: number;
  /** Takes output; what it returns is waited for. Never rejects. */
  readonly deliver: (chunk: OutputChunk) => Promise<void>;
  /** Aborted: the command was cancelled before it started, and has not begun. */
  readonly signal: AbortSignal;
  /** What it is, for the messages of others that wait for its session. */
  readonly purpose: string;
  /** Told what the start waits for. */
  readonly onWait: (reason: string) => void;
}
