/*
 * Strict JSON, as the section "Header" of PROTOCOL.md says.
 *
 * JSON.parse does the parsing. One scan of the bytes before it holds what JSON.parse does not: depth, the rules for numbers,
 * and the number of member names, which is compared with the number of own keys afterwards: JSON.parse keeps one member
 * of each name, so fewer keys than names means that a name came twice.
 */
import { isRecord } from "./check.ts";
import { ProtocolError } from "./error.ts";
import { checkHeaderMemory } from "./json-memory.ts";
import { limits } from "./limits.ts";
import { parsePlainJson } from "./plain-json.ts";

export interface ParsedHeader {
  header: Record<string, unknown>;
  /** How deep the JSON nests; the top-level object has depth 1. */
  depth: number;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Parse the header of a frame. @throws ProtocolError `protocol-error` or `limit-exceeded` */
export function parseHeader(bytes: Uint8Array): ParsedHeader {
  const { value, depth } = parseStrictJson(bytes);
  if (!isRecord(value)) throw refuse("the top level is not an object");
  if (!Object.hasOwn(value, "type") || typeof value["type"] !== "string") throw refuse("no member `type` of type string");
  return { header: value, depth };
}

/** Parse JSON under the rules for headers, except that the top level may be anything. */
export function parseStrictJson(bytes: Uint8Array): { value: unknown; depth: number } {
  checkHeaderMemory(bytes);
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch (cause) {
    throw new ProtocolError("protocol-error", "header: not valid UTF-8", { cause });
  }
  const { depth, names, escapedNames } = scan(bytes);
  let value: unknown;
  try {
    value = escapedNames ? parsePlainJson(text) : JSON.parse(text);
  } catch {
    // The engine's message quotes the text, which may hold what must not be shown.
    throw refuse("not JSON");
  }
  if (countKeys(value) !== names) throw refuse("a member name appears twice in one object");
  return { value, depth };
}

const quote = 0x22;
const backslash = 0x5c;

/**
 * Depth, number of member names, and the rules for numbers.
 * Works on any bytes; what is not JSON at all is left for JSON.parse to refuse.
 */
function scan(bytes: Uint8Array): { depth: number; names: number; escapedNames: boolean } {
  const length = bytes.length;
  let level = 0;
  let depth = 0;
  let names = 0;
  let at = 0;
  /** Whether the string before this position held a backslash. */
  let escaped = false;
  let escapedNames = false;
  while (at < length) {
    const byte = bytes[at++]!;
    if (byte === quote) {
      at = endOfString(bytes, at);
      escaped = at < 0;
      if (escaped) at = -at;
    } else if (byte === 0x3a) {
      names++;
      if (escaped) escapedNames = true;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++level > depth) {
        depth = level;
        if (depth > limits.headerDepth) throw tooMuch(`nests more than ${limits.headerDepth} deep`);
      }
    } else if (byte === 0x7d || byte === 0x5d) {
      level--;
    } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      at = endOfNumber(bytes, at - 1);
    }
  }
  return { depth, names, escapedNames };
}

/** The position after the closing quote of the string whose first byte is at `at`, as a negative number when there is a backslash in it. */
function endOfString(bytes: Uint8Array, at: number): number {
  const length = bytes.length;
  const near = Math.min(length, at + 64);
  let sign = 1;
  while (at < near) {
    const byte = bytes[at++]!;
    if (byte === quote) return sign * at;
    if (byte === backslash) {
      sign = -1;
      at++;
    }
  }
  while (at < length) {
    // Long strings: the native search is many times faster than this loop.
    const end = bytes.indexOf(quote, at);
    if (end < 0) return sign * length;
    let escapes = 0;
    while (end - escapes > at && bytes[end - 1 - escapes] === backslash) escapes++;
    if (sign === 1 && hasBackslash(bytes, at, end)) sign = -1;
    at = end + 1;
    if (escapes % 2 === 0) break;
  }
  return sign * at;
}

function hasBackslash(bytes: Uint8Array, from: number, to: number): boolean {
  return bytes.subarray(from, to).includes(backslash);
}

/** Check the number that begins at `start` and return the position after it. */
function endOfNumber(bytes: Uint8Array, start: number): number {
  const length = bytes.length;
  let at = start + 1;
  let integer = true;
  let exponent = false;
  while (at < length) {
    const byte = bytes[at]!;
    if (byte >= 0x30 && byte <= 0x39) {
      at++;
    } else if (byte === 0x2e || byte === 0x2b || byte === 0x2d) {
      integer = false;
      at++;
    } else if (byte === 0x65 || byte === 0x45) {
      integer = false;
      exponent = true;
      at++;
    } else break;
  }
  const size = at - start;
  if (size > limits.numberText) throw tooMuch(`a number of more than ${limits.numberText} characters`);
  if (integer) {
    if (size === 2 && bytes[start] === 0x2d && bytes[start + 1] === 0x30) throw refuse("the integer -0");
    if (size >= 16 && !Number.isSafeInteger(Number(ascii(bytes, start, at)))) throw refuse("an integer beyond 2^53 - 1");
  } else if (exponent) {
    const value = Number(ascii(bytes, start, at));
    if (value === Infinity || value === -Infinity) throw refuse("a number that is not finite");
  }
  return at;
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

/** Own keys of all objects in the tree. Recursion is bounded by the depth that `scan` has checked. */
function countKeys(value: unknown): number {
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === "object" && item !== null) count += countKeys(item);
    return count;
  }
  if (!isRecord(value)) return 0;
  const keys = Object.keys(value);
  for (const key of keys) {
    // An own member named __proto__ is read by this too: own properties come before the accessor of the prototype.
    const item = value[key];
    if (typeof item === "object" && item !== null) count += countKeys(item);
  }
  return count + keys.length;
}

function refuse(what: string): ProtocolError {
  return new ProtocolError("protocol-error", `header: ${what}`);
}

function tooMuch(what: string): ProtocolError {
  return new ProtocolError("limit-exceeded", `header: ${what}`);
}
