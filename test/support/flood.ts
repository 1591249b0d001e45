/* Much output, and what it takes of this process's memory. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export const mebibyte: number = 1 << 20;
/** What memory may grow by, whatever flows: G11. */
export const allowed: number = 64 * mebibyte;

setFlagsFromString("--expose_gc");
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- V8's own function, which no types know
const collectGarbage = runInNewContext("gc") as () => void;

/**
 * Bytes of this process that are in use: heap, buffers, what they hold outside of it. Collected twice: V8 frees the memory of collected buffers in a
 * thread of its own, and a second collection waits for that.
 */
export function inUse(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Checks numbered blocks as they come: each is its number, of eight bytes, little endian, again and again. */
export class FloodCheck {
  received = 0;
  /** The most memory in use at any check. */
  most = 0;
  readonly #size: number;
  #block: Buffer = Buffer.alloc(0);
  #index = -1;
  #looked = 0;

  constructor(size: number) {
    this.#size = size;
  }

  take(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const index = Math.floor(this.received / this.#size);
      if (index !== this.#index) {
        this.#index = index;
        const number = Buffer.alloc(8);
        number.writeBigUInt64LE(BigInt(index));
        this.#block = Buffer.alloc(this.#size, number);
      }
      const from = this.received % this.#size;
      const length = Math.min(this.#size - from, chunk.length - at);
      if (Buffer.compare(chunk.subarray(at, at + length), this.#block.subarray(from, from + length)) !== 0)
        throw new Error(`wrong bytes at about ${this.received} of the output`);
      at += length;
      this.received += length;
    }
    // Now and then: collecting garbage each time would take longer than the output.
    if (this.received - this.#looked > 100 * mebibyte) this.look();
  }

  look(): void {
    this.#looked = this.received;
    this.most = Math.max(this.most, inUse());
  }
}

/** A program and its arguments that print so many numbered blocks. */
export function flood(blocks: number, size: number): [string, ...string[]] {
  const program =
    "import struct, sys\nfor index in range(int(sys.argv[1])): sys.stdout.buffer.write(struct.pack('<q', index) * int(sys.argv[2]))";
  return ["python3", "-c", program, String(blocks), String(size / 8)];
}
