/* The message of a call, made when the call is made: nothing that the program does with its arguments afterwards changes what is sent. */
import { markOwned, ownBytes } from "@sremote/connectors";
import { decodeFrame, encodeFrame, peekPrefix, prefixBytes, type WireValue } from "@sremote/protocol";
import type { SplitArguments } from "./options.ts";
import { checkPins, type Pin, pinsAmong } from "./pins.ts";

/** Encodes one value. */
export interface EncodePart {
  (value: unknown, root: string, attachments: Uint8Array[]): WireValue;
}

/** Of calls without attachments, which are most: there may be many under way. */
const none: never[] = [];

/** The message with this beginning, JSON without the brace that ends it, and with the arguments as they are now. It shares nothing with them but attachments. */
export function messageOf(head: string, split: SplitArguments, encode: EncodePart): CallFrame {
  const { args, kwargs } = split;
  const attachments: Uint8Array[] = [];
  let text = `${head},"args":${JSON.stringify(encode(args, "args", attachments))}`;
  if (kwargs !== undefined) text += `,"kwargs":${JSON.stringify(encode(kwargs, "kwargs", attachments))}`;
  if (attachments.length === 0) return new CallFrame(text, none, none);
  return new CallFrame(text, attachments, pinsAmong(attachments, split));
}

/** A message, ready to travel: the same bytes however often and however late it is sent. */
export class CallFrame {
  readonly #pins: readonly Pin[];
  readonly #chunks: Uint8Array[];
  readonly #attachments: Uint8Array[];

  /**
   * @param text the message's JSON without the brace that ends it
   * @param pins those of the attachments that are longer than `longestCopy` and still the program's own
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
    if (this.#pins.length > 0) checkPins(this.#pins, this.#chunks);
  }
}

/** The message's JSON without the brace that ends it, as it lies in the frame: many frames may be waiting, and few are asked. */
function headerText(head: Uint8Array): string {
  const { attachments, header } = peekPrefix(head);
  const begin = prefixBytes + 8 * attachments;
  return new TextDecoder().decode(head.subarray(begin, begin + header - 1));
}
