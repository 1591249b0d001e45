/* How many items one message has, by what those before took. */

export interface ChunkLimits {
  /** Milliseconds that a message's items are to take. */
  readonly time: number;
  /** Bytes of a message. */
  readonly bytes: number;
  /** Items of the first messages. */
  readonly first: number;
  /** Messages that each of those under way at once is to be followed by at least: then all workers have something to do until the end. */
  readonly rounds: number;
}

export const sessionChunks: ChunkLimits = { time: 100, bytes: 1 << 20, first: 1, rounds: 2 };
/** Each message costs several requests, and starts a process. */
export const spoolChunks: ChunkLimits = { time: 30_000, bytes: 8 << 20, first: 250, rounds: 1 };

/** What was measured first may have been slow for other reasons, or quick because nothing was there yet. */
const growth = 16;
const most = 65_536;

export class ChunkSize {
  readonly #fixed: number | undefined;
  readonly #limits: ChunkLimits;
  #size: number;
  /** Items of so many take as long as a message costs: fewer are not worth one. */
  #least = 1;

  constructor(fixed: number | undefined, limits: ChunkLimits) {
    this.#fixed = fixed;
    this.#limits = limits;
    this.#size = limits.first;
  }

  /** @param left items that are left, where that is known @param width messages that are under way at once */
  next(left: number | undefined, width: number): number {
    if (this.#fixed !== undefined) return this.#fixed;
    if (left === undefined) return this.#size;
    // Towards the end smaller ones, so that all workers have something to do.
    return Math.min(this.#size, Math.max(this.#least, Math.ceil(left / (this.#limits.rounds * width))));
  }

  /** A message's items took so long. @param bytes of the message */
  ran(items: number, milliseconds: number, bytes: number): void {
    if (items === 0) return;
    const { time, bytes: mostBytes } = this.#limits;
    const fitting = Math.min((time * items) / Math.max(milliseconds, 0.001), (mostBytes * items) / Math.max(bytes, 1), most);
    this.#size = Math.max(1, Math.floor(Math.min(fitting, Math.max(this.#size, items * growth))));
    this.#least = Math.max(1, Math.floor(this.#size / growth));
  }
}
