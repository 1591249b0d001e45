/* A counting semaphore that serves in the order of asking. */

/** What a command waits for when others hold all sessions of its connection, as `SpawnOptions.onWait` tells it. */
export function sessionOf(limit: number): string {
  const which = limit === 1 ? "the only session that the host allows" : `one of the ${limit} sessions that are used at once of`;
  return `${which} the connection (sshd's MaxSessions)`;
}

/** At most `limit` holders at once; the others wait, first come first served. */
export class Slots {
  readonly #limit: number;
  #held = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get idle(): boolean {
    return this.#held === 0 && this.#waiting.length === 0;
  }

  get held(): number {
    return this.#held;
  }

  /** Resolves with a function that gives the slot back (once; more calls do nothing). Rejects with the signal's reason. @param onWait called when others must give theirs back first */
  acquire(signal?: AbortSignal, onWait?: () => void): Promise<() => void> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener("abort", leave);
        this.#held += 1;
        resolve(this.#releaseOnce());
      };
      const leave = (): void => {
        const place = this.#waiting.indexOf(start);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.push(start);
      this.#serve();
      if (onWait !== undefined && this.#waiting.includes(start)) onWait();
    });
  }

  #releaseOnce(): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#held -= 1;
      this.#serve();
    };
  }

  #serve(): void {
    while (this.#held < this.#limit) {
      const start = this.#waiting.shift();
      if (start === undefined) return;
      start();
    }
  }
}
