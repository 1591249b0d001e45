/*
 * Gives the items of a map to hosts in chunks, and keeps their results in order.
 *
 *   source ──take──▶ chunk ──▶ a lane with room ──▶ decided, from its first item on ──▶ next(), in order
 *                      ▲                       │
 *                      └── what has not begun ─┘ on this lane or another
 */
import {
  ConnectError,
  OutcomeUnknownError,
  ProtocolError,
  RemoteExecError,
  RemoteModulesError,
  RemoteNotSetupError,
  SremoteError,
} from "@sremote/protocol";
import { Chunk } from "./chunk.ts";
import { begunItem, unsendableItem } from "./item-error.ts";
import type { ItemSource } from "./item-source.ts";
import { type Lane, UnsendableItems } from "./lane.ts";

/** Chunks in a row of which a lane's host began nothing before its process died. */
const mostFruitless = 3;
/** How often items that may have begun are sent again where the caller allows it. */
const mostRepeats = 3;

/** Items in order, from `first` on. */
export interface Batch {
  readonly first: number;
  readonly values: readonly unknown[];
  /** By place in `values`. */
  readonly failures: ReadonlyMap<number, Error>;
  readonly host: string;
}

/** A host that gets no more items. */
export interface LostHost {
  readonly host: string;
  readonly error: SremoteError;
}

export interface MapRunSettings {
  readonly source: ItemSource;
  readonly lanes: readonly Lane[];
  /** Whether items that may have begun are sent again when their host is lost. */
  readonly repeats: boolean;
}

export class MapRun {
  readonly #settings: MapRunSettings;
  /** Those that are not read to their end, in order. */
  readonly #order: Chunk[] = [];
  /** Those that wait for a lane. */
  readonly #waiting: Chunk[] = [];
  /** Hosts that get no more, and why. */
  readonly #retired = new Map<Lane, unknown>();
  readonly #abort = new AbortController();
  /** Aborted when hosts that are not reached yet would have nothing to do. */
  readonly #opening = new AbortController();
  /** Chunks that a lane has. */
  #running = 0;
  #taken = 0;
  #taking: Promise<unknown> | undefined;
  #mostOpen: number;
  /** Of the first chunk, how many were read. */
  #read = 0;
  #failure: { readonly error: unknown } | undefined;
  #changed = Promise.withResolvers<void>();
  /** Resolves when no lane has anything to do with it any more. */
  readonly ended: Promise<void>;

  constructor(settings: MapRunSettings) {
    this.#settings = settings;
    const width = settings.lanes.reduce((sum, lane) => sum + lane.width, 0);
    this.#mostOpen = 2 * width;
    this.ended = this.#work();
  }

  /** All results are wanted as soon as they are there: no reader has to be waited for. */
  readAhead(): void {
    this.#mostOpen = Number.POSITIVE_INFINITY;
    this.#tell();
  }

  /** Ends the map: no further item begins, and those that run are ended. */
  stop(error: unknown): void {
    if (this.#abort.signal.aborted) return;
    this.#failure ??= { error };
    this.#abort.abort(error);
    this.#opening.abort(error);
    this.#settings.source.close();
    this.#tell();
  }

  /** Hosts that were lost or not reached, and why. */
  get lost(): readonly LostHost[] {
    return Array.from(this.#retired, ([{ host }, error]) => ({ host, error: SremoteError.from(error, "endpoint-broken", { host }) }));
  }

  /** The next results in order, as many as there are; undefined at the end. @throws what ended the map */
  async next(): Promise<Batch | undefined> {
    for (;;) {
      // Settled before it is looked at: a change in between is not missed.
      const changed = this.#changed.promise;
      if (this.#failure !== undefined) throw this.#failure.error;
      const batch = this.#batch();
      if (batch !== undefined) return batch;
      if (this.#isAllDone()) return undefined;
      await changed;
    }
  }

  #batch(): Batch | undefined {
    for (let chunk = this.#order[0]; chunk !== undefined; chunk = this.#order[0]) {
      const [from, decided] = [this.#read, chunk.decided];
      if (chunk.isOver) {
        this.#order.shift();
        this.#read = 0;
        this.#tell();
      } else this.#read = decided;
      if (decided > from) return batchOf(chunk, from, decided);
      if (!chunk.isOver) return undefined;
    }
    return undefined;
  }

  #isAllDone(): boolean {
    return this.#settings.source.isDone && this.#taking === undefined && this.#order.length === 0;
  }

  async #work(): Promise<void> {
    // In the next turn: the caller may say first how it is read.
    await Promise.resolve();
    const { lanes } = this.#settings;
    await Promise.all(lanes.flatMap((lane) => Array.from({ length: lane.width }, () => this.#serve(lane))));
  }

  async #serve(lane: Lane): Promise<void> {
    try {
      await lane.open?.(this.#opening.signal);
    } catch (error) {
      // Where nothing is left to do, that is why.
      if (!this.#opening.signal.aborted) this.#retire(lane, error);
      return;
    }
    let fruitless = 0;
    for (;;) {
      const chunk = await this.#nextChunk(lane);
      if (chunk === undefined) {
        if (!this.#retired.has(lane)) this.#opening.abort();
        return;
      }
      chunk.host = lane.host;
      const before = chunk.decided;
      try {
        const { milliseconds, bytes } = await lane.perform(chunk, this.#abort.signal);
        lane.size.ran(chunk.decided - before, milliseconds, bytes);
        if (!chunk.isOver) this.#waiting.push(this.#cut(chunk, chunk.decided));
      } catch (error) {
        this.#failed(chunk, lane, error, fruitless);
      } finally {
        this.#running--;
        fruitless = chunk.decided === before ? fruitless + 1 : 0;
        this.#tell();
      }
    }
  }

  /** What a lane with room does next; waits while others may leave something. Undefined when there is nothing left. */
  async #nextChunk(lane: Lane): Promise<Chunk | undefined> {
    const { source } = this.#settings;
    for (;;) {
      const changed = this.#changed.promise;
      if (this.#abort.signal.aborted || this.#retired.has(lane)) return undefined;
      const waiting = this.#waiting.shift();
      if (waiting !== undefined) {
        this.#running++;
        return waiting;
      }
      if (this.#taking !== undefined) await this.#taking;
      else if (!source.isDone && this.#order.length < this.#mostOpen) {
        const chunk = await this.#take(lane);
        if (chunk !== undefined) return chunk;
      } else if (source.isDone && this.#running === 0) return undefined;
      else await changed;
    }
  }

  async #take(lane: Lane): Promise<Chunk | undefined> {
    const { source } = this.#settings;
    const taking = Promise.withResolvers<void>();
    this.#taking = taking.promise;
    try {
      const taken = source.take(lane.size.next(source.left, this.#settings.lanes.length * lane.width));
      // Not awaited where nothing is waited for: all lanes have something to do in one turn.
      const items = taken instanceof Promise ? await taken : taken;
      if (items.length === 0) return undefined;
      const chunk = new Chunk(this.#taken, items, () => this.#tell());
      this.#taken += items.length;
      this.#order.push(chunk);
      // At once: another lane must not find that nothing is left.
      this.#running++;
      return chunk;
    } catch (error) {
      // Of the caller's iterator.
      this.stop(error);
      return undefined;
    } finally {
      this.#taking = undefined;
      taking.resolve();
      this.#tell();
    }
  }

  #failed(chunk: Chunk, lane: Lane, error: unknown, fruitless: number): void {
    if (this.#abort.signal.aborted) return;
    if (error instanceof SremoteError && error.code === "closed") return this.stop(error);
    if (error instanceof UnsendableItems) return this.#unsendable(this.#cut(chunk, chunk.decided), error.cause);
    const begun = begunItems(chunk, error);
    if (begun < chunk.items.length) this.#waiting.push(this.#cut(chunk, begun));
    if (begun > chunk.decided) {
      if (this.#settings.repeats && chunk.repeats < mostRepeats) {
        chunk.repeats++;
        this.#waiting.push(this.#cut(chunk, chunk.decided));
      } else {
        const known = SremoteError.from(error, "outcome-unknown", { host: lane.host });
        // They ran one after the other: only the last of those that had begun can have ended the process.
        while (chunk.decided < begun) chunk.fail(begunItem(known, chunk.first + chunk.decided, chunk.decided + 1 < (chunk.begun ?? 0)));
      }
    }
    const isOfItems = error instanceof OutcomeUnknownError || (error instanceof RemoteExecError && !isOfFunction(error));
    if (!isOfItems || (begun === chunk.decided && fruitless + 1 >= mostFruitless)) this.#retire(lane, error);
  }

  /** One item of this chunk cannot be sent; none was. Halves of it are tried until that item is found. */
  #unsendable(chunk: Chunk, error: SremoteError): void {
    const { length } = chunk.items;
    if (length === 1) chunk.fail(unsendableItem(error, chunk.first));
    else this.#waiting.push(chunk, this.#cut(chunk, Math.ceil(length / 2)));
  }

  /** Takes the items from this index on out of a chunk. What is returned has no results yet. */
  #cut(chunk: Chunk, at: number): Chunk {
    if (at === 0) {
      chunk.begun = undefined;
      return chunk;
    }
    const rest = chunk.split(at);
    this.#order.splice(this.#order.indexOf(chunk) + 1, 0, rest);
    return rest;
  }

  /** Its host gets no more. The map fails with the last one. */
  #retire(lane: Lane, error: unknown): void {
    if (this.#retired.has(lane)) return;
    this.#retired.set(lane, error);
    if (this.#retired.size === this.#settings.lanes.length) this.stop(error);
  }

  #tell(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }
}

/** How many items may have begun when a call ended with this error. */
function begunItems(chunk: Chunk, error: unknown): number {
  if (nothingRan.some((kind) => error instanceof kind)) return chunk.decided;
  if (error instanceof ProtocolError && error.stage === "request") return chunk.decided;
  if (!(error instanceof RemoteExecError)) return isUnsent(error) ? chunk.decided : chunk.items.length;
  return isOfFunction(error) ? chunk.decided : (chunk.begun ?? chunk.items.length);
}

const nothingRan = [ConnectError, RemoteNotSetupError, RemoteModulesError];

function isUnsent(error: unknown): boolean {
  return error instanceof SremoteError && (error.code === "connection-lost" || error.code === "unsupported");
}

/** It was not found or not begun, or its module's own code raised: none of the items ran. */
function isOfFunction({ outcome, stage }: RemoteExecError): boolean {
  return outcome === "not-run" || (outcome === "raised" && stage !== "call" && stage !== "result");
}

function batchOf(chunk: Chunk, from: number, to: number): Batch {
  const failures = new Map<number, Error>();
  if (chunk.failures.size > 0) for (const [item, error] of chunk.failures) if (item >= from && item < to) failures.set(item - from, error);
  return {
    first: chunk.first + from,
    values: from === 0 && chunk.isOver ? chunk.values : chunk.values.slice(from, to),
    failures,
    host: chunk.host,
  };
}
