/*
 * Who may open a channel now.
 *
 * sshd allows 10 sessions for one connection by default (MaxSessions) and refuses the next. It forgets a closed one only after it has
 * worked off everything it had read, so a close and an open that arrive together count both. So at most 8 are in use, and together with
 * those closed since the host last answered at most 10. The two that are over are also used for ending commands.
 */

const mostInUse = 8;
const mostCounted = 10;
/** A close is worked off after a round trip; after so many milliseconds no answer is waited for. */
const forgetAfter = 1000;
/** The same for a host with few sessions, where waiting would cost more than another refusal. */
const forgetSoon = 100;

export interface ChannelTicket {
  /** To be called when the host has answered the request to open, either way. */
  answered(): void;
  /** To be called when the channel is closed, or was not opened. More calls do nothing. */
  release(): void;
}

interface Closed {
  /** How many requests to open had been sent before. */
  after: number;
  at: number;
}

export class ChannelQueue {
  #mostInUse = mostInUse;
  #mostCounted = mostCounted;
  /** Those who have a channel, or are given one. */
  readonly #holders = new Set<{ readonly name: string }>();
  #sent = 0;
  #serving = false;
  #forgetAfter = forgetAfter;
  #closed: Closed[] = [];
  readonly #waiting: { readonly start: () => void; readonly onWait: (() => void) | undefined }[] = [];

  get inUse(): number {
    return this.#holders.size;
  }

  /** What the channels in use are for. */
  get holders(): string[] {
    return Array.from(this.#holders, ({ name }) => name);
  }

  /** Places given so far. */
  get asked(): number {
    return this.#sent;
  }

  /** The host allows fewer than was thought. */
  lower(limit: number): void {
    this.#mostInUse = Math.max(1, Math.min(this.#mostInUse, limit));
    this.#mostCounted = this.#mostInUse;
    this.#forgetAfter = forgetSoon;
  }

  /** Channels that are closed, and that the host may still count. */
  get closed(): number {
    return this.#counted() - this.inUse;
  }

  /** Channels that are used at once. */
  get limit(): number {
    return this.#mostInUse;
  }

  /**
   * Resolves in the order of asking; `first` goes before those who wait. Rejects with the signal's reason.
   *
   * @param onWait called, perhaps more than once, when others must end first
   * @param name what the channel is for
   */
  acquire(signal: AbortSignal | undefined, first = false, onWait?: () => void, name = ""): Promise<ChannelTicket> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve(this.#ticket(name));
      };
      const leave = (): void => {
        const place = this.#waiting.indexOf(entry);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(signal?.reason);
      };
      const entry = { start, onWait };
      signal?.addEventListener("abort", leave, { once: true });
      if (first) this.#waiting.unshift(entry);
      else this.#waiting.push(entry);
      this.#serve();
    });
  }

  #ticket(name: string): ChannelTicket {
    const holder = { name };
    this.#holders.add(holder);
    this.#sent += 1;
    const number = this.#sent;
    return {
      answered: () => {
        this.#closed = this.#closed.filter(({ after }) => after >= number);
        this.#serve();
      },
      release: () => {
        if (!this.#holders.delete(holder)) return;
        this.#closed.push({ after: this.#sent, at: performance.now() });
        this.#serve();
      },
    };
  }

  #serve(): void {
    while (this.#waiting.length > 0 && this.inUse < this.#mostInUse) {
      if (this.#counted() >= this.#mostCounted) {
        // No handler may be called here that could lead back to this point.
        this.#serveLater();
        return;
      }
      this.#waiting.shift()?.start();
    }
    if (this.inUse >= this.#mostInUse) for (const { onWait } of this.#waiting) onWait?.();
  }

  #serveLater(): void {
    if (this.#serving) return;
    this.#serving = true;
    setTimeout(() => {
      this.#serving = false;
      this.#serve();
    }, this.#forgetAfter);
  }

  #counted(): number {
    const oldest = performance.now() - this.#forgetAfter;
    this.#closed = this.#closed.filter(({ at }) => at > oldest);
    return this.inUse + this.#closed.length;
  }
}
