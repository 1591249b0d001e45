/* SHA-256 (FIPS 180-4) of small texts: loading node:crypto takes longer than all else that a call does before its function runs. */
import { loadCrypto } from "./lazy.ts";

/** Above this the engine of node:crypto is worth its loading; in bytes. */
const small = 16_384;

/** SHA-256 in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return bytes.length > small ? loadCrypto().createHash("sha256").update(bytes).digest("hex") : digestSmall(bytes);
}

/** The first 32 bits of the fractional parts of a root of the first primes: square roots for the start, cube roots for the rounds. */
function primeRoots(count: number, root: (prime: number) => number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes.map((prime) => ((root(prime) % 1) * 2 ** 32) | 0);
}

function digestSmall(bytes: Uint8Array): string {
  const state = primeRoots(8, Math.sqrt);
  const rounds = primeRoots(64, Math.cbrt);
  const padded = new Uint8Array((((bytes.length + 8) >> 6) + 1) << 6);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, bytes.length * 8);
  const words = new Int32Array(64);
  for (let block = 0; block < padded.length; block += 64) {
    for (let t = 0; t < 64; t++) words[t] = t < 16 ? view.getInt32(block + 4 * t) : expand(words, t);
    let [a, b, c, d, e, f, g, h] = state as [number, number, number, number, number, number, number, number];
    for (let t = 0; t < 64; t++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + rounds[t]! + words[t]!) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    for (const [at, value] of [a, b, c, d, e, f, g, h].entries()) state[at] = (state[at]! + value) | 0;
  }
  return state.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

function expand(words: Int32Array, t: number): number {
  const [early, late] = [words[t - 15]!, words[t - 2]!];
  const first = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
  return (words[t - 16]! + first + words[t - 7]! + (turn(late, 17) ^ turn(late, 19) ^ (late >>> 10))) | 0;
}

function turn(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}
