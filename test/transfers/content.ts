/* Content of files that no part of can stand for another. */
export const megabyte: number = 1 << 20;

/** No two blocks of it are the same. */
export function content(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0, value = seed; at + 4 <= size; at += 4) {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE(value, at);
  }
  return bytes;
}
