import { hostLimits } from "./host-limits.ts";

/**
 * What the other side prints, of the halves that it is given as A and B: B directly followed by A, so that an echo of the command line is not taken for it.
 * Both are ASCII.
 */
export function printedMarker(a: string, b: string): Uint8Array {
  return new TextEncoder().encode(b + a);
}

const { keptNoise } = hostLimits;

/** Finds the marker in the bytes of a channel that login files may have written to before: PROTOCOL.md, section "Carriage". Who uses it minds `noiseBytes`. */
export class MarkerScanner {
  readonly #marker: Uint8Array;
  /** Noise that came so far, the last bytes of it and at most twice what is kept. Its end may be the beginning of the marker. */
  #noise: Uint8Array[] = [];
  #noiseBytes = 0;
  #dropped = 0;
  #found = false;

  /** @param marker as it is printed */
  constructor(marker: Uint8Array) {
    this.#marker = marker;
  }

  get found(): boolean {
    return this.#found;
  }

  /** What stood before the marker, or all there was as long as it is not found: the last of it. */
  get noise(): Uint8Array {
    const all = concatenate(this.#noise, this.#noiseBytes);
    return all.subarray(Math.max(0, all.length - keptNoise));
  }

  /** Bytes of noise in all. As long as the marker is not found, those that may be its beginning are not counted. */
  get noiseBytes(): number {
    const all = this.#dropped + this.#noiseBytes;
    return this.#found ? all : Math.max(0, all - (this.#marker.length - 1));
  }

  /** Give the next bytes. Returns those that follow the marker (perhaps none), or undefined as long as it is not found. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    if (this.#found) return chunk;
    const carry = this.#tail(this.#marker.length - 1);
    const joined = concatenate([carry, chunk], carry.length + chunk.length);
    const at = find(joined, this.#marker);
    if (at < 0) {
      this.#keep(chunk);
      return undefined;
    }
    this.#found = true;
    // A marker that began in an earlier chunk was counted as noise there.
    if (at < carry.length) this.#shorten(carry.length - at);
    else this.#keep(joined.subarray(carry.length, at));
    return joined.subarray(at + this.#marker.length);
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#noise.push(bytes.slice(Math.max(0, bytes.length - keptNoise)));
    this.#dropped += Math.max(0, bytes.length - keptNoise);
    this.#noiseBytes += Math.min(bytes.length, keptNoise);
    // Joined seldom, so that many small chunks cost one copy each and not one each time.
    if (this.#noiseBytes > 2 * keptNoise || this.#noise.length > 1024) {
      const kept = this.noise.slice();
      this.#dropped += this.#noiseBytes - kept.length;
      this.#noise = [kept];
      this.#noiseBytes = kept.length;
    }
  }

  #shorten(bytes: number): void {
    const all = concatenate(this.#noise, this.#noiseBytes);
    this.#noise = [all.subarray(0, all.length - bytes)];
    this.#noiseBytes -= bytes;
  }

  #tail(bytes: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let missing = bytes;
    for (let at = this.#noise.length - 1; at >= 0 && missing > 0; at--) {
      const part = this.#noise[at]!.subarray(Math.max(0, this.#noise[at]!.length - missing));
      parts.unshift(part);
      missing -= part.length;
    }
    return concatenate(parts, bytes - missing);
  }
}

/** Finds the marker and the rest of its line. Who uses it minds `noiseBytes` and `lineBytes`. */
export class MarkerLineScanner {
  readonly #scanner: MarkerScanner;
  #line: Uint8Array = new Uint8Array(0);

  /** @param marker as it is printed */
  constructor(marker: Uint8Array) {
    this.#scanner = new MarkerScanner(marker);
  }

  get noise(): Uint8Array {
    return this.#scanner.noise;
  }

  get noiseBytes(): number {
    return this.#scanner.noiseBytes;
  }

  /** Bytes of the line behind the marker so far. */
  get lineBytes(): number {
    return this.#line.length;
  }

  /** Give the next bytes. Returns the line behind the marker and what follows that line, or undefined as long as it has not come whole. */
  push(chunk: Uint8Array): { readonly line: string; readonly rest: Uint8Array } | undefined {
    const behind = this.#scanner.push(chunk);
    if (behind === undefined) return undefined;
    const all = concatenate([this.#line, behind], this.#line.length + behind.length);
    const end = all.indexOf(0x0a);
    this.#line = end < 0 ? all : all.subarray(0, end);
    return end < 0 ? undefined : { line: new TextDecoder().decode(this.#line), rest: all.subarray(end + 1) };
  }
}

function find(bytes: Uint8Array, wanted: Uint8Array): number {
  const last = bytes.length - wanted.length;
  for (let at = bytes.indexOf(wanted[0]!); at >= 0 && at <= last; at = bytes.indexOf(wanted[0]!, at + 1)) {
    let same = 1;
    while (same < wanted.length && bytes[at + same] === wanted[same]) same++;
    if (same === wanted.length) return at;
  }
  return -1;
}

function concatenate(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
