/* The neutral notation of values: written from a value, and made into one. */
import { arrayOver, dtypeOf, isDtype, isTimeDtype, type TypedArray } from "../../packages/protocol/src/dtype.ts";
import type { Column as ColumnOf, NdArray as NdArrayOf, Table as TableOf } from "@sremote/protocol";
import { columnOptions, tableNotation, type TableNotation } from "./table-notation.ts";
import { hex, type Notation, type TaggedNotation } from "./vector.ts";

/** Of the codec, which may be a bundle. */
export interface Classes {
  NdArray: typeof NdArrayOf;
  Table: typeof TableOf;
  Column: typeof ColumnOf;
}

/** Stands for what stays where it is: an object or iterator of a worker, a function of the client, the result of another call. */
export class Kept {
  readonly kind: string;
  readonly number: unknown;

  constructor(kind: string, number: unknown) {
    this.kind = kind;
    this.number = number;
  }
}

/**
 * The value in the notation. Typed arrays of 8-bit unsigned numbers are written as the expected notation has them (bytes, typed array of
 * bool or uint8), since JavaScript has one class for all; so are float16 and complex ones.
 */
export function toNotation(value: unknown, classes: Classes, expected?: unknown): Notation {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (value === undefined) return { $: "undefined" };
  if (typeof value === "bigint") return { $: "bigint", v: String(value) };
  if (typeof value === "number") {
    // JavaScript has one type for both: an integer is written as the expectation has it.
    if (Number.isSafeInteger(value) && !Object.is(value, -0) && typeof expected === "number") return value;
    return { $: "float", v: floatText(value) };
  }
  if (typeof value !== "object") throw new TypeError(`no notation for a ${typeof value}`);
  const want = (typeof expected === "object" && expected !== null ? expected : {}) as { $?: string; v?: unknown; dtype?: string };
  const inner = (item: unknown, index: number): Notation => toNotation(item, classes, (want.v as unknown[] | undefined)?.[index]);
  const pair = ([key, item]: [unknown, unknown], index: number): Notation[] => {
    const [wantKey, wantItem] = ((want.v as unknown[] | undefined)?.[index] ?? []) as unknown[];
    return [toNotation(key, classes, wantKey), toNotation(item, classes, wantItem)];
  };
  if (Array.isArray(value))
    return Array.from(value, (item, index) => toNotation(item, classes, (expected as unknown[] | undefined)?.[index]));
  if (value instanceof Date) return { $: "date", v: value.toISOString() };
  if (value instanceof RegExp) return { $: "regexp", source: value.source, flags: value.flags };
  if (value instanceof URL) return { $: "url", v: value.href };
  if (value instanceof Set) return { $: "set", v: [...value].map(inner) };
  if (value instanceof Map) return { $: "map", v: [...value].map(pair) };
  if (value instanceof Error) {
    const { remote } = value as Error & { remote: Record<string, unknown> };
    if (value.name !== remote["name"] || value.message !== remote["message"]) throw new TypeError("an Error unlike what was sent of it");
    if ("cause" in remote && value.cause !== remote["cause"]) throw new TypeError("a cause unlike what was sent of it");
    return { $: "error", v: Object.entries(remote).map(pair) };
  }
  if (value instanceof classes.NdArray) {
    const { dtype, shape, order } = value;
    return { $: "ndarray", dtype, shape: [...shape], order, v: hex(value.bytes) };
  }
  if (value instanceof classes.Table)
    return tableNotation(value, want as unknown as TableNotation, (cell, wanted) => toNotation(cell, classes, wanted));
  if (ArrayBuffer.isView(value)) {
    const bytes = hex(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    if (value instanceof Uint8Array && want.$ === "bytes") {
      if (value.constructor !== Uint8Array) throw new TypeError("bytes that are not a plain Uint8Array");
      return { $: "bytes", v: bytes };
    }
    if (isDtype(want.dtype) && arrayOver(want.dtype, new Uint8Array(0)).constructor === value.constructor)
      return { $: "typed-array", dtype: want.dtype, v: bytes };
    return { $: "typed-array", dtype: dtypeOf(value)!, v: bytes };
  }
  if (value instanceof Kept) return { $: "kept", kind: value.kind, v: value.number };
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype !== Object.prototype) throw new TypeError("an object whose prototype is not that of objects");
  return { $: "object", v: Object.entries(value).map(pair) };
}

/** The value that a notation stands for. */
export function fromNotation(notation: unknown, classes: Classes): unknown {
  if (Array.isArray(notation)) return notation.map((item) => fromNotation(item, classes));
  if (typeof notation !== "object" || notation === null) return notation;
  const tagged = notation as TaggedNotation;
  const text = tagged["v"] as string;
  const items = tagged["v"] as unknown[];
  const pairs = (): [unknown, unknown][] => items.map((item) => fromNotation(item, classes) as [unknown, unknown]);
  switch (tagged.$) {
    case "undefined":
      return undefined;
    case "float":
      return Number(text);
    case "bigint":
      return BigInt(text);
    case "date":
      return new Date(text);
    case "regexp":
      return new RegExp(tagged["source"] as string, tagged["flags"] as string);
    case "url":
      return new URL(text);
    case "set":
      return new Set(items.map((item) => fromNotation(item, classes)));
    case "map":
      return new Map(pairs());
    case "object":
      return Object.fromEntries(pairs());
    case "error": {
      const { name, message, ...rest } = Object.fromEntries(pairs()) as { name: string; message: string; cause?: unknown };
      return Object.defineProperty(new Error(message, rest), "name", { value: name });
    }
    case "bytes":
      return bytesFrom(text);
    case "typed-array":
      return typed(tagged);
    case "ndarray": {
      const { dtype, shape, order } = tagged as unknown as { dtype: "int8"; shape: number[]; order: "C" };
      return new classes.NdArray(typed(tagged), shape, { dtype, order });
    }
    case "table": {
      const table = notation as unknown as TableNotation;
      const columns = (of: TableNotation["columns"]): [string, ColumnOf][] =>
        of.map((column) => [
          column.name,
          new classes.Column(
            column.cells.map((cell) => fromNotation(cell, classes)),
            columnOptions(column),
          ),
        ]);
      return new classes.Table(columns(table.columns), { index: table.index && columns(table.index), library: table.library });
    }
    default:
      throw new TypeError(`unknown notation ${tagged.$}`);
  }
}

function typed(tagged: TaggedNotation): TypedArray {
  const dtype = tagged["dtype"];
  if (!isDtype(dtype) && !isTimeDtype(dtype)) throw new TypeError(`unknown dtype ${String(dtype)}`);
  return arrayOver(dtype, bytesFrom(tagged["v"] as string));
}

function bytesFrom(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** As the notation writes it; any text that means the same number does. */
export function floatText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
