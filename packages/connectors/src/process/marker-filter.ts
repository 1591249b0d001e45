/* Takes a login shell's noise off the front of a stream. */
import { Transform } from "node:stream";
import type { TransformCallback } from "node:stream";
import { ConnectError, hostLimits } from "@sremote/protocol";

/** Noise kept for diagnostics; more than a marker is long. */
const keptNoise = 8192;

/**
 * Drops everything up to a line that begins with the marker and that line itself; passes the rest on as it is.
 * Emits `marker` with the rest of that line. Ends with an error when more comes before it than login files can mean to say.
 */
export class MarkerFilter extends Transform {
  readonly #marker: Buffer;
  #before: Buffer = Buffer.alloc(0);
  #found = false;
  #noiseBytes = 0;

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
    const longest = this.#marker.length + hostLimits.markerLine;
    if (end < 0 || end - start > longest) {
      // A marker cut by the chunk's end must stay, with room for the pid behind it. A line that goes on and on is none of ours.
      const isCut = start >= 0 && end < 0 && bytes.length - start <= longest;
      this.#before = Buffer.from(isCut ? bytes.subarray(start) : bytes.subarray(-keptNoise));
      this.#noiseBytes += chunk.length;
      const isTooMuch = this.#noiseBytes > hostLimits.noise;
      callback(
        isTooMuch ? new ConnectError("limit-exceeded", `the host printed ${hostLimits.noise} bytes and did not start the command`) : null,
      );
      return;
    }
    this.#found = true;
    this.#before = Buffer.from(bytes.subarray(0, start).subarray(-keptNoise));
    this.emit("marker", bytes.subarray(start + this.#marker.length, end).toString("latin1"));
    if (end + 1 < bytes.length) this.push(bytes.subarray(end + 1));
    callback();
  }
}
