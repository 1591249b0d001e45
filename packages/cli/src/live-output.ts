/* What a function prints, passed on while it runs. */
import type { CapturedOutput, OutputSink } from "@sremote/client";
import type { Output } from "./output.ts";

/** Writes each chunk as it comes; the function waits while the reader of our output does. */
export class LiveOutput implements OutputSink {
  readonly #output: Output;
  #written = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#written += chunk.length;
    await this.#output.write(chunk);
  }

  /** Writes what has not come live: over some connections output comes with the result only. @returns bytes that are known and not here */
  async writeRest({ bytes, total }: Pick<CapturedOutput, "bytes" | "total">): Promise<number> {
    if (bytes.length > this.#written) await this.write(bytes.subarray(this.#written));
    return total - this.#written;
  }
}
