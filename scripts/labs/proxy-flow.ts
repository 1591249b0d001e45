/* What one direction of a proxy carries and suffers, on all its connections together. */
import { setTimeout as pause } from "node:timers/promises";

/** Counts bytes and calls back at exact counts. */
export class Meter {
  carried = 0;
  readonly #marks: { at: number; callback: () => void }[] = [];

  /** Calls back once when so many bytes have been carried from now on. */
  after(count: number, callback: () => void): void {
    this.#marks.push({ at: this.carried + Math.max(1, count), callback });
  }

  /** How many bytes may be carried before somebody must be called back. */
  get room(): number {
    return this.#marks.reduce((least, { at }) => Math.min(least, at - this.carried), Infinity);
  }

  count(bytes: number): void {
    this.carried += bytes;
    for (const mark of this.#marks.filter(({ at }) => at <= this.carried)) {
      this.#marks.splice(this.#marks.indexOf(mark), 1);
      mark.callback();
    }
  }
}

export class Flow {
  readonly meter = new Meter();
  /** Milliseconds that each chunk is held back. */
  delay: number;
  /** Bytes in a second, on each connection. */
  rate = Infinity;
  readonly #total: Meter;
  readonly #flips: { at: number; bit: number }[] = [];
  #gate: PromiseWithResolvers<void> | undefined;

  /** @param total counts the bytes of both directions */
  constructor(total: Meter, delay: number) {
    this.#total = total;
    this.delay = delay;
  }

  /** Resolves when bytes may pass. */
  get open(): Promise<void> | undefined {
    return this.#gate?.promise;
  }

  stall(): void {
    this.#gate ??= Promise.withResolvers<void>();
  }

  go(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  /** Flips a bit of the byte that comes after so many others from now on. */
  flip(atByte: number, bit: number): void {
    this.#flips.push({ at: this.meter.carried + atByte, bit });
  }

  /** As much of the chunk as may pass at once: nobody is called back too late, and a slow flow is even. */
  piece(chunk: Buffer): Buffer {
    const even = Math.max(1, Math.floor(this.rate / 50));
    return chunk.subarray(0, Math.min(this.meter.room, this.#total.room, even));
  }

  /** Flips what is to be flipped in the piece that passes next. */
  damage(piece: Buffer): void {
    const begin = this.meter.carried;
    for (const flip of this.#flips.filter(({ at }) => at < begin + piece.length)) {
      this.#flips.splice(this.#flips.indexOf(flip), 1);
      piece[flip.at - begin]! ^= 1 << flip.bit;
    }
  }

  count(bytes: number): void {
    this.meter.count(bytes);
    this.#total.count(bytes);
  }

  /** Waits for as long as so many bytes take. */
  async take(bytes: number): Promise<void> {
    if (this.rate !== Infinity) await pause((bytes / this.rate) * 1000);
  }
}
