/* Waiting before the next attempt. */
import { setTimeout as delay } from "node:timers/promises";

/** How waits are spread at random: from which share of the whole to which. Many clients that failed together are not to come back together. */
const spreads = { none: [1, 1], half: [0.5, 1], around: [0.5, 1.5], full: [0, 1] } as const;

/**
 * Milliseconds to wait after an attempt, the first of which has the number 1: the first wait, doubled each time, up to the longest.
 *
 * @param spread how much of the wait is random: `none`, its second `half`, `around` it by half, or the `full` wait. @default "half"
 */
export function backOff(attempt: number, first: number, longest: number, spread: keyof typeof spreads = "half"): number {
  const [least, most] = spreads[spread];
  return Math.min(first * 2 ** (attempt - 1), longest) * (least + Math.random() * (most - least));
}

/**
 * Milliseconds between looks at work that takes its time, the first of which has the number 1: grows by half each time, so that an end is noticed
 * late by half of what the work took at most. Spread as usual.
 */
export function untilLook(look: number, first: number, longest: number): number {
  return backOff(1, Math.min(first * 1.5 ** (look - 1), longest), longest);
}

/** Waits so many milliseconds, unless aborted: then rejects with the signal's reason. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    // Node's own error only says that there was an abort; the reason says why, and has the code that callers tell apart.
    throw signal?.aborted === true ? signal.reason : error;
  }
}
