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
export class LineCutter {
  readonly #rest = { stdout: "", stderr: "" };
  readonly #decoders = { stdout: new TextDecoder("utf-8", { ignoreBOM: true }), stderr: new TextDecoder("utf-8", { ignoreBOM: true }) };

  /** The lines that end with this piece. */
  chunk({ stream, bytes }: OutputChunk): Line[] {
    const parts = this.#decoders[stream].decode(bytes, { stream: true }).split("\n");
    // Not searched again with each drop of a long line: that would take its length times its length.
    parts[0] = this.#rest[stream] + parts[0]!;
    this.#rest[stream] = parts.pop()!;
    const lines = parts.map((part) => line(stream, part));
    if (this.#rest[stream].length > longestLine) lines.push(this.#takeRest(stream));
    return lines;
  }

  /** What stands behind the last line breaks. */
  end(): Line[] {
    const lines: Line[] = [];
    for (const stream of ["stdout", "stderr"] as const) {
      this.#rest[stream] += this.#decoders[stream].decode();
      if (this.#rest[stream] !== "") lines.push(this.#takeRest(stream));
    }
    return lines;
  }

  #takeRest(stream: StreamName): Line {
    const text = this.#rest[stream];
    this.#rest[stream] = "";
    return line(stream, text);
  }
}

function line(stream: StreamName, text: string): Line {
  return { stream, text: text.endsWith("\r") ? text.slice(0, -1) : text };
}

/** Passes lines on, in order. */
export class LineTap implements Tap {
  readonly #take: (line: Line) => void | Promise<void>;
  readonly #cutter = new LineCutter();

  constructor(take: (line: Line) => void | Promise<void>) {
    this.#take = take;
  }

  async chunk(chunk: OutputChunk): Promise<void> {
    await this.#pass(this.#cutter.chunk(chunk));
  }

  async end(): Promise<void> {
    await this.#pass(this.#cutter.end());
  }

  /** Waits only where the taker does: a turn of the loop for each line would cost more than the line. */
  async #pass(lines: readonly Line[]): Promise<void> {
    for (const each of lines) {
      const waits = this.#take(each);
      if (waits !== undefined) await waits;
    }
  }
}
