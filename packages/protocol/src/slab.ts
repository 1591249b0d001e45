/* Memory for small messages. */

const slabBytes = 65_536;
const largest = 4096;
let slab = new Uint8Array(0);
let used = 0;

/**
 * Zeros, to be filled once. Small ones are cut from a larger buffer, since making and collecting a buffer for each takes longer than filling it; so
 * `buffer` of what is returned may hold more.
 */
export function allocate(bytes: number): Uint8Array {
  if (bytes > largest) return new Uint8Array(bytes);
  if (used + bytes > slab.length) {
    slab = new Uint8Array(slabBytes);
    used = 0;
  }
  const part = slab.subarray(used, used + bytes);
  used += Math.ceil(bytes / 8) * 8;
  return part;
}
