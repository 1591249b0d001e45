/*
 * What the values of a JSON text take of memory: PROTOCOL.md, section "Header". `{}` are two bytes and an object of 56, so that a text within its own
 * limit may need a gigabyte. The estimate is made before anything is parsed, from the structure alone, and is the same in every runtime.
 */
import { ProtocolError } from "./error.ts";
import { limits } from "./limits.ts";

/** Bytes for each array, object and member; for each string, names included; for each comma. */
const [containerBytes, stringBytes, commaBytes] = [64, 24, 8];

const quote = 0x22;
const backslash = 0x5c;

export interface JsonShape {
  /** Estimated bytes of the values. */
  readonly memory: number;
  readonly depth: number;
}

/** The shape of a text. What is not JSON has some shape, too. */
export function jsonShape(bytes: Uint8Array): JsonShape {
  let [memory, level, depth] = [0, 0, 0];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === quote) {
      memory += stringBytes;
      at = closingQuote(bytes, at + 1);
    } else if (byte === 0x2c) memory += commaBytes;
    else if (byte === 0x3a) memory += containerBytes;
    else if (byte === 0x7b || byte === 0x5b) {
      memory += containerBytes;
      depth = Math.max(depth, ++level);
    } else if (byte === 0x7d || byte === 0x5d) level--;
  }
  return { memory, depth };
}

/** The position of the quote that ends the string which begins at `at`, or of the text's end. */
function closingQuote(bytes: Uint8Array, at: number): number {
  for (;;) {
    const end = bytes.indexOf(quote, at);
    if (end < 0) return bytes.length;
    let escapes = 0;
    while (end - escapes > at && bytes[end - 1 - escapes] === backslash) escapes++;
    if (escapes % 2 === 0) return end;
    at = end + 1;
  }
}

/** @throws ProtocolError `limit-exceeded` when the values of the header would take too much memory */
export function checkHeaderMemory(bytes: Uint8Array): void {
  // No byte stands for more than an array: short texts need not be looked at.
  if (bytes.length * containerBytes <= limits.headerMemory) return;
  const { memory } = jsonShape(bytes);
  if (memory > limits.headerMemory)
    throw new ProtocolError(
      "limit-exceeded",
      `header: its values would take about ${memory} bytes of memory, the limit is ${limits.headerMemory}`,
    );
}

/**
 * The value of a JSON text that is not of our protocol, such as the reply of a web service.
 * @param what names it in errors: `the server's reply`
 * @throws ProtocolError `limit-exceeded` when its values would take more than 64 MiB or nest more than 264 deep, `protocol-error` when it is not JSON in
 * UTF-8 (RFC 8259, 8.1): a byte that is damaged would become U+FFFD, and a name another one
 */
export function parseForeignJson(bytes: Uint8Array, what: string): unknown {
  const { memory, depth } = jsonShape(bytes);
  const most = limits.foreignJsonMemory;
  if (memory > most)
    throw new ProtocolError("limit-exceeded", `${what}: its values would take about ${memory} bytes of memory, the limit is ${most}`);
  if (depth > limits.headerDepth) throw new ProtocolError("limit-exceeded", `${what} nests more than ${limits.headerDepth} deep`);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch {
    // The engine's message quotes the text, which may hold what must not be shown.
    throw new ProtocolError("protocol-error", `${what} is not JSON`);
  }
}
