/* stdout or stderr of a call: collected for the result, read live, passed on, or dropped. */
import { Writable } from "node:stream";
import { showAs } from "@sremote/connectors";
import { ByteList, hostLimits, limits, sessionLimits } from "@sremote/protocol";
import type { CapturedOutput } from "./result.ts";

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

/** What is told that an output is iterated. */
export interface OutputReader {
  onRead(): void;
}

/** A line longer than this is given in parts, so that output without line ends needs no memory of its own size. */
const longestLine = hostLimits.line;

/** Credit is given back in portions, not byte by byte. */
const portion = sessionLimits.outputCredit / 4;

/** Bytes whose credit is given back when they are taken, and to whom: the items of a generator are made by calls of their own. */
interface Debt {
  readonly flow: OutputFlow;
  bytes: number;
}

const silent: OutputFlow = { grant: () => undefined, mute: () => undefined };
const noBytes = new Uint8Array();
const settled = Promise.resolve();

/**
 * The output of a call, live. Iterating gives lines (UTF-8, without their ends); {@link bytes} gives the bytes as they come. What is iterated is not
 * kept for the result, and until it is taken the function waits: nothing is lost, and nothing piles up. Iterating ends with the call, and throws
 * its error where it failed. Leaving the loop discards the rest.
 */
export class CallOutput implements AsyncIterable<string> {
  #mode: "collect" | "live" | "discard" = "collect";
  #flow: OutputFlow = silent;
  #limit: number = Number.POSITIVE_INFINITY;
  readonly #sink: ((chunk: Uint8Array) => void | Promise<void>) | undefined;
  #sinkTurn: Promise<void> = settled;
  /** What the sink has not taken yet. Made when something comes, as all lists here: most calls print nothing. */
  #toPass: ByteList | undefined;
  #passing = false;
  #sinkFailure: { error: unknown } | undefined;
  #bytes: ByteList | undefined;
  #kept = 0;
  #total = 0;
  #debts: Debt[] | undefined;
  #granted: OutputFlow = silent;
  #taken = 0;
  #muted: OutputFlow | undefined;
  #ended: { error: unknown } | "well" | undefined;
  #wake: (() => void) | undefined;
  readonly #reader: OutputReader | undefined;

  /** @internal @param reader is told when iteration begins: the loop then gets the call's errors */
  constructor(handling: OutputHandling = "collect", reader?: OutputReader) {
    this.#reader = reader;
    if (handling === "discard") this.#mode = "discard";
    else if (handling instanceof Writable) this.#sink = (chunk) => writeTo(handling, chunk);
    else if (handling !== "collect") this.#sink = (chunk) => handling.write(chunk);
  }

  /** The call goes out. @param limit bytes to collect @internal */
  begin(flow: OutputFlow, limit: number = limits.output): void {
    this.#flow = flow;
    this.#limit = limit;
    if (this.#mode === "discard") this.#mute(flow);
  }

  /** Bytes have come. @param flow which has brought them @internal */
  feed(chunk: Uint8Array, flow: OutputFlow = this.#flow): void {
    this.#total += chunk.length;
    // The call was given up: its output is not read, and the function must not wait for a reader.
    if (this.#ended !== undefined) return this.#grant(flow, chunk.length);
    if (this.#mode === "live") {
      (this.#bytes ??= new ByteList()).add(chunk);
      this.#owe(flow, chunk.length);
      this.#wake?.();
      return;
    }
    const sink = this.#sink;
    if (sink === undefined) this.#grant(flow, chunk.length);
    else {
      this.#owe(flow, chunk.length);
      (this.#toPass ??= new ByteList()).add(chunk);
      if (!this.#passing) this.#sinkTurn = this.#sinkTurn.then(() => this.#passOn(sink));
      this.#passing = true;
    }
    this.#keep(chunk, flow);
  }

  async #passOn(sink: (chunk: Uint8Array) => void | Promise<void>): Promise<void> {
    for (let chunk = this.#toPass?.shift(); chunk !== undefined; chunk = this.#toPass?.shift()) await this.#pass(sink, chunk);
    this.#passing = false;
  }

  async #pass(sink: (chunk: Uint8Array) => void | Promise<void>, chunk: Uint8Array): Promise<void> {
    try {
      if (this.#sinkFailure === undefined) await sink(chunk);
    } catch (error) {
      this.#sinkFailure = { error };
    }
    this.#pay(chunk.length);
  }

  #keep(chunk: Uint8Array, flow: OutputFlow): void {
    if (this.#mode === "discard") return this.#mute(flow);
    const room = this.#limit - this.#kept;
    if (room > 0) {
      const part = chunk.length <= room ? chunk : chunk.subarray(0, room);
      (this.#bytes ??= new ByteList()).add(part);
      this.#kept += part.length;
    }
    if (chunk.length > room && this.#sink === undefined) this.#mute(flow);
  }

  /** Bytes that the function wrote and the host dropped after a mute. @internal */
  missed(bytes: number): void {
    this.#total += bytes;
  }

  /** Bytes that are known to have been written. @internal */
  get total(): number {
    return this.#total;
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
    const total = this.#total;
    if (this.#mode === "live") return { bytes: noBytes, total, truncated: false };
    const list = this.#bytes;
    if (list === undefined || list.length === 0) return { bytes: noBytes, total, truncated: this.#mode !== "discard" && total > 0 };
    const bytes = list.take();
    list.add(bytes);
    return { bytes, total, truncated: this.#mode !== "discard" && total > bytes.length };
  }

  /** The bytes as they come, in chunks of any size. */
  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    this.#reader?.onRead();
    if (this.#mode === "discard") throw new TypeError("this output is discarded, or was read before");
    if (this.#sink !== undefined) throw new TypeError("this output goes to the sink given with the call");
    if (this.#mode === "live") throw new TypeError("this output is being read already");
    // What was collected so far comes first; its credit was given when it came.
    let credited = this.#kept;
    this.#mode = "live";
    try {
      for (;;) {
        const chunk = this.#bytes?.shift();
        if (chunk !== undefined) {
          yield chunk;
          const owed = Math.max(0, chunk.length - credited);
          credited = Math.max(0, credited - chunk.length);
          this.#pay(owed);
          continue;
        }
        if (this.#ended !== undefined) break;
        await new Promise<void>((resolve) => (this.#wake = resolve));
        this.#wake = undefined;
      }
      if (this.#ended !== "well") throw this.#ended.error;
    } finally {
      this.#mode = "discard";
      this.#bytes = undefined;
      if (this.#ended === undefined) this.#mute(this.#flow);
    }
  }

  /** The lines as they come, without their line feeds; a line of more than 1 MiB comes in parts. */
  async *lines(): AsyncGenerator<string, void, undefined> {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let rest = "";
    for await (const chunk of this.bytes()) {
      const parts = decoder.decode(chunk, { stream: true }).split("\n");
      // Not searched again with each drop of a long line: that would take its length times its length.
      parts[0] = rest + parts[0]!;
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

  static {
    showAs(this, "CallOutput", (self) => ({ bytes: self.#total, ended: self.#ended !== undefined }));
  }

  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    return this.lines();
  }

  #owe(flow: OutputFlow, bytes: number): void {
    const debts = (this.#debts ??= []);
    const last = debts.at(-1);
    if (last?.flow === flow) last.bytes += bytes;
    else debts.push({ flow, bytes });
  }

  /** So many bytes were taken. */
  #pay(bytes: number): void {
    const debts = this.#debts ?? [];
    for (let left = bytes; left > 0 && debts.length > 0;) {
      const debt = debts[0]!;
      const part = Math.min(left, debt.bytes);
      left -= part;
      debt.bytes -= part;
      if (debt.bytes === 0) debts.shift();
      this.#grant(debt.flow, part);
    }
  }

  #grant(flow: OutputFlow, bytes: number): void {
    // Calls of one generator follow one another: what an earlier one was not given it does not need.
    if (this.#granted !== flow) this.#taken = 0;
    this.#granted = flow;
    this.#taken += bytes;
    if (this.#taken < portion) return;
    flow.grant(this, this.#taken);
    this.#taken = 0;
  }

  #mute(flow: OutputFlow): void {
    if (this.#muted === flow) return;
    this.#muted = flow;
    flow.mute(this);
  }
}

function writeTo(stream: Writable, chunk: Uint8Array): void | Promise<void> {
  // A stream that has failed or ended no longer takes input, and would never say "drain".
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
