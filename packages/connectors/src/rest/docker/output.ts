/* stdout and stderr of a command, which share one connection. */
import { Readable } from "node:stream";

/** A stream that says when it takes more. */
export class Output extends Readable {
  #wake: (() => void) | undefined;

  constructor(highWaterMark: number) {
    super({ highWaterMark });
  }

  override _read(): void {
    this.#wake?.();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#wake?.();
    callback(error);
  }

  /** Hands a chunk over; resolves when there is room for another. What is no longer read is dropped. */
  async give(chunk: Uint8Array): Promise<void> {
    if (this.destroyed || this.push(chunk)) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.destroyed) resolve();
    });
    this.#wake = undefined;
  }

  finish(): void {
    if (!this.destroyed) this.push(null);
  }
}

/** Where a frame's bytes belong; undefined for a frame of no stream that is known. */
export interface OutputFrame {
  readonly stream: 1 | 2 | undefined;
  readonly bytes: Buffer;
}

/** Takes the Engine's framing apart: a byte for the stream, three of nothing, the size in four bytes, big-endian. */
export class OutputFrames {
  #head: Buffer = Buffer.alloc(0);
  #stream: 1 | 2 | undefined;
  #rest = 0;

  /** Whether the bytes so far end with a frame. */
  get atEnd(): boolean {
    return this.#head.length === 0 && this.#rest === 0;
  }

  *take(chunk: Buffer): Iterable<OutputFrame> {
    for (let at = 0; at < chunk.length;) {
      if (this.#rest === 0) {
        const part = chunk.subarray(at, at + 8 - this.#head.length);
        this.#head = Buffer.concat([this.#head, part]);
        at += part.length;
        if (this.#head.length < 8) return;
        const kind = this.#head[0];
        this.#stream = kind === 1 || kind === 2 ? kind : undefined;
        this.#rest = this.#head.readUInt32BE(4);
        this.#head = Buffer.alloc(0);
        continue;
      }
      const bytes = chunk.subarray(at, at + this.#rest);
      at += bytes.length;
      this.#rest -= bytes.length;
      yield { stream: this.#stream, bytes };
    }
  }
}
