/* Takes the report of a command's end off its standard error. */
import { Transform } from "node:stream";
import type { TransformCallback } from "node:stream";

/** Passes everything on but `marker STATUS\n`, wherever it stands. Holds back no more than what may be the beginning of it. */
export class TrailerFilter extends Transform {
  readonly #marker: Buffer;
  #held: Buffer = Buffer.alloc(0);
  /** The command's exit status as its shell saw it. */
  status: number | undefined;

  constructor(marker: Buffer, highWaterMark: number) {
    super({ readableHighWaterMark: highWaterMark });
    this.#marker = marker;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    if (this.status !== undefined) return callback(null, chunk);
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const start = bytes.indexOf(this.#marker);
    const end = start < 0 ? -1 : bytes.indexOf(0x0a, start);
    if (end >= 0) {
      this.status = Number(bytes.subarray(start + this.#marker.length, end).toString("latin1"));
      this.#held = Buffer.alloc(0);
      if (start > 0) this.push(bytes.subarray(0, start));
      if (end + 1 < bytes.length) this.push(bytes.subarray(end + 1));
    } else {
      const keep = start < 0 ? this.#partial(bytes) : bytes.length - start;
      this.#held = Buffer.from(bytes.subarray(bytes.length - keep));
      if (keep < bytes.length) this.push(bytes.subarray(0, bytes.length - keep));
    }
    callback();
  }

  override _flush(callback: TransformCallback): void {
    callback(null, this.#held.length > 0 ? this.#held : undefined);
  }

  /** Length of the longest end of the bytes that the marker begins with. */
  #partial(bytes: Buffer): number {
    for (let length = Math.min(this.#marker.length - 1, bytes.length); length > 0; length -= 1) {
      if (bytes.subarray(bytes.length - length).equals(this.#marker.subarray(0, length))) return length;
    }
    return 0;
  }
}
