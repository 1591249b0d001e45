/* Writing everything to a stream before the process ends. */
import { once } from "node:events";
import type { Writable } from "node:stream";

/** An output of this process. After its reader has gone (`sremote … | head`), what is written is dropped: there is nobody to tell. */
export class Output {
  readonly stream: NodeJS.WriteStream;
  #closed = false;
  #failed: Error | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      this.#closed = true;
      if (error.code !== "EPIPE") this.#failed = error;
    });
  }

  /** Resolves when the bytes are handed over. @throws what the stream failed with (no space, say), but not for a reader that has gone */
  async write(data: Uint8Array | string): Promise<void> {
    if (this.#closed || data.length === 0) return this.#check();
    await new Promise<void>((resolve) => (this.stream as Writable).write(data, () => resolve()));
    // The callback of a failed write comes before the event that tells what failed.
    if (this.stream.errored !== null && !this.#closed) await once(this.stream, "close").catch(() => undefined);
    this.#check();
  }

  #check(): void {
    if (this.#failed !== undefined) throw this.#failed;
  }
}
