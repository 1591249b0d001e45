/* Takes a login shell's noise off the front of a stream. */
import { Transform } from "node:stream";
import type { TransformCallback } from "node:stream";
import { ConnectError, hostLimits } from "@sremote/protocol";

/** More than a marker and its line are long. */
const { keptNoise } = hostLimits;

/** Between the marker and the end of its line: nothing, or a process's number. */
const pidText = /^(?: [1-9][0-9]{0,9})?\r?$/;

/**
 * Drops everything up to a line that begins with the marker and that line itself; passes the rest on as it is.
 * Emits `marker` with the rest of that line. Ends with an error of the code `limit-exceeded` when more comes before it than login files can mean to
 * say, and of `protocol-error` when its line is none that our script prints.
 */
export class MarkerFilter extends Transform {
  readonly #marker: Buffer;
  #before: Buffer = Buffer.alloc(0);
  #found = false;
  /** Bytes that came so far, all of them before the marker's end. */
  #bytes = 0;

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
    this.#bytes += chunk.length;
    // Of what is not the marker yet, the end may be the beginning of it.
    const noise = this.#bytes - (start < 0 ? this.#marker.length - 1 : bytes.length - start);
    if (noise > hostLimits.noise)
      return callback(new ConnectError("limit-exceeded", `the host printed ${hostLimits.noise} bytes and did not start the command`));
    if (start < 0) {
      this.#before = Buffer.from(bytes.subarray(-keptNoise));
      return callback();
    }
    if ((end < 0 ? bytes.length : end) - start - this.#marker.length > hostLimits.markerLine)
      return callback(
        new ConnectError(
          "limit-exceeded",
          `the host goes on for ${hostLimits.markerLine} bytes in the line that says that the command begins`,
        ),
      );
    if (end < 0) {
      this.#before = Buffer.from(bytes.subarray(Math.max(0, start - keptNoise)));
      return callback();
    }
    const rest = bytes.subarray(start + this.#marker.length, end).toString("latin1");
    if (!pidText.test(rest)) return callback(new ConnectError("protocol-error", "the host does not say which process the command is"));
    this.#found = true;
    this.#before = Buffer.from(bytes.subarray(0, start).subarray(-keptNoise));
    this.emit("marker", rest);
    if (end + 1 < bytes.length) this.push(bytes.subarray(end + 1));
    callback();
  }
}

/** What a host broke that made one of the filters end, as the error of its command; undefined for other ends of a stream. */
export function brokenRule(error: unknown, label: string): ConnectError | undefined {
  if (!(error instanceof ConnectError) || (error.code !== "limit-exceeded" && error.code !== "protocol-error")) return undefined;
  return new ConnectError(error.code, error.summary, { stage: "exec", host: label, cause: error.cause });
}
