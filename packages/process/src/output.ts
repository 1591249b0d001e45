/* What a process writes, on its way to its readers. */
import { given, InvalidArgumentError } from "@sremote/protocol";
import { KeptStream, type StreamPosition } from "./kept-stream.ts";
import type { OutputMemory } from "./output-memory.ts";

export type StreamName = "stdout" | "stderr";

/** A piece of output as it came. */
export interface OutputChunk {
  readonly stream: StreamName;
  readonly bytes: Uint8Array;
  /** Here the connector has cut something off. */
  readonly lost?: boolean;
}

/** Gets all output. A returned promise applies backpressure: the process is not read further until it settles. */
export interface Tap {
  chunk(chunk: OutputChunk): void | Promise<void>;
  /** No more comes. */
  end?(): void | Promise<void>;
}

/** Bytes of each stream that are kept where nothing else is said. */
export const defaultOutputLimit: number = 4 * 1024 * 1024;

/** Bytes that the length of a piece takes. */
const lengthSize = 8;

/** How far a reader has come. */
interface Position {
  /** Which of the lengths, and how much of it. */
  length: number;
  within: number;
  readonly stdout: StreamPosition;
  readonly stderr: StreamPosition;
}

const atBeginning = (): Position => ({ length: 0, within: 0, stdout: { piece: 0, offset: 0 }, stderr: { piece: 0, offset: 0 } });

/** Keeps output up to a limit for each stream, and as far as the memory that others use too allows, and counts the rest. */
export class CollectedOutput implements Tap {
  readonly #limit: number;
  readonly #kept: Readonly<Record<StreamName, KeptStream>>;
  /** How much came before the other stream went on: of stdout, of stderr, and so on in turn. */
  readonly #lengths: number[] = [0];
  readonly #total = { stdout: 0, stderr: 0 };
  readonly #taken = atBeginning();
  #lost = false;

  /** @param limit 0 keeps nothing, and calls nothing cut off: it was asked for */
  constructor(limit: number, memory: OutputMemory) {
    this.#limit = limit;
    this.#kept = { stdout: new KeptStream(memory.open()), stderr: new KeptStream(memory.open()) };
  }

  chunk({ stream, bytes, lost = false }: OutputChunk): void {
    this.#lost ||= lost;
    this.#total[stream] += bytes.length;
    const goesOn = streamAt(this.#lengths.length - 1) === stream;
    const kept = this.#kept[stream].append(bytes, this.#limit, goesOn ? 0 : lengthSize);
    if (kept === 0) return;
    if (goesOn) this.#lengths[this.#lengths.length - 1]! += kept;
    else this.#lengths.push(kept);
  }

  /** No more is expected. @internal */
  settle(): void {
    this.#kept.stdout.settle();
    this.#kept.stderr.settle();
  }

  /** It is not to count against the memory any more. @internal */
  release(): void {
    this.#kept.stdout.release();
    this.#kept.stderr.release();
  }

  /** In the order in which it came. */
  get chunks(): readonly OutputChunk[] {
    return this.#read(atBeginning());
  }

  bytes(stream?: StreamName): Uint8Array {
    checkStream(stream);
    return joined(stream === undefined ? this.chunks : this.#ofStream(stream));
  }

  /** As UTF-8; other bytes are shown as U+FFFD. */
  text(stream?: StreamName): string {
    return Buffer.from(this.bytes(stream).buffer).toString("utf8");
  }

  /** Bytes that were written, kept or not. */
  total(stream?: StreamName): number {
    checkStream(stream);
    return stream === undefined ? this.#total.stdout + this.#total.stderr : this.#total[stream];
  }

  /** Unread output was dropped. */
  drop(): void {
    this.#lost = true;
  }

  /** Whether some of it was not kept because of a limit, or was dropped because it was not read. */
  get truncated(): boolean {
    return this.isCut();
  }

  /** {@link truncated}, of one of the streams. Of what a connector cut off, or was not read, the stream is unknown. */
  isCut(stream?: StreamName): boolean {
    checkStream(stream);
    if (stream === undefined) return this.isCut("stdout") || this.isCut("stderr");
    return this.#lost || (this.#limit > 0 && this.#total[stream] > this.#kept[stream].length);
  }

  /** What came since the last time, stdout and stderr as they came; empty when nothing did. */
  readNew(): string {
    return Buffer.from(joined(this.#read(this.#taken)).buffer).toString("utf8");
  }

  /** Two outputs of which this is the same have kept the same bytes; undefined where that is not known. @internal */
  identity(stream?: StreamName): string | undefined {
    if (stream !== undefined) return this.#kept[stream].identity;
    const both = [this.#kept.stdout.identity, this.#kept.stderr.identity];
    return both.includes(undefined) ? undefined : [...both, this.#lengths.join()].join(" ");
  }

  #read(position: Position): OutputChunk[] {
    const chunks: OutputChunk[] = [];
    for (;;) {
      const left = (this.#lengths[position.length] ?? 0) - position.within;
      if (left > 0) {
        const stream = streamAt(position.length);
        const bytes = this.#kept[stream].read(position[stream], left);
        position.within += bytes.length;
        chunks.push({ stream, bytes });
      } else if (position.length < this.#lengths.length - 1) {
        position.length += 1;
        position.within = 0;
      } else {
        return chunks;
      }
    }
  }

  #ofStream(stream: StreamName): OutputChunk[] {
    const position = { piece: 0, offset: 0 };
    const chunks: OutputChunk[] = [];
    for (let left = this.#kept[stream].length; left > 0;) {
      const bytes = this.#kept[stream].read(position, left);
      left -= bytes.length;
      chunks.push({ stream, bytes });
    }
    return chunks;
  }
}

function checkStream(stream: unknown): void {
  if (stream !== undefined && stream !== "stdout" && stream !== "stderr")
    throw new InvalidArgumentError("stream", `"stdout" or "stderr"${given(stream)}`);
}

function streamAt(length: number): StreamName {
  return length % 2 === 0 ? "stdout" : "stderr";
}

/** In memory of its own. */
function joined(chunks: readonly OutputChunk[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of chunks) {
    all.set(bytes, at);
    at += bytes.length;
  }
  return all;
}

/** The taps of one process. Each gets the output in order, one piece at a time. */
export class Taps {
  readonly #entries = new Set<Entry>();
  readonly #onError: (error: unknown) => void;
  #ended = false;

  /** @param onError called when a tap throws; it is asked no more */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** From now on; `before` comes first. Returns what takes it away again. */
  add(tap: Tap, before: readonly OutputChunk[] = []): () => void {
    const entry: Entry = { tap, last: Promise.resolve() };
    this.#entries.add(entry);
    for (const chunk of before) this.#queue(entry, () => tap.chunk(chunk));
    if (this.#ended) this.#finish(entry);
    return () => this.#entries.delete(entry);
  }

  /** Never rejects. */
  async chunk(chunk: OutputChunk): Promise<void> {
    for (const entry of this.#entries) this.#queue(entry, () => entry.tap.chunk(chunk));
    await this.#allTaken();
  }

  /** Never rejects. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const entry of this.#entries) this.#finish(entry);
    await this.#allTaken();
  }

  async #allTaken(): Promise<void> {
    await Promise.all(Array.from(this.#entries, ({ last }) => last));
  }

  /** For another round: those who come now get what comes then. */
  reopen(): void {
    this.#ended = false;
  }

  #finish(entry: Entry): void {
    this.#queue(entry, async () => {
      await entry.tap.end?.();
      this.#entries.delete(entry);
    });
  }

  #queue(entry: Entry, work: () => void | Promise<void>): void {
    entry.last = this.#after(entry, entry.last, work);
  }

  /** Never rejects: what a tap throws is told to `onError`. */
  async #after(entry: Entry, before: Promise<void>, work: () => void | Promise<void>): Promise<void> {
    await before;
    if (!this.#entries.has(entry)) return;
    try {
      await work();
    } catch (error) {
      this.#entries.delete(entry);
      this.#onError(error);
    }
  }
}

interface Entry {
  readonly tap: Tap;
  last: Promise<void>;
}
