/* Takes a login shell's noise off the front of a stream. */
import { Transform } from "node:stream";
import type { TransformCallback } from "node:stream";

/** Noise kept for diagnostics. */
const keptNoise = 8192;

/**
 * Drops everything up to a line that begins with the marker and that line itself; passes the rest on as it is.
 * Emits `marker` with the rest of that line.
 */
export class MarkerFilter extends Transform {
  readonly #marker: Buffer;
  #before: Buffer = Buffer.alloc(0);
  #found = false;

  constructor(marker: Buffer, highWaterMark: number) {
    super({ readableHighWaterMark: highWaterMark });
    this.#marker = marker;
  }

  get found(): boolean {
    return this.#found;
  }

  /** The last of what came before the marker. */
  get noise(): Buffer {
    return this.#before;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    if (this.#found) {
      callback(null, chunk);
      return;
    }
    const bytes = this.#before.length === 0 ? chunk : Buffer.concat([this.#before, chunk]);
    const start = bytes.indexOf(this.#marker);
    const end = start < 0 ? -1 : bytes.indexOf(0x0a, start);
    if (end < 0) {
      // A marker cut by the chunk's end must stay, with room for the pid behind it.
      this.#before = Buffer.from(start < 0 ? bytes.subarray(-keptNoise) : bytes.subarray(start));
      callback();
      return;
    }
    this.#found = true;
    this.#before = Buffer.from(bytes.subarray(0, start).subarray(-keptNoise));
    this.emit("marker", bytes.subarray(start + this.#marker.length, end).toString("latin1"));
    if (end + 1 < bytes.length) this.push(bytes.subarray(end + 1));
    callback();
  }
}
