/* How many hosts are at work at once. */

/** At most so many turns are taken at a time; who comes first is served first. */
export class Window {
  readonly #size: number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** Resolves with what gives the turn back (once; more calls do nothing). Rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const begin = (): void => {
        signal.removeEventListener("abort", leave);
        this.#taken += 1;
        let held = true;
        resolve(() => {
          if (!held) return;
          held = false;
          this.#taken -= 1;
          this.#serve();
        });
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(begin);
      this.#serve();
    });
  }

  #serve(): void {
    while (this.#taken < this.#size) {
      const begin = this.#waiting.shift();
      if (begin === undefined) return;
      begin();
    }
  }
}

/** One's place in a window, which is left for as long as one only waits. */
export class Turn {
  readonly #window: Window;
  readonly #signal: AbortSignal;
  #release: (() => void) | undefined;

  constructor(window: Window, signal: AbortSignal) {
    this.#window = window;
    this.#signal = signal;
  }

  async take(): Promise<void> {
    this.#release = await this.#window.take(this.#signal);
  }

  give(): void {
    this.#release?.();
    this.#release = undefined;
  }

  /** Others have the turn meanwhile. */
  async pause(wait: () => Promise<void>): Promise<void> {
    this.give();
    await wait();
    await this.take();
  }
}
