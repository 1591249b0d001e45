/* The items of a map, taken as they are wanted. */
import { isAsyncIterable, type MapItems } from "./options.ts";

const nothing: unique symbol = Symbol("nothing");

export class ItemSource {
  readonly #list: readonly unknown[] | undefined;
  readonly #iterator: Iterator<unknown> | undefined;
  readonly #asyncIterator: AsyncIterator<unknown> | undefined;
  /** What was asked for and has not come. */
  #pending: Promise<IteratorResult<unknown>> | undefined;
  #taken = 0;
  isDone = false;

  constructor(items: MapItems) {
    if (Array.isArray(items)) this.#list = items;
    else if (isAsyncIterable(items)) this.#asyncIterator = items[Symbol.asyncIterator]();
    else this.#iterator = items[Symbol.iterator]();
  }

  /** How many are left, where that is known. */
  get left(): number | undefined {
    return this.#list === undefined ? undefined : Math.max(0, this.#list.length - this.#taken);
  }

  /** At most so many items; none at the end. Of those that come one by one, those that are there: it waits for the first alone. */
  take(count: number): readonly unknown[] | Promise<readonly unknown[]> {
    if (this.#asyncIterator !== undefined) return this.#takeAsync(this.#asyncIterator, count);
    if (this.#list !== undefined) {
      const items = this.#list.slice(this.#taken, this.#taken + count);
      this.#taken += items.length;
      this.isDone = this.#taken >= this.#list.length;
      return items;
    }
    const items: unknown[] = [];
    while (items.length < count) {
      const { done, value } = this.#iterator!.next();
      if (done === true) {
        this.isDone = true;
        break;
      }
      items.push(value);
    }
    return items;
  }

  async #takeAsync(iterator: AsyncIterator<unknown>, count: number): Promise<readonly unknown[]> {
    const items: unknown[] = [];
    while (items.length < count) {
      this.#pending ??= iterator.next();
      const next = items.length === 0 ? await this.#pending : await Promise.race([this.#pending, soon()]);
      if (next === nothing) break;
      this.#pending = undefined;
      if (next.done === true) {
        this.isDone = true;
        break;
      }
      items.push(next.value);
    }
    return items;
  }

  /** No more are wanted. What the iterator throws at its end is ignored. */
  close(): void {
    if (this.isDone) return;
    this.isDone = true;
    this.#pending?.catch(() => undefined);
    try {
      this.#iterator?.return?.();
      // An iterator that waits for its next item may never come back from this.
      this.#asyncIterator?.return?.().catch(() => undefined);
    } catch {
      // as above
    }
  }
}

function soon(): Promise<typeof nothing> {
  return new Promise((resolve) => void setImmediate(resolve, nothing));
}
