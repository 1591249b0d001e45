/* Ids of their callers' own that this client has sent: a later call with such an id may have run already, whatever becomes of itself. */

/** Each takes about 100 bytes. */
const most = 65_536;

export class SentIds {
  readonly #ids = new Set<string>();
  readonly #most: number;
  #isFull = false;

  constructor(limit: number = most) {
    this.#most = limit;
  }

  add(id: string): void {
    if (this.#ids.size < this.#most) this.#ids.add(id);
    else this.#isFull ||= !this.#ids.has(id);
  }

  /** Once there are too many to remember, of every id. */
  mayHave(id: string): boolean {
    return this.#isFull || this.#ids.has(id);
  }
}
