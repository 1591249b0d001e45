/* The frame of a call, made when the call is made: nothing that the program does with its arguments afterwards changes what is sent. */
import { markOwned, ownBytes } from "@sremote/connectors";
import { checksumBytes, crc32, decodeFrame, encodeFrame, InvalidArgumentError, peekPrefix, prefixBytes } from "@sremote/protocol";

/**
 * Bytes up to this length are copied when the call is made, which takes less than a twentieth of the time in which they are sent. Longer ones are pinned:
 * the frame's checksum, which is made at once, tells when they have changed.
 */
export const longestCopy: number = 1 << 20;

/** Bytes of the program's own memory that are to be sent. */
export interface Pin {
  readonly bytes: Uint8Array;
  readonly length: number;
  /** As the user knows them: `args[0]`. */
  readonly name: string;
}

/** A message, ready to travel: the same bytes however often and however late it is sent. */
export class CallFrame {
  readonly #pins: readonly Pin[];
  readonly #chunks: Uint8Array[];
  readonly #attachments: Uint8Array[];

  /**
   * @param text the message's JSON without the brace that ends it
   * @param pins those of the attachments that are longer than {@link longestCopy} and still the program's own
   */
  constructor(text: string, attachments: Uint8Array[], pins: readonly Pin[]) {
    this.#pins = pins;
    this.#chunks = encodeFrame(`${text}}`, attachments);
    this.#attachments = attachments;
    if (this.#chunks.length > 1) this.#copyShort();
  }

  #copyShort(): void {
    let next = 0;
    for (const [at, attachment] of this.#attachments.entries()) {
      if (attachment.length === 0 || this.#pins.some(({ bytes }) => bytes === attachment)) continue;
      next = this.#chunks.indexOf(attachment, next);
      this.#chunks[next] = this.#attachments[at] = ownBytes(attachment);
    }
  }

  /** In bytes. */
  get size(): number {
    return this.#chunks.reduce((sum, { length }) => sum + length, 0);
  }

  /** Whether some of its bytes are the program's own memory. */
  get isPinned(): boolean {
    return this.#pins.length > 0;
  }

  /**
   * The frame in pieces.
   * @param more members of the message that were not known when the call was made, as JSON that begins with a comma
   * @throws InvalidArgumentError when bytes have changed since
   */
  chunks(more = ""): readonly Uint8Array[] {
    if (more === "") return this.#chunks;
    this.check();
    const [head, ...others] = this.#chunks;
    // A frame in one piece has its own copy of everything.
    const attachments = others.length === 0 ? decodeFrame(head!).attachments : this.#attachments;
    return encodeFrame(`${headerText(head!)}${more}}`, attachments);
  }

  /** The frame for a connector, which has no need to copy it. As {@link chunks}. */
  input(more = ""): readonly Uint8Array[] {
    const chunks = this.chunks(more);
    for (const chunk of chunks) markOwned(chunk);
    return chunks;
  }

  /** @throws InvalidArgumentError when bytes have changed since the call was made */
  check(): void {
    if (this.#pins.length === 0) return;
    const gone = this.#pins.filter(({ bytes, length }) => bytes.length !== length);
    if (gone.length > 0) throw changed(gone, "transferred or resized");
    const [head, ...body] = this.#chunks;
    const stated = body.pop()!;
    let checksum = crc32(head!.subarray(prefixBytes));
    for (const chunk of body) checksum = crc32(chunk, checksum);
    if (checksum !== Buffer.from(stated.buffer, stated.byteOffset, checksumBytes).readUInt32LE()) throw changed(this.#pins, "written to");
  }
}

/** The message's JSON without the brace that ends it, as it lies in the frame: many frames may be waiting, and few are asked. */
function headerText(head: Uint8Array): string {
  const { attachments, header } = peekPrefix(head);
  const begin = prefixBytes + 8 * attachments;
  return new TextDecoder().decode(head.subarray(begin, begin + header - 1));
}

function changed(pins: readonly Pin[], how: string): InvalidArgumentError {
  const names = [...new Set(pins.map(({ name }) => name))].join(" or ");
  const text = `${names} must not change until the call has ended, but was ${how} while it was being sent; nothing ran`;
  return new InvalidArgumentError(text, undefined, {
    stage: "request",
    hint: "give the call a copy, `bytes.slice()`: calls copy up to 1 MiB themselves, and send longer buffers from where they are",
  });
}
