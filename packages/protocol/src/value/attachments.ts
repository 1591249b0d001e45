import { ProtocolError } from "../error.ts";

/** The attachments of one message that was received. Each may be referenced once, by any value or output part of the message. */
export class Attachments {
  readonly #items: readonly Uint8Array[];
  readonly #taken: Set<number> = new Set();

  constructor(items: readonly Uint8Array[]) {
    this.#items = items;
  }

  /** The given attachments as such an object; one that is already is passed through, so that what was taken stays taken. */
  static from(items: readonly Uint8Array[] | Attachments): Attachments {
    return items instanceof Attachments ? items : new Attachments(items);
  }

  get length(): number {
    return this.#items.length;
  }

  /** @param index as it came from the wire @param path of the reference, for the error @throws ProtocolError */
  take(index: unknown, path: string): Uint8Array {
    if (typeof index !== "number" || !Number.isSafeInteger(index) || index < 0 || index >= this.#items.length) {
      throw new ProtocolError(
        "protocol-error",
        `${path}: ${typeof index === "number" ? index : typeof index} is not the index of one of ${this.#items.length} attachments`,
      );
    }
    if (this.#taken.has(index)) throw new ProtocolError("protocol-error", `${path}: attachment ${index} is referenced twice`);
    this.#taken.add(index);
    return this.#items[index]!;
  }
}
