/* Takes a login shell's noise off the front of a stream. */
import { Transform } from "node:stream";
import type { TransformCallback } from "node:stream";
import { ConnectError, hostLimits, MarkerLineScanner } from "@sremote/protocol";

/** Between the marker and the end of its line: nothing, or a process's number. */
const pidText = /^(?: [1-9][0-9]{0,9})?\r?$/;

/**
 * Drops everything up to a line that begins with the marker and that line itself; passes the rest on as it is.
 * Emits `marker` with the rest of that line. Ends with an error of the code `limit-exceeded` when more comes before it than login files can mean to
 * say, and of `protocol-error` when its line is none that our script prints.
 */
export class MarkerFilter extends Transform {
  readonly #scanner: MarkerLineScanner;
  #found = false;

  constructor(marker: Buffer, highWaterMark: number) {
    super({ readableHighWaterMark: highWaterMark });
    this.#scanner = new MarkerLineScanner(marker);
  }

  get found(): boolean {
    return this.#found;
  }

  /** The last of what came before the marker. */
  get noise(): Buffer {
    return Buffer.from(this.#scanner.noise);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    if (this.#found) {
      callback(null, chunk);
      return;
    }
    const scanner = this.#scanner;
    const marked = scanner.push(chunk);
    if (scanner.noiseBytes > hostLimits.noise)
      return callback(new ConnectError("limit-exceeded", `the host printed ${hostLimits.noise} bytes and did not start the command`));
    if (scanner.lineBytes > hostLimits.markerLine)
      return callback(
        new ConnectError("limit-exceeded", `the host goes on for ${hostLimits.markerLine} bytes in the line that announces the command`),
      );
    if (marked === undefined) return callback();
    const { line, rest } = marked;
    if (!pidText.test(line)) return callback(new ConnectError("protocol-error", "the host does not say which process the command is"));
    this.#found = true;
    this.emit("marker", line);
    if (rest.length > 0) this.push(rest);
    callback();
  }
}

/** What a host broke that made one of the filters end, as the error of its command; undefined for other ends of a stream. */
export function brokenRule(error: unknown, label: string): ConnectError | undefined {
  if (!(error instanceof ConnectError) || (error.code !== "limit-exceeded" && error.code !== "protocol-error")) return undefined;
  return new ConnectError(error.code, error.message, { stage: "exec", host: label, cause: error.cause });
}
