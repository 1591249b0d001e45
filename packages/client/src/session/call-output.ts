/* stdout or stderr of a call: collected for the result, read live, passed on, or dropped. */
import { Writable } from "node:stream";
import { ByteList, sessionLimits } from "@sremote/protocol";
import type { CapturedOutput } from "../call-result.ts";

/** Takes each chunk of bytes as it comes; while its promise is pending the function on the host waits. */
export interface OutputSink {
  write(chunk: Uint8Array): void | Promise<void>;
}

/**
 * What becomes of an output: `collect` it for the result (up to `outputLimit`), `discard` it, or pass it on to a stream or sink as it comes, beside
 * collecting it.
 */
export type OutputHandling = "collect" | "discard" | Writable | OutputSink;

/** What the call asks of its connection on behalf of an output. */
export interface OutputFlow {
  /** So many bytes were taken and may be sent in addition. */
  grant(output: CallOutput, bytes: number): void;
  /** No more is wanted: the host is to count and drop the rest. */
  mute(output: CallOutput): void;
}

/** A line longer than this is given in parts, so that output without line ends needs no memory of its own size. */
const longestLine = 1 << 20;

/** Credit is given back in portions, not byte by byte. */
const portion = sessionLimits.outputCredit / 4;

const silent: OutputFlow = { grant: () => undefined, mute: () => undefined };
const noBytes = new Uint8Array();
const settled = Promise.resolve();

/**
 * The output of a call, live. Iterating gives lines (UTF-8, without their ends); {@link bytes} gives the bytes as they come. What is iterated is not
 * kept for the result, and while nobody takes it the function waits: nothing is lost, and nothing piles up. Iterating ends with the call, and throws
 * its error where it failed. Leaving the loop discards the rest.
 */
export class CallOutput implements AsyncIterable<string> {
  #mode: "collect" | "live" | "discard" = "collect";
  #flow: OutputFlow = silent;
  #limit: number = Number.POSITIVE_INFINITY;
  readonly #sink: ((chunk: Uint8Array) => void | Promise<void>) | undefined;
  #sinkTurn: Promise<void> = settled;
  /** What the sink has not taken yet. */
  readonly #toPass = new ByteList();
  #passing = false;
  #sinkFailure: { error: unknown } | undefined;
  #bytes = new ByteList();
  #kept = 0;
  #total = 0;
  #toldTotal: number | undefined;
  #taken = 0;
  #muted = false;
  #ended: { error: unknown } | "well" | undefined;
  #wake: (() => void) | undefined;
  readonly #onRead: () => void;

  /** @param onRead called when somebody begins to iterate: errors of the call are then his to see */
  constructor(handling: OutputHandling = "collect", onRead: () => void = () => undefined) {
    this.#onRead = onRead;
    if (handling === "discard") this.#mode = "discard";
    else if (handling instanceof Writable) this.#sink = (chunk) => writeTo(handling, chunk);
    else if (handling !== "collect") this.#sink = (chunk) => handling.write(chunk);
  }

  /** The call goes out. @param limit bytes to collect @internal */
  begin(flow: OutputFlow, limit: number): void {
    this.#flow = flow;
    this.#limit = limit;
    if (this.#mode === "discard") this.#mute();
  }

  /** Bytes have come. @internal */
  feed(chunk: Uint8Array): void {
    this.#total += chunk.length;
    // Of a call that was given up: nobody reads it, and the function is not to wait for that.
    if (this.#ended !== undefined) return this.#grant(chunk.length);
    if (this.#mode === "live") {
      this.#bytes.add(chunk);
      this.#wake?.();
      return;
    }
    const sink = this.#sink;
    if (sink === undefined) this.#grant(chunk.length);
    else {
      this.#toPass.add(chunk);
      if (!this.#passing) this.#sinkTurn = this.#sinkTurn.then(() => this.#passOn(sink));
      this.#passing = true;
    }
    this.#keep(chunk);
  }

  async #passOn(sink: (chunk: Uint8Array) => void | Promise<void>): Promise<void> {
    for (let chunk = this.#toPass.shift(); chunk !== undefined; chunk = this.#toPass.shift()) await this.#pass(sink, chunk);
    this.#passing = false;
  }

  async #pass(sink: (chunk: Uint8Array) => void | Promise<void>, chunk: Uint8Array): Promise<void> {
    try {
      if (this.#sinkFailure === undefined) await sink(chunk);
    } catch (error) {
      this.#sinkFailure = { error };
    }
    this.#grant(chunk.length);
  }

  #keep(chunk: Uint8Array): void {
    if (this.#mode === "discard") return;
    const room = this.#limit - this.#kept;
    if (room > 0) {
      const part = chunk.length <= room ? chunk : chunk.subarray(0, room);
      this.#bytes.add(part);
      this.#kept += part.length;
    }
    if (chunk.length > room && this.#sink === undefined) this.#mute();
  }

  /** Bytes that the function wrote in all, told by the host after a mute. @internal */
  totals(bytes: number): void {
    this.#toldTotal = bytes;
  }

  /** Nothing more comes. @internal */
  end(error?: { error: unknown }): void {
    if (this.#ended !== undefined) return;
    this.#ended = error ?? "well";
    this.#wake?.();
  }

  /** Resolves when a sink has taken everything; rejects with its error. Undefined where there is none. @internal */
  passedOn(): Promise<void> | undefined {
    return this.#sink === undefined ? undefined : this.#untilPassedOn();
  }

  async #untilPassedOn(): Promise<void> {
    await this.#sinkTurn;
    if (this.#sinkFailure !== undefined) throw this.#sinkFailure.error;
  }

  /** What was collected so far. @internal */
  captured(): CapturedOutput {
    const total = this.#toldTotal ?? this.#total;
    if (this.#mode === "live") return { bytes: noBytes, total, truncated: false };
    const bytes = this.#bytes.take();
    this.#bytes.add(bytes);
    return { bytes, total, truncated: this.#mode !== "discard" && total > bytes.length };
  }

  /** The bytes as they come, in chunks of any size. */
  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    this.#onRead();
    if (this.#mode === "discard") throw new TypeError("this output is discarded, or was read before");
    if (this.#sink !== undefined) throw new TypeError("this output goes to the sink given with the call");
    if (this.#mode === "live") throw new TypeError("this output is being read already");
    // What was collected so far comes first; its credit was given when it came.
    let credited = this.#kept;
    this.#mode = "live";
    try {
      for (;;) {
        const chunk = this.#bytes.shift();
        if (chunk !== undefined) {
          yield chunk;
          const owed = Math.max(0, chunk.length - credited);
          credited = Math.max(0, credited - chunk.length);
          this.#grant(owed);
          continue;
        }
        if (this.#ended !== undefined) break;
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
      }
      if (this.#ended !== "well") throw this.#ended.error;
    } finally {
      this.#mode = "discard";
      this.#bytes = new ByteList();
      if (this.#ended === undefined) this.#mute();
    }
  }

  /** The lines as they come, without their line feeds; a line of more than 1 MiB comes in parts. */
  async *lines(): AsyncGenerator<string, void, undefined> {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let rest = "";
    for await (const chunk of this.bytes()) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop()!;
      yield* parts;
      if (rest.length > longestLine) {
        yield rest;
        rest = "";
      }
    }
    rest += decoder.decode();
    if (rest !== "") yield rest;
  }

  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    return this.lines();
  }

  #grant(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken < portion) return;
    this.#flow.grant(this, this.#taken);
    this.#taken = 0;
  }

  #mute(): void {
    if (this.#muted) return;
    this.#muted = true;
    this.#flow.mute(this);
  }
}

function writeTo(stream: Writable, chunk: Uint8Array): void | Promise<void> {
  // A stream that has failed or ended takes nothing any more, and would never say "drain".
  if (stream.destroyed || stream.writableEnded) throw stream.errored ?? new Error("the stream for the call's output is closed");
  if (stream.write(chunk)) return undefined;
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      stream.off("drain", settle).off("error", settle).off("close", settle);
      if (error instanceof Error) reject(error);
      else resolve();
    };
    stream.on("drain", settle).on("error", settle).on("close", settle);
  });
}
