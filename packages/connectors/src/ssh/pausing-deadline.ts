/* A deadline that stands still while something other than the host is waited for. */
import { DeadlineTimer } from "@sremote/protocol";

export class PausingDeadline {
  readonly #control = new AbortController();
  readonly #reason: () => Error;
  #left: number;
  #since = 0;
  #paused = 0;
  #timer: DeadlineTimer | undefined;

  /** @param milliseconds of time that counts */
  constructor(milliseconds: number, reason: () => Error) {
    this.#left = milliseconds;
    this.#reason = reason;
    this.#run();
  }

  get signal(): AbortSignal {
    return this.#control.signal;
  }

  /** Does not count until the work is done. The work has a deadline of its own, or is a person's. */
  async during<T>(work: Promise<T>): Promise<T> {
    if (this.#paused++ === 0) {
      this.#timer?.stop();
      this.#left -= performance.now() - this.#since;
    }
    try {
      return await work;
    } finally {
      if (--this.#paused === 0) this.#run();
    }
  }

  /** Never passes any more. */
  end(): void {
    this.#paused = Infinity;
    this.#timer?.stop();
  }

  #run(): void {
    this.#since = performance.now();
    this.#timer = new DeadlineTimer(Math.max(0, this.#left), () => this.#control.abort(this.#reason()));
  }
}
