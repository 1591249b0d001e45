/* Bytes that a program gave away: what it does with its own afterwards changes nothing. */

/** Copies that were made here, and bytes that another part keeps unchanged. */
const owned = new WeakSet<Uint8Array>();

/** The last bytes that were copied: a program that gives the same ones to many operations has one copy of them. */
let last: { readonly source: Uint8Array; readonly copy: Buffer } | undefined;
/** Longer ones are not held here. */
const longestKept = 1 << 20;

/** The bytes as they are now: a copy, unless they are one already. */
export function ownBytes(source: Uint8Array): Uint8Array {
  if (owned.has(source)) return source;
  const { buffer, byteOffset, length } = source;
  if (last?.source.buffer === buffer && last.source.byteOffset === byteOffset && last.copy.equals(source)) return last.copy;
  const copy = Buffer.allocUnsafeSlow(length);
  copy.set(source);
  owned.add(copy);
  if (length <= longestKept) last = { source, copy };
  return copy;
}

/** They need not be copied: they stay as they are, or their change is found out. */
export function markOwned(bytes: Uint8Array): void {
  owned.add(bytes);
}
