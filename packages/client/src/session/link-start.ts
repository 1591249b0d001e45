/* What the process of a link prints before its packets: start-up files, the marker, or what it is missing. */
import { hostLimits, MarkerScanner, printedMarker, ProtocolError } from "@sremote/protocol";
import type { Marker } from "../host/marker.ts";

/** `N` and the beginning of `reason=`: as the length of a packet it is past the limit, so no packet begins so. */
const missingLetter = Buffer.from("N\nre", "latin1");

export class LinkStart {
  readonly #scanner: MarkerScanner;
  #missing: Buffer | undefined;

  constructor(marker: Marker) {
    this.#scanner = new MarkerScanner(printedMarker(...marker));
  }

  /** Whether the marker was seen. */
  get isFound(): boolean {
    return this.#scanner.found;
  }

  /** The last of what was printed before it. */
  get noise(): Uint8Array {
    return this.#scanner.noise;
  }

  /** Text after the marker in place of packets: the first stage found something missing. */
  get missing(): Uint8Array | undefined {
    return this.#missing;
  }

  /** @returns the first bytes of packets, once they come @throws ProtocolError when more comes before them than may */
  push(chunk: Buffer): Buffer | undefined {
    let bytes = chunk;
    if (!this.#scanner.found) {
      const behind = this.#scanner.push(chunk);
      if (this.#scanner.noiseBytes > hostLimits.noise) throw tooMuch(`printed ${hostLimits.noise} bytes and did not start the endpoint`);
      if (behind === undefined || behind.length === 0) return undefined;
      bytes = Buffer.from(behind.buffer, behind.byteOffset, behind.length);
    }
    if (this.#missing === undefined && !isMissing(bytes)) return bytes;
    this.#missing = Buffer.concat([this.#missing ?? Buffer.alloc(0), bytes]);
    if (this.#missing.length <= hostLimits.missing) return undefined;
    this.#missing = undefined;
    throw tooMuch("sends an endless list of what it is missing");
  }
}

function tooMuch(what: string): ProtocolError {
  return new ProtocolError("limit-exceeded", `the host ${what}`);
}

function isMissing(bytes: Buffer): boolean {
  return bytes.subarray(0, missingLetter.length).equals(missingLetter);
}
