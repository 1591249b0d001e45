/* Waiting for several runs. */
import { checkOptionNames, type OptionNames } from "@sremote/protocol";
import { settledWithin } from "@sremote/connectors";
import { type Duration, parseDuration } from "../time/index.ts";
import type { Run } from "./run.ts";

export interface WaitForOptions {
  /** Default: none. */
  timeout?: Duration | null | undefined;
}

const optionNames: OptionNames<WaitForOptions> = { timeout: true };

/** Waits until one of them has ended, or the time has passed. Returns those that have ended. The others go on. */
export function firstOf<R extends Run>(runs: readonly R[], options: WaitForOptions = {}): Promise<R[]> {
  return waitFor(runs, options, (ends) => Promise.race(ends));
}

/** Waits until all of them have ended, or the time has passed. Returns those that have ended. */
export function allOf<R extends Run>(runs: readonly R[], options: WaitForOptions = {}): Promise<R[]> {
  return waitFor(runs, options, (ends) => Promise.all(ends));
}

async function waitFor<R extends Run>(
  runs: readonly R[],
  options: WaitForOptions,
  combine: (ends: Promise<unknown>[]) => Promise<unknown>,
): Promise<R[]> {
  checkOptionNames(options, optionNames);
  const milliseconds = parseDuration(options.timeout, { argument: "options.timeout" });
  const all = combine(runs.map((run) => run.wait()));
  if (runs.length > 0) await (milliseconds === null ? all : settledWithin(all, milliseconds));
  return runs.filter(({ ended }) => ended);
}
