/* The end of a stream, for answers and diagnostics. */
import type { Readable } from "node:stream";

/** Keeps the last bytes of what passes by. */
export class Tail {
  readonly #limit: number;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(limit: number) {
    this.#limit = limit;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The last lines as text. */
  get text(): string {
    return new TextDecoder().decode(this.#bytes).trim().split("\n").slice(-10).join("\n");
  }

  add(chunk: Uint8Array): void {
    const kept = this.#bytes.subarray(Math.max(0, this.#bytes.length + chunk.length - this.#limit));
    const joined = new Uint8Array(Math.min(this.#limit, kept.length + chunk.length));
    if (chunk.length >= this.#limit) {
      joined.set(chunk.subarray(chunk.length - this.#limit));
    } else {
      joined.set(kept);
      joined.set(chunk, kept.length);
    }
    this.#bytes = joined;
  }
}

/** Reads a stream to its end and keeps its tail; standard error must always be read, or a full pipe stops the host. */
export async function drain(stream: Readable, tail: Tail): Promise<void> {
  for await (const chunk of stream as AsyncIterable<Buffer>) tail.add(chunk);
}
