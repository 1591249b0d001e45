/* What a process writes, on its way to whoever wants it. */

export type StreamName = "stdout" | "stderr";

/** A piece of output as it came. */
export interface OutputChunk {
  readonly stream: StreamName;
  readonly bytes: Uint8Array;
  /** Here the connector has cut something off. */
  readonly lost?: boolean;
}

/** One who gets all output. What a promise is returned for is waited for: the process is not read further, and so has to wait, too. */
export interface Tap {
  chunk(chunk: OutputChunk): void | Promise<void>;
  /** No more comes. */
  end?(): void | Promise<void>;
}

/** Bytes of each stream that are kept where nothing else is said, as 64 hosts may have two of them. */
export const defaultOutputLimit: number = 4 * 1024 * 1024;

const smallPiece = 4096;

/** Keeps output up to a limit for each stream, and counts the rest. */
export class CollectedOutput implements Tap {
  readonly #limit: number;
  readonly #chunks: OutputChunk[] = [];
  readonly #kept = { stdout: 0, stderr: 0 };
  readonly #total = { stdout: 0, stderr: 0 };
  #taken = 0;
  #lost = false;

  /** @param limit 0 keeps nothing, and calls nothing cut off: it was asked for */
  constructor(limit: number) {
    this.#limit = limit;
  }

  chunk({ stream, bytes: all, lost = false }: OutputChunk): void {
    this.#lost ||= lost;
    this.#total[stream] += all.length;
    const part = all.subarray(0, Math.max(0, this.#limit - this.#kept[stream]));
    if (part.length === 0) return;
    this.#kept[stream] += part.length;
    const last = this.#chunks.at(-1);
    // Small pieces are put together: each by itself would take more memory than its bytes.
    const joins = last?.stream === stream && last.bytes.length + part.length <= smallPiece && this.#taken < this.#chunks.length;
    const bytes = joins ? new Uint8Array(Buffer.concat([last.bytes, part])) : Uint8Array.from(part);
    this.#chunks.splice(joins ? -1 : this.#chunks.length, 1, { stream, bytes });
  }

  /** In the order in which it came. */
  get chunks(): readonly OutputChunk[] {
    return this.#chunks;
  }

  bytes(stream?: StreamName): Uint8Array {
    const wanted = stream === undefined ? this.#chunks : this.#chunks.filter((chunk) => chunk.stream === stream);
    return new Uint8Array(Buffer.concat(wanted.map(({ bytes }) => bytes)));
  }

  /** As UTF-8; other bytes are shown as U+FFFD. */
  text(stream?: StreamName): string {
    return Buffer.from(this.bytes(stream).buffer).toString("utf8");
  }

  /** Bytes that were written, kept or not. */
  total(stream?: StreamName): number {
    return stream === undefined ? this.#total.stdout + this.#total.stderr : this.#total[stream];
  }

  /** Output that nobody has read was dropped. */
  drop(): void {
    this.#lost = true;
  }

  /** Whether some of it was not kept because of the limit, or was dropped because nobody read it. */
  get truncated(): boolean {
    return this.#lost || (this.#limit > 0 && (this.#total.stdout > this.#kept.stdout || this.#total.stderr > this.#kept.stderr));
  }

  /** What came since the last time, stdout and stderr as they came; empty when nothing did. */
  take(): string {
    const fresh = this.#chunks.slice(this.#taken);
    this.#taken = this.#chunks.length;
    return Buffer.concat(fresh.map(({ bytes }) => bytes)).toString("utf8");
  }
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
    for (const chunk of before) void this.#next(entry, () => tap.chunk(chunk));
    if (this.#ended) void this.#finish(entry);
    return () => this.#entries.delete(entry);
  }

  /** Never rejects. */
  async chunk(chunk: OutputChunk): Promise<void> {
    await Promise.all(Array.from(this.#entries, async (entry) => this.#next(entry, () => entry.tap.chunk(chunk))));
  }

  /** Never rejects. */
  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(Array.from(this.#entries, (entry) => this.#finish(entry)));
  }

  /** For another round: those who come now get what comes then. */
  reopen(): void {
    this.#ended = false;
  }

  async #finish(entry: Entry): Promise<void> {
    await this.#next(entry, () => entry.tap.end?.());
    this.#entries.delete(entry);
  }

  #next(entry: Entry, work: () => void | Promise<void>): Promise<void> {
    entry.last = this.#after(entry, entry.last, work);
    return entry.last;
  }

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
