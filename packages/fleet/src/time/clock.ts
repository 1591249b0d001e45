/* Time, as far as it is taken from outside: tests bring their own. */
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";

export interface Clock {
  /** Milliseconds since 1970. May jump when the clock is set. */
  now(): number;
  /** Milliseconds since some moment. Never jumps. */
  monotonic(): number;
  /** Resolves after so many milliseconds, of any number. @throws AbortError */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Longer timers of Node end at once. */
const longestTimer = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async wait(milliseconds, signal) {
    const options = signal === undefined ? {} : { signal };
    for (let left = milliseconds; left >= 0; left -= longestTimer) await delay(Math.min(left, longestTimer), undefined, options);
  },
};
