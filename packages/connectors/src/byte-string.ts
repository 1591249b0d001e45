/*
 * Strings that may stand for any bytes.
 *
 * File names and arguments on POSIX are bytes. They are strings here, sent as UTF-8; a byte that is not part of valid UTF-8 is written as
 * the lone surrogate U+DC00 + byte (U+DC80 … U+DCFF), as Python's `os.fsdecode` does (PEP 383). So every name fits into a string,
 * and names that Python prints with `surrogateescape` mean the same file.
 */
import { InvalidArgumentError, checkString, given } from "@sremote/protocol";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * The string that stands for these bytes; {@link toBytes} gives them back exactly.
 *
 * @example
 * ```ts
 * import { fromBytes } from "sremote";
 *
 * const path = fromBytes(new Uint8Array([0x2f, 0x74, 0xff])); // "/t" and a byte that is no UTF-8
 * ```
 */
export function fromBytes(bytes: Uint8Array): string {
  if (!(bytes instanceof Uint8Array)) throw new InvalidArgumentError("bytes", `a Uint8Array${given(bytes)}`);
  const whole = decode(bytes);
  if (whole !== undefined) return whole;
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at] ?? 0;
    const length = sequenceLength(byte);
    const character = at + length <= bytes.length ? decode(bytes.subarray(at, at + length)) : undefined;
    text += character ?? String.fromCharCode(0xdc00 + byte);
    at += character === undefined ? 1 : length;
  }
  return text;
}

/**
 * The bytes a string stands for: UTF-8, with U+DC80 … U+DCFF as single bytes.
 * @param argument what to call the string in the error
 * @throws InvalidArgumentError for any other lone surrogate, and for what is no string
 *
 * @example
 * ```ts
 * import { toBytes } from "sremote";
 *
 * const bytes = toBytes("/tmp/ä"); // UTF-8
 * ```
 */
export function toBytes(text: string, argument = "text"): Uint8Array {
  checkString(text, argument);
  if (text.isWellFormed()) return encoder.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const unit = character.charCodeAt(0);
    const lone = character.length === 1 && unit >= 0xd800 && unit <= 0xdfff;
    if (!lone) bytes.push(...encoder.encode(character));
    else if (unit >= 0xdc80 && unit <= 0xdcff) bytes.push(unit - 0xdc00);
    else
      throw new InvalidArgumentError(
        `${argument} has a lone surrogate; only U+DC80 to U+DCFF are allowed, which stand for bytes that are not UTF-8`,
      );
  }
  return Uint8Array.from(bytes);
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined; // Not valid UTF-8: the answer, no failure.
  }
}

function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}
