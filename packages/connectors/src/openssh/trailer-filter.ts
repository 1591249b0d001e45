/* Takes the report of a command's end off its standard error. */
import { Transform } from "node:stream";
import type { TransformCallback } from "node:stream";
import { ConnectError, hostLimits } from "@sremote/protocol";

/** What stands behind the marker; on a terminal, a line ends with `\r\n`. */
const statusText = /^ ([0-9]{1,3})\r?$/;

/**
 * Passes everything on but `marker STATUS\n`, wherever it stands. Holds back no more than what may be the beginning of it. Ends with an error of the code
 * `limit-exceeded` or `protocol-error` when the marker's line is none that our script prints.
 */
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
    if (start >= 0 && (end < 0 ? bytes.length : end) - start - this.#marker.length > hostLimits.markerLine)
      return callback(
        new ConnectError(
          "limit-exceeded",
          `the host goes on for ${hostLimits.markerLine} bytes in the line that tells how the command ended`,
        ),
      );
    if (end >= 0) {
      const status = statusText.exec(bytes.toString("latin1", start + this.#marker.length, end))?.[1];
      if (status === undefined || Number(status) > 255)
        return callback(new ConnectError("protocol-error", "the host does not say how the command ended"));
      this.status = Number(status);
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
