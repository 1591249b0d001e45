/* Bytes that were damaged on their way: some changed, left out or put in. */
import { Transform } from "node:stream";
import type { SeededRandom } from "./seeded-random.ts";

/** One place of a stream. */
export function damagedOnce(bytes: Uint8Array, at: number, random: SeededRandom): Buffer {
  const found = Buffer.from(bytes);
  const other = Buffer.from(Array.from({ length: 1 + random.below(8) }, () => random.below(256)));
  switch (random.below(3)) {
    case 0:
      if (at < found.length) found[at]! ^= 1 << random.below(8);
      return found;
    case 1:
      return Buffer.concat([found.subarray(0, at), found.subarray(at + 1 + random.below(40))]);
    default:
      return Buffer.concat([found.subarray(0, at), other, found.subarray(at)]);
  }
}

/** Most of a host's answers are short, and each byte of them counts as much as one of a file. */
const lengths = [20, 60, 200, 1000, 5000, 60_000];

/** Passes bytes on, and damages them at up to three places, or not at all. */
export function damagingStream(random: SeededRandom): Transform {
  const places = Array.from({ length: random.below(4) }, () => random.below(random.pick(lengths))).toSorted((a, b) => b - a);
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      let bytes = chunk;
      const end = passed + chunk.length;
      for (let at = places.at(-1); at !== undefined && at < end; at = places.at(-1)) {
        places.pop();
        bytes = damagedOnce(bytes, Math.min(bytes.length, at - passed), random);
      }
      passed = end;
      done(null, bytes);
    },
  });
}
