/*
 * How a value is shown, so that those of two runtimes can be compared: null, booleans and strings stand for themselves, all else is an array that begins
 * with what it is. verdicts.py shows the values of Python in the same way.
 *
 *   ["u"] undefined · ["b", digits] integer · ["n", bits] float · ["[", items] · ["{", members] · ["s", members] set · ["m", pairs] map
 *   ["d", ISO] date · ["r", source, flags] · ["l", URL] · ["e", members] Error · ["y", hex] bytes · ["t", dtype, hex] typed array
 *   ["a", dtype, shape, hex] ndarray · ["k", kind, number] what stays in its place · ["c", name, message] a callback that threw
 */
import { NdArray } from "@sremote/protocol";
import { dtypeOf } from "../../packages/protocol/src/dtype.ts";
import { Kept } from "../conformance/notation.ts";

export type Shown = null | boolean | string | readonly [tag: string, ...parts: unknown[]];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");

/** A double by its bits; all NaN are one. */
export function bitsOf(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(Number.isNaN(value) ? Number.NaN : value);
  return Number.isNaN(value) ? "nan" : bytes.toString("hex");
}

export function shown(value: unknown): Shown {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (value === undefined) return ["u"];
  if (typeof value === "number") return ["n", bitsOf(value)];
  if (typeof value === "bigint") return ["b", String(value)];
  if (Array.isArray(value)) return ["[", Array.from(value, shown)];
  if (value instanceof Date) return ["d", value.toISOString()];
  if (value instanceof RegExp) return ["r", value.source, value.flags];
  if (value instanceof URL) return ["l", value.href];
  if (value instanceof Set) return ["s", Array.from(value, shown)];
  if (value instanceof Map) return ["m", Array.from(value, (pair) => pair.map(shown))];
  if (value instanceof Error) return ["e", members((value as Error & { remote: object }).remote)];
  if (value instanceof NdArray) return ["a", value.dtype, value.shape, hex(value.bytes)];
  if (value instanceof Kept) return ["k", value.kind, value.number];
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return value instanceof Uint8Array ? ["y", hex(bytes)] : ["t", dtypeOf(value), hex(bytes)];
  }
  return ["{", members(value)];
}

function members(value: object): [string, Shown][] {
  return Object.entries(value).map(([name, inner]) => [name, shown(inner)]);
}

const text = (value: unknown): string => JSON.stringify(value);
/** An order of values, whichever. */
export const byText = (a: unknown, b: unknown): number => (text(a) < text(b) ? -1 : 1);

/**
 * The same for values that mean the same by PROTOCOL.md, though the runtimes have other types for them: undefined and null are None, an object, an Error
 * and a map with only texts as keys are one dict, sets have no order, a Date has milliseconds.
 * @param isLoose a number is its value, as JavaScript has it: `1`, `1.0` and the bigint 1 are the same
 */
export function folded(given: unknown, isLoose: boolean): unknown {
  if (!Array.isArray(given)) return given;
  const [tag, first, second, third] = given as [string, unknown, unknown, unknown];
  const all = (items: unknown): unknown[] => (items as unknown[]).map((item) => folded(item, isLoose));
  const pairs = (items: unknown): [unknown, unknown][] =>
    (items as [unknown, unknown][]).map(([a, b]) => [folded(a, isLoose), folded(b, isLoose)]);
  switch (tag) {
    case "u":
      return null;
    case "n":
      return isLoose ? ["b", wholeOf(String(first))] : given;
    case "[":
      return ["[", all(first)];
    case "s":
      return ["s", all(first).toSorted(byText)];
    case "{":
    case "e":
      return ["{", pairs(first).toSorted(byText)];
    case "m": {
      const found = pairs(first);
      return found.every(([key]) => typeof key === "string") ? ["{", found.toSorted(byText)] : ["m", found];
    }
    case "d":
      return ["d", `${String(first).slice(0, 23)}Z`];
    case "r":
      return ["r"]; // rewritten, in words of its own
    case "l":
      return ["l", plainUrl(String(first))];
    case "t":
      return ["y", second];
    case "a":
      return (second as unknown[]).length === 1 ? ["y", third] : ["a", second, third];
    default:
      return given;
  }
}

/** Python's ParseResult knows no empty host, query or fragment from one that is missing. */
function plainUrl(url: string): string {
  const { href } = URL.canParse(url) ? new URL(url) : { href: url };
  return href
    .replace(/#$/, "")
    .replace(/\?(?=#|$)/, "")
    .replace(/^([^:]+):\/\/(?=\/)/, "$1:");
}

/** What a sender of an Error sends of it. */
export function sentOn(given: unknown): unknown {
  if (!Array.isArray(given)) return given;
  const [tag, parts] = given as [string, [string, unknown][]];
  const whole = tag === "e" ? [tag, parts.filter(([name]) => ["name", "message", "cause"].includes(name))] : given;
  return whole.map(sentOn);
}

/** The digits of a double that is a whole number, else its bits. */
function wholeOf(bits: string): string {
  if (bits === "nan" || bits === "8000000000000000") return bits;
  const value = Buffer.from(bits, "hex").readDoubleBE();
  return Number.isInteger(value) ? String(BigInt(value)) : bits;
}

/** What a value consists of. */
export function partsOf(given: unknown): unknown[] {
  if (!Array.isArray(given)) return [];
  const [tag, parts] = given as [string, unknown];
  if (tag === "[" || tag === "s") return parts as unknown[];
  if (tag === "{" || tag === "e") return (parts as [string, unknown][]).map(([, value]) => value);
  return tag === "m" ? (parts as unknown[][]).flat() : [];
}

/** Whether it, or a part of it, is shown with one of these tags. */
export function holds(given: unknown, ...tags: readonly string[]): boolean {
  return (Array.isArray(given) && tags.includes(given[0] as string)) || partsOf(given).some((part) => holds(part, ...tags));
}
