import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { parseDate } from "./date.ts";
import type { DateLike } from "./date.ts";
import { type Duration, parseDuration, checkOptionNames, type OptionNames, InvalidArgumentError } from "@sremote/protocol";

export interface SleepOptions {
  /** Ends the sleep early: it rejects with the signal's reason, as timers of Node do. @default none */
  signal?: AbortSignal | undefined;
  /** What tells the time, for tests. @default the system's */
  clock?: Clock | undefined;
}

const optionNames: OptionNames<SleepOptions> = { signal: true, clock: true };

/** How long at most before the wall clock is looked at again: it may have been set. */
const longestLook = 60_000;

/**
 * Sleeps for a duration, until a date, or, of both, as long as the longer. `sleep("1h30m")`, `sleep({ until: "2026-11-22 10:00:00" })`.
 * What is past or zero does not sleep.
 *
 * @throws InvalidArgumentError, or AbortError when the signal says so
 *
 * @example
 * ```ts
 * import { sleep } from "sremote/fleet";
 *
 * await sleep("1.5s");
 * await sleep({ until: "+1h30m" }, { signal: AbortSignal.timeout(60_000) });
 * ```
 */
export async function sleep(
  time: Duration | { delay?: Duration | null | undefined; until?: DateLike | null | undefined },
  options: SleepOptions = {},
): Promise<void> {
  checkOptionNames(options, optionNames);
  const { signal, clock = systemClock } = options;
  if (time === null) throw new InvalidArgumentError("time", "a duration, or {delay, until}, not null");
  const given = typeof time === "object" ? time : { delay: time };
  const end = clock.monotonic() + (parseDuration(given.delay, { argument: "delay" }) ?? 0);
  const until = parseDate(given.until, { argument: "until", now: () => clock.now() })?.getTime() ?? -Infinity;
  for (;;) {
    signal?.throwIfAborted();
    const left = Math.max(end - clock.monotonic(), Math.min(until - clock.now(), longestLook));
    if (left <= 0) return;
    await clock.wait(left, signal);
  }
}
