/* What jobs are made with, waited for and ended with. */
import { type Signal, signals } from "./watchdog.ts";
import { checkOptionNames, type OptionNames, type Duration, given, InvalidArgumentError } from "@sremote/protocol";
import type { Host } from "./host.ts";
import type { Logger } from "./logger.ts";
import type { OutputMemory } from "./output-memory.ts";
import type { Ignorable } from "./process-record.ts";
import { checkAbortSignal } from "./wait-for.ts";

export interface JobSettings {
  readonly name: string;
  /** Default: the host's name, or that of the job. */
  readonly label?: string | undefined;
  readonly host: Host | undefined;
  readonly ignore: readonly Ignorable[];
  readonly output: "collect" | "live" | "discard";
  readonly outputLimit: number | undefined;
  /** What its output is kept in, with that of others. Default: one of its own. */
  readonly memory?: OutputMemory | undefined;
  readonly forceKillAfterDelay: number;
  /** Milliseconds from its start, reaching its host included; null: none. */
  readonly timeout: number | null;
  readonly logger: Logger | undefined;
  readonly outputInLog: number | undefined;
}

export interface WaitOptions {
  /** How long to wait, in milliseconds, or text with a unit. @default none: until it has ended */
  timeout?: Duration | null | undefined;
  /** Ends it when the timeout has passed. @default false */
  kill?: boolean | undefined;
  /** Aborting ends the waiting, not what is waited for: it rejects with the code `cancelled` at once. @default none */
  signal?: AbortSignal | undefined;
}

export interface KillOptions {
  /** Time from the signal to SIGKILL, in milliseconds, or text with a unit. @default what it was made with */
  forceKillAfterDelay?: Duration | undefined;
}

const ofWait: OptionNames<WaitOptions> = { timeout: true, kill: true, signal: true };
const ofKill: OptionNames<KillOptions> = { forceKillAfterDelay: true };

/** @throws InvalidArgumentError */
export function checkWaitOptions(options: WaitOptions): void {
  checkOptionNames(options, ofWait);
  checkAbortSignal(options.signal);
}

/** @throws InvalidArgumentError */
export function checkSignal(signal: unknown): void {
  if (!signals.includes(signal as Signal)) throw new InvalidArgumentError("signal", `one of ${signals.join(", ")}${given(signal)}`);
}

/** @throws InvalidArgumentError */
export function checkKill(signal: unknown, options: KillOptions): void {
  checkSignal(signal);
  checkOptionNames(options, ofKill);
}
