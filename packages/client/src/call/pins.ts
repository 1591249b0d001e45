/* Bytes of the program's own memory in a call that is to be sent: they are not copied, and must not change meanwhile. */
import { checksumBytes, crc32, describePath, InvalidArgumentError, NdArray, prefixBytes } from "@sremote/protocol";
import type { SplitArguments } from "./options.ts";

/**
 * Bytes up to this length are copied when the call is made, which takes less than a twentieth of the time in which they are sent. Longer ones are pinned:
 * the frame's checksum, which is made at once, tells when they have changed.
 */
export const longestCopy: number = 1 << 20;

/** Bytes of the program's own memory that are to be sent. */
export interface Pin {
  readonly bytes: Uint8Array;
  readonly length: number;
  /** As the user knows them: `args[0]`. */
  readonly name: string;
}

/** Those of the attachments that are too long to be copied. */
export function pinsAmong(attachments: readonly Uint8Array[], split: SplitArguments): readonly Pin[] {
  return attachments
    .filter(({ length }) => length > longestCopy)
    .map((bytes) => ({ bytes, length: bytes.length, name: nameOf(bytes, split) }));
}

/** The argument that has these bytes itself, or all of them where the bytes lie deeper. */
function nameOf({ buffer }: Uint8Array, { args, kwargs = {} }: SplitArguments): string {
  const has = (value: unknown): boolean => {
    const own = value instanceof NdArray ? value.bytes : value;
    return own === buffer || (ArrayBuffer.isView(own) && own.buffer === buffer);
  };
  const index = args.findIndex(has);
  if (index >= 0) return `args[${index}]`;
  const [name] = Object.entries(kwargs).find(([, value]) => has(value)) ?? [];
  return name === undefined ? "args" : describePath("kwargs", [name]);
}

/** @param chunks the frame that was made of them @throws InvalidArgumentError when bytes have changed since */
export function checkPins(pins: readonly Pin[], chunks: readonly Uint8Array[]): void {
  const gone = pins.filter(({ bytes, length }) => bytes.length !== length);
  if (gone.length > 0) throw changed(gone, "transferred or resized");
  const [head, ...body] = chunks;
  const stated = body.pop()!;
  let checksum = crc32(head!.subarray(prefixBytes));
  for (const chunk of body) checksum = crc32(chunk, checksum);
  if (checksum !== Buffer.from(stated.buffer, stated.byteOffset, checksumBytes).readUInt32LE()) throw changed(pins, "written to");
}

function changed(pins: readonly Pin[], how: string): InvalidArgumentError {
  const names = [...new Set(pins.map(({ name }) => name))].join(" or ");
  const text = `${names} must not change until the call has ended, but was ${how} while it was being sent; nothing ran`;
  return new InvalidArgumentError(text, undefined, {
    stage: "request",
    hint: "give the call a copy, `bytes.slice()`: calls copy up to 1 MiB themselves, and send longer buffers from where they are",
  });
}
