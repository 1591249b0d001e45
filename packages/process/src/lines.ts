/* Bytes as lines. */
import { hostLimits } from "@sremote/protocol";
import type { OutputChunk, StreamName, Tap } from "./output.ts";

/** A line of output, without its line break. */
export interface Line {
  readonly stream: StreamName;
  readonly text: string;
}

/** Characters after which a line is passed on although it has not ended, as with the output of calls. */
export const longestLine: number = hostLimits.line;

/** Cuts each stream into lines; what stands behind the last line break is a line, too. Of `\r\n` both go. */
export class LineTap implements Tap {
  readonly #take: (line: Line) => void | Promise<void>;
  readonly #rest = { stdout: "", stderr: "" };
  readonly #decoders = { stdout: new TextDecoder("utf-8", { ignoreBOM: true }), stderr: new TextDecoder("utf-8", { ignoreBOM: true }) };

  constructor(take: (line: Line) => void | Promise<void>) {
    this.#take = take;
  }

  /** Waits only where the taker does: a turn of the loop for each line would cost more than the line. */
  async chunk({ stream, bytes }: OutputChunk): Promise<void> {
    const parts = this.#decoders[stream].decode(bytes, { stream: true }).split("\n");
    // Not searched again with each drop of a long line: that would take its length times its length.
    parts[0] = this.#rest[stream] + parts[0]!;
    this.#rest[stream] = parts.pop()!;
    for (const part of parts) {
      const waits = this.#pass(stream, part);
      if (waits !== undefined) await waits;
    }
    if (this.#rest[stream].length > longestLine) await this.#passRest(stream);
  }

  async end(): Promise<void> {
    for (const stream of ["stdout", "stderr"] as const) {
      this.#rest[stream] += this.#decoders[stream].decode();
      const waits = this.#rest[stream] === "" ? undefined : this.#passRest(stream);
      if (waits !== undefined) await waits;
    }
  }

  #passRest(stream: StreamName): void | Promise<void> {
    const text = this.#rest[stream];
    this.#rest[stream] = "";
    return this.#pass(stream, text);
  }

  #pass(stream: StreamName, text: string): void | Promise<void> {
    return this.#take({ stream, text: text.endsWith("\r") ? text.slice(0, -1) : text });
  }
}
