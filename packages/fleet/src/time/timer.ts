import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { type Duration, parseDuration, checkOptionNames, type OptionNames } from "@sremote/protocol";
import { sleep } from "./sleep.ts";

export interface TimerOptions {
  /** Milliseconds, or text with a unit, after which nothing remains. @default none */
  timeout?: Duration | null | undefined;
  /** What tells the time, for tests. @default the system's */
  clock?: Clock | undefined;
}

const optionNames: OptionNames<TimerOptions> = { timeout: true, clock: true };

/** Measures time from when it was made, or started again. Setting the clock of the machine does not disturb it. */
export class Timer {
  readonly timeout: number | null;
  readonly #clock: Clock;
  #start!: number;
  #startDate!: Date;

  /** @throws InvalidArgumentError */
  constructor(options: TimerOptions = {}) {
    checkOptionNames(options, optionNames);
    this.timeout = parseDuration(options.timeout, { argument: "options.timeout" });
    this.#clock = options.clock ?? systemClock;
    this.start();
  }

  /** Starts, again, at zero. */
  start(): this {
    this.#start = this.#clock.monotonic();
    this.#startDate = new Date(this.#clock.now());
    return this;
  }

  get startDate(): Date {
    return this.#startDate;
  }

  /** Milliseconds since the start. */
  elapsed(): number {
    return this.#clock.monotonic() - this.#start;
  }

  /** Milliseconds until the timeout, 0 when it has passed; null without a timeout. */
  remaining(): number | null {
    return this.timeout === null ? null : Math.max(0, this.timeout - this.elapsed());
  }

  /** Sleeps until so much time has passed since the start; not at all if it has. @throws InvalidArgumentError, or AbortError */
  async waitElapsed(duration: Duration, options: { signal?: AbortSignal | undefined } = {}): Promise<this> {
    checkOptionNames(options, { signal: true });
    const delay = Math.max(0, parseDuration(duration) - this.elapsed());
    await sleep(delay, { ...options, clock: this.#clock });
    return this;
  }
}
