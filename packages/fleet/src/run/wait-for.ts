/* Waiting for several runs. */
import { checkOptionNames, InvalidArgumentError, type OptionNames } from "@sremote/protocol";
import { checkAbortSignal, waitFor } from "@sremote/process";
import { type Duration, parseDuration } from "../time/index.ts";
import type { Run } from "./run.ts";

export interface WaitForOptions {
  /** How long to wait, in milliseconds, or text with a unit. @default none */
  timeout?: Duration | null | undefined;
  /** Aborting ends the waiting, not the runs: it rejects with the code `cancelled` at once. @default none */
  signal?: AbortSignal | undefined;
}

const optionNames: OptionNames<WaitForOptions> = { timeout: true, signal: true };

/**
 * Waits until one of them has ended, or the time has passed. Returns those that have ended. The others go on.
 *
 * @example
 * ```ts
 * import { firstOf, fleet } from "sremote/fleet";
 *
 * await using nodes = fleet("node[1-3]");
 * const ended = await firstOf([nodes.run("sleep 1"), nodes.run("sleep 9")], { timeout: "5s" });
 * ```
 */
export function firstOf<R extends Run>(runs: readonly R[], options: WaitForOptions = {}): Promise<R[]> {
  return waitForRuns(runs, options, "firstOf", (ends) => Promise.race(ends));
}

/**
 * Waits until all of them have ended, or the time has passed. Returns those that have ended.
 *
 * @example
 * ```ts
 * import { allOf, fleet } from "sremote/fleet";
 *
 * await using nodes = fleet("node[1-3]");
 * await allOf([nodes.run("make a"), nodes.run("make b")], { signal: AbortSignal.timeout(60_000) });
 * ```
 */
export function allOf<R extends Run>(runs: readonly R[], options: WaitForOptions = {}): Promise<R[]> {
  return waitForRuns(runs, options, "allOf", (ends) => Promise.all(ends));
}

function isRun(run: Partial<Run> | null | undefined): boolean {
  return typeof run?.untilEnded === "function";
}

async function waitForRuns<R extends Run>(
  runs: readonly R[],
  options: WaitForOptions,
  stage: string,
  combine: (ends: Promise<unknown>[]) => Promise<unknown>,
): Promise<R[]> {
  if (!Array.isArray(runs) || !runs.every(isRun)) throw new InvalidArgumentError("runs", "a list of Runs");
  checkOptionNames(options, optionNames);
  const { signal } = options;
  checkAbortSignal(signal);
  const milliseconds = parseDuration(options.timeout, { argument: "options.timeout" });
  if (runs.length > 0) await waitFor(combine(runs.map((run) => run.untilEnded())), { milliseconds, signal, stage });
  return runs.filter(({ ended }) => ended);
}
