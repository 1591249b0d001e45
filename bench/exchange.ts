/* Sending bytes to a process and awaiting a known number of bytes back. */
import type { Readable, Writable } from "node:stream";

export class Exchange {
  readonly #writable: Writable;
  #wanted = 0;
  #chunks: Buffer[] = [];
  #received = 0;
  #arrived: PromiseWithResolvers<Buffer[]> | undefined;

  constructor(writable: Writable, readable: Readable) {
    this.#writable = writable;
    readable.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#received += chunk.length;
      this.#settle();
    });
    readable.once("close", () => this.#arrived?.reject(new Error("the process ended before it had answered")));
  }

  /** Resolves with the chunks of the answer, together exactly so many bytes. */
  ask(request: Uint8Array, answerBytes: number): Promise<Buffer[]> {
    this.#writable.write(request);
    return this.read(answerBytes);
  }

  read(bytes: number): Promise<Buffer[]> {
    this.#wanted = bytes;
    this.#arrived = Promise.withResolvers<Buffer[]>();
    const { promise } = this.#arrived;
    this.#settle();
    return promise;
  }

  end(): void {
    this.#writable.end();
  }

  #settle(): void {
    if (this.#arrived === undefined || this.#received < this.#wanted) return;
    const chunks = this.#chunks;
    this.#chunks = [];
    const surplus = this.#received - this.#wanted;
    if (surplus > 0) {
      // Only whole answers are measured; what comes behind one belongs to the next.
      const last = chunks.pop()!;
      chunks.push(last.subarray(0, last.length - surplus));
      this.#chunks.push(last.subarray(last.length - surplus));
    }
    this.#received = surplus;
    const arrived = this.#arrived;
    this.#arrived = undefined;
    arrived.resolve(chunks);
  }
}
