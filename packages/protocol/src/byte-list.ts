/*
 * Bytes that come in chunks of any size. The other side chooses how it cuts them, and an object for each of a million chunks of one byte takes a
 * hundred times the memory of the bytes; a small view may also keep a large buffer alive. So small chunks are copied together, and the memory
 * in use is never more than about twice the bytes.
 */

/** Blocks that small chunks are copied into grow up to this size. */
const blockBytes = 65_536;
/** Chunks from this size on are kept as they are, unless they are a small part of their buffer. */
const largeBytes = 32_768;

export class ByteList {
  #blocks: Uint8Array[] = [];
  /** The last block, while there may be room in it. */
  #open: Uint8Array | undefined;
  /** Bytes used of it. */
  #used = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Takes the bytes over: a large chunk must not change afterwards. */
  add(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#length += chunk.length;
    if (chunk.length >= largeBytes && chunk.buffer.byteLength <= 2 * chunk.length) {
      this.#close();
      // A plain view: parts of a Buffer would be Buffers.
      this.#blocks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
      return;
    }
    const open = this.#open;
    if (open !== undefined && open.length - this.#used >= chunk.length) {
      open.set(chunk, this.#used);
      this.#used += chunk.length;
    } else if (open !== undefined && this.#used + chunk.length <= blockBytes) {
      const larger = new Uint8Array(Math.min(blockBytes, 2 * (this.#used + chunk.length)));
      larger.set(open.subarray(0, this.#used));
      larger.set(chunk, this.#used);
      this.#open = larger;
      this.#used += chunk.length;
    } else {
      this.#close();
      this.#open = Uint8Array.from(chunk);
      this.#used = chunk.length;
    }
  }

  /** All the bytes, as one array; the list is empty afterwards. */
  take(): Uint8Array {
    this.#close();
    const blocks = this.#blocks;
    const length = this.#length;
    this.#blocks = [];
    this.#length = 0;
    if (blocks.length === 1) return blocks[0]!;
    const whole = new Uint8Array(length);
    let at = 0;
    for (const block of blocks) {
      whole.set(block, at);
      at += block.length;
    }
    return whole;
  }

  /** The first of the bytes, as they lie; undefined when there are none. */
  shift(): Uint8Array | undefined {
    if (this.#blocks.length === 0) this.#close();
    const first = this.#blocks.shift();
    this.#length -= first?.length ?? 0;
    return first;
  }

  #close(): void {
    if (this.#open !== undefined) this.#blocks.push(this.#open.subarray(0, this.#used));
    this.#open = undefined;
    this.#used = 0;
  }
}
