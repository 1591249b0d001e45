/* The beginning of what one stream has brought. */
import { type Block, blockSize, type OutputAccount } from "./output-memory.ts";

/** A place among the pieces of a stream. */
export interface StreamPosition {
  piece: number;
  offset: number;
}

const smallestTail = 256;

/** Keeps bytes in blocks, cut where they are full and not where they came, so that equal outputs have equal blocks. */
export class KeptStream {
  readonly #account: OutputAccount;
  readonly #blocks: Block[] = [];
  #tail: Uint8Array = new Uint8Array(0);
  #inTail = 0;
  #length = 0;
  #costs = 0;
  #isFull = false;

  constructor(account: OutputAccount) {
    this.#account = account;
  }

  /** Bytes that are kept. */
  get length(): number {
    return this.#length;
  }

  /**
   * Takes what may be kept of these bytes, and says how many that were. Once that was not all, no more is kept: there are no gaps.
   *
   * @param limit bytes of the stream to keep; @param costs bytes that are needed beside these
   */
  append(bytes: Uint8Array, limit: number, costs: number): number {
    if (this.#isFull) return 0;
    const wanted = Math.max(0, Math.min(bytes.length, limit - this.#length));
    const taken = this.#account.take(wanted + costs);
    const granted = Math.max(0, taken - costs);
    this.#costs += taken - granted;
    this.#isFull = granted < bytes.length;
    for (let from = 0; from < granted;) {
      if (this.#inTail === this.#tail.length) this.#grow(granted - from);
      const part = bytes.subarray(from, Math.min(granted, from + this.#tail.length - this.#inTail));
      this.#tail.set(part, this.#inTail);
      this.#inTail += part.length;
      from += part.length;
      if (this.#inTail === blockSize) this.#close();
    }
    this.#length += granted;
    return granted;
  }

  /** No more is expected. */
  settle(): void {
    if (this.#inTail > 0) this.#close();
    this.#account.settle();
  }

  /** Returns its memory. Call once, last. */
  release(): void {
    for (const block of this.#blocks) this.#account.memory.release(block);
    this.#account.give(this.#inTail + this.#costs);
    this.#account.settle();
  }

  /** Two streams of which this is the same have kept the same bytes; undefined where it is not known yet. */
  get identity(): string | undefined {
    return this.#inTail > 0 ? undefined : this.#blocks.map(({ id }) => id).join();
  }

  /** The next bytes from a place on, which is moved behind them: at most so many, and not beyond the end of a piece. */
  read(position: StreamPosition, atMost: number): Uint8Array {
    let bytes = this.#piece(position.piece);
    if (position.offset === bytes.length && position.piece < this.#blocks.length) {
      position.piece += 1;
      position.offset = 0;
      bytes = this.#piece(position.piece);
    }
    const part = bytes.subarray(position.offset, position.offset + atMost);
    position.offset += part.length;
    return part;
  }

  #piece(index: number): Uint8Array {
    return this.#blocks[index]?.bytes ?? this.#tail.subarray(0, this.#inTail);
  }

  #grow(more: number): void {
    const size = Math.min(blockSize, Math.max(smallestTail, this.#inTail + more, this.#inTail * 2));
    const larger = new Uint8Array(size);
    larger.set(this.#tail.subarray(0, this.#inTail));
    this.#tail = larger;
  }

  #close(): void {
    const bytes = this.#inTail === this.#tail.length ? this.#tail : this.#tail.slice(0, this.#inTail);
    this.#blocks.push(this.#account.memory.intern(this.#account, bytes));
    this.#tail = new Uint8Array(0);
    this.#inTail = 0;
  }
}
