/* A counting semaphore that serves in the order of asking. */

/** At most `limit` holders at once; the others wait, first come first served. */
export class Slots {
  readonly #limit: number;
  readonly #holders: { readonly name: string }[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get idle(): boolean {
    return this.#holders.length === 0 && this.#waiting.length === 0;
  }

  /** Whether a new request has to wait. */
  get isFull(): boolean {
    return this.#holders.length >= this.#limit;
  }

  get held(): number {
    return this.#holders.length;
  }

  /** The names of those who hold one. */
  get holders(): string[] {
    return this.#holders.map(({ name }) => name);
  }

  /** Resolves with a function that gives the slot back (once; more calls do nothing). Rejects with the signal's reason. @param onWait called when others must give theirs back first */
  acquire(signal?: AbortSignal, onWait?: () => void, name = ""): Promise<() => void> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve(this.#hold(name));
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

  #hold(name: string): () => void {
    const holder = { name };
    this.#holders.push(holder);
    return () => {
      const at = this.#holders.indexOf(holder);
      if (at < 0) return;
      this.#holders.splice(at, 1);
      this.#serve();
    };
  }

  #serve(): void {
    while (this.#holders.length < this.#limit) {
      const start = this.#waiting.shift();
      if (start === undefined) return;
      start();
    }
  }
}
