/* WebSocket frames taken apart and put together (RFC 6455, 5.2), for proxies that look into them. */

export interface Frame {
  /** As it came. */
  readonly raw: Buffer;
  /** The content of a frame that is a whole text message. */
  readonly text: Buffer | undefined;
}

export class Frames {
  #bytes: Buffer = Buffer.alloc(0);
  #head: boolean;

  /** @param options.afterHead an HTTP reply comes first, which is handed over as one frame */
  constructor({ afterHead = false } = {}) {
    this.#head = afterHead;
  }

  *take(chunk: Buffer): Iterable<Frame> {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (;;) {
      const frame = this.#head ? this.#reply() : this.#frame();
      if (frame === undefined) return;
      this.#bytes = this.#bytes.subarray(frame.raw.length);
      yield frame;
    }
  }

  #reply(): Frame | undefined {
    const end = this.#bytes.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    this.#head = false;
    return { raw: this.#bytes.subarray(0, end + 4), text: undefined };
  }

  #frame(): Frame | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    const short = bytes[1]! & 0x7f;
    const isMasked = bytes[1]! >= 0x80;
    const more = short === 127 ? 8 : short === 126 ? 2 : 0;
    const begin = 2 + more + (isMasked ? 4 : 0);
    if (bytes.length < begin) return undefined;
    const size = more === 8 ? Number(bytes.readBigUInt64BE(2)) : more === 2 ? bytes.readUInt16BE(2) : short;
    if (bytes.length < begin + size) return undefined;
    const raw = bytes.subarray(0, begin + size);
    // The last fragment of a text: nobody here sends it in several.
    if (bytes[0] !== 0x81) return { raw, text: undefined };
    const text = Buffer.from(raw.subarray(begin));
    const mask = raw.subarray(begin - 4, begin);
    if (isMasked) for (let at = 0; at < size; at += 1) text[at]! ^= mask[at % 4]!;
    return { raw, text };
  }
}

/** A text as a server sends it: in one frame, without a mask. */
export function textFrame(text: Buffer): Buffer {
  const head = Buffer.alloc(text.length < 126 ? 2 : text.length < 65_536 ? 4 : 10);
  head[0] = 0x81;
  head[1] = text.length < 126 ? text.length : text.length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(text.length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(text.length), 2);
  return Buffer.concat([head, text]);
}
