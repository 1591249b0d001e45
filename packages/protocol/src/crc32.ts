/**
 * CRC-32 as in ISO 3309, zlib and PNG (reflected polynomial EDB88320).
 * Slicing-by-8 after Kounavis and Berry, "A Systematic Approach to Building High Performance Software-Based CRC Generators" (2005).
 */
export type Crc32 = (bytes: Uint8Array, seed?: number) => number;

/** Table k says what a byte contributes that is followed by k more bytes of the same group of eight. */
const tables: readonly Uint32Array[] = makeTables();

/** So many bytes are done before a native implementation is reached. */
const few = 48;
let implementation: Crc32 = (bytes, seed) => crc32Portable(bytes, seed);

/**
 * The checksum of `bytes`, an unsigned 32-bit number.
 * @param seed the checksum of what came before, so that crc32(b, crc32(a)) is that of a followed by b
 */
export function crc32(bytes: Uint8Array, seed = 0): number {
  return bytes.length <= few ? crc32Portable(bytes, seed) : implementation(bytes, seed);
}

/** That of the first `length` bytes, few of them: without making a view. */
export function crc32OfHead(bytes: Uint8Array, length: number): number {
  return crc32Portable(bytes, 0, length);
}

/** Install another implementation, such as `zlib.crc32` of Node 22 and later, which has the same signature. */
export function useCrc32(replacement: Crc32): void {
  implementation = replacement;
}

/** The implementation without any native help. */
export function crc32Portable(bytes: Uint8Array, seed = 0, length: number = bytes.length): number {
  const t0 = tables[0]!;
  const t1 = tables[1]!;
  const t2 = tables[2]!;
  const t3 = tables[3]!;
  const t4 = tables[4]!;
  const t5 = tables[5]!;
  const t6 = tables[6]!;
  const t7 = tables[7]!;
  let crc = ~seed;
  let at = 0;
  const wholeGroups = length - (length % 8);
  while (at < wholeGroups) {
    crc =
      t7[(crc ^ bytes[at]!) & 255]! ^
      t6[((crc >>> 8) ^ bytes[at + 1]!) & 255]! ^
      t5[((crc >>> 16) ^ bytes[at + 2]!) & 255]! ^
      t4[(crc >>> 24) ^ bytes[at + 3]!]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!;
    at += 8;
  }
  while (at < length) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at++]!) & 255]!;
  return ~crc >>> 0;
}

function makeTables(): Uint32Array[] {
  const made = Array.from({ length: 8 }, () => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    made[0]![byte] = crc;
  }
  for (let byte = 0; byte < 256; byte++) {
    let crc = made[0]![byte]!;
    for (let k = 1; k < 8; k++) {
      crc = (crc >>> 8) ^ made[0]![crc & 255]!;
      made[k]![byte] = crc;
    }
  }
  return made;
}
