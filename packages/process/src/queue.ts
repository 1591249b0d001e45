/* A bounded queue between writers and one iterator. */

/** What an item weighs beside its text or bytes: a host may print a million empty lines, each of which is an object. */
export const itemWeight = 64;

/**
 * What is pushed comes out in order. A push that finds the queue full is waited for, so that nothing is lost and memory stays bounded. When the
 * reader leaves, pushes are no longer waited for, and what is pushed is dropped.
 */
export class Queue<T> implements AsyncIterableIterator<T> {
  #capacity: number;
  readonly #weigh: (item: T) => number;
  readonly #onReturn: () => void;
  #items: T[] = [];
  #weight = 0;
  #ended = false;
  #left = false;
  #failure: { error: unknown } | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriters: (() => void)[] = [];

  /** @param capacity weight at which a push waits; @param onReturn called when the reader leaves or has got all */
  constructor(capacity: number, weigh: (item: T) => number = () => 1, onReturn: () => void = () => undefined) {
    this.#capacity = capacity;
    this.#weigh = weigh;
    this.#onReturn = onReturn;
  }

  /** For what is bounded in another way: it does not wait. */
  add(item: T): void {
    if (this.#left || this.#ended) return;
    this.#items.push(item);
    this.#weight += this.#weigh(item);
    this.#wakeReader?.();
  }

  push(item: T): void | Promise<void> {
    this.add(item);
    if (this.#left || this.#ended) return undefined;
    if (this.#weight < this.#capacity) return undefined;
    return new Promise((resolve) => this.#wakeWriters.push(resolve));
  }

  /** Nothing more comes; with a failure, the reader gets it behind the last item. */
  end(failure?: { error: unknown }): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wakeReader?.();
  }

  /** Writers no longer wait, whether it is read or not. */
  release(): void {
    this.#capacity = Infinity;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#wakeWriters.splice(0)) wake();
  }

  async next(): Promise<IteratorResult<T, void>> {
    while (this.#items.length === 0 && !this.#ended && !this.#left) {
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
    if (this.#left || this.#items.length === 0) {
      const failure = this.#failure;
      this.#failure = undefined;
      await this.return();
      if (failure !== undefined) throw failure.error;
      return { done: true, value: undefined };
    }
    const value = this.#items.shift()!;
    this.#weight -= this.#weigh(value);
    if (this.#weight < this.#capacity) this.#wake();
    return { done: false, value };
  }

  async return(): Promise<IteratorResult<T, void>> {
    if (!this.#left) {
      this.#left = true;
      this.#items = [];
      this.#wakeReader?.();
      this.#wake();
      this.#onReturn();
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
