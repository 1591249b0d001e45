import type { Output } from "./output.ts";

/** What every command has at hand. */
export interface Context {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}
