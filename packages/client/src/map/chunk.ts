/* Items that go out in one message, and what came of them so far. */
import type { ItemMessage } from "../call/item-receiver.ts";
import { type Attachments, ProtocolError, type ItemFailure, type WireValue } from "@sremote/protocol";

/** How values and failures of the host become those of this program. */
export interface ItemReader {
  decode(value: WireValue, attachments: Attachments): unknown;
  /** @param index of the item in the whole map */
  failure(failure: ItemFailure, index: number): Error;
}

export class Chunk {
  /** The index of its first item in the whole map. */
  readonly first: number;
  /** Shorter once the rest went into a chunk of its own. */
  items: readonly unknown[];
  /** Of its first items, in order; undefined for those that failed. */
  values: unknown[] = [];
  /** By index in `items`. */
  readonly failures: Map<number, Error> = new Map();
  /** How many of its items may have begun, where the host has said so. */
  begun: number | undefined;
  /** How often items that may have begun were sent again. */
  repeats = 0;
  /** The host that has it, or had it last. */
  host = "";
  readonly #onProgress: () => void;

  constructor(first: number, items: readonly unknown[], onProgress: () => void) {
    this.first = first;
    this.items = items;
    this.#onProgress = onProgress;
  }

  /** How many of its items have a result or a failure: always the first ones. */
  get decided(): number {
    return this.values.length;
  }

  get isOver(): boolean {
    return this.values.length === this.items.length;
  }

  /** @param reader of the host that has it */
  take(message: ItemMessage, attachments: Attachments, reader: ItemReader): void {
    const { value, failures = [], begun } = message;
    const from = this.decided;
    if (begun !== undefined) this.begun = Math.min(this.items.length, Math.max(from, begun));
    if (value === undefined) return;
    const values = reader.decode(value, attachments);
    if (!Array.isArray(values)) throw new ProtocolError("protocol-error", "the host's answer for many items is not an array");
    if (values.length > this.items.length - from)
      throw new ProtocolError("protocol-error", `the host answered for ${from + values.length} items, and got ${this.items.length}`);
    for (const failure of failures) {
      if (failure.item < from || failure.item >= from + values.length)
        throw new ProtocolError("protocol-error", `the host tells of a failure of item ${failure.item}, which is not in its message`);
    }
    // Most messages have all results of theirs in one piece.
    if (from === 0) this.values = values;
    else for (const each of values) this.values.push(each);
    for (const failure of failures) this.#failed(failure.item, reader.failure(failure, this.first + failure.item));
    this.#onProgress();
  }

  #failed(item: number, error: Error): void {
    this.values[item] = undefined;
    this.failures.set(item, error);
  }

  /** The next item has no result. */
  fail(error: Error): void {
    this.#failed(this.decided, error);
    this.#onProgress();
  }

  /** Takes the items from this index on out of it, as a chunk of their own. */
  split(at: number): Chunk {
    const rest = new Chunk(this.first + at, this.items.slice(at), this.#onProgress);
    rest.repeats = this.repeats;
    this.items = this.items.slice(0, at);
    return rest;
  }
}
