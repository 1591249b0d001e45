/* Timers for any number of milliseconds. */

/** setTimeout takes a longer time, from 24.9 days on, for one that is over at once. */
const longestStep: number = 2 ** 31 - 1;

/** Calls back once, when so many milliseconds have passed. Use this wherever the time comes from outside. */
export class DeadlineTimer {
  readonly #callback: () => void;
  readonly #duration: number;
  #left: number;
  #keepsRunning = true;
  #step: NodeJS.Timeout | undefined;

  /** @param milliseconds from 0 on; Infinity never comes */
  constructor(milliseconds: number, callback: () => void) {
    this.#callback = callback;
    this.#duration = milliseconds;
    this.#left = milliseconds;
    this.#start();
  }

  #start(): void {
    const step = Math.min(this.#left, longestStep);
    this.#step = setTimeout(() => {
      this.#left -= step;
      if (this.#left > 0) this.#start();
      else this.#callback();
    }, step);
    if (!this.#keepsRunning) this.#step.unref();
  }

  /** Begins anew. */
  refresh(): void {
    if (this.#left === this.#duration && this.#duration <= longestStep) {
      this.#step?.refresh();
      return;
    }
    clearTimeout(this.#step);
    this.#left = this.#duration;
    this.#start();
  }

  /** The program may end before. */
  unref(): this {
    this.#keepsRunning = false;
    this.#step?.unref();
    return this;
  }

  /** May be called more than once. */
  stop(): void {
    clearTimeout(this.#step);
  }
}
