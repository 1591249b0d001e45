/*
 * A returned value as JSON that a program can read back. What JSON has no form for becomes an object with one member whose name begins
 * with `$`; docs/command-line-output.md has the table. A user's own object of that shape is wrapped in `$object`, so nothing is ambiguous.
 */
import { NdArray, Table, type Column } from "@sremote/protocol";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export function toJson(value: unknown): Json {
  switch (typeof value) {
    case "undefined":
      return null;
    case "boolean":
    case "string":
      return value;
    case "bigint":
      return { $bigint: String(value) };
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? "-0" : String(value) };
    case "object":
      return value === null ? null : objectToJson(value);
    default:
      throw new TypeError(`a call cannot return a ${typeof value}`);
  }
}

function objectToJson(value: object): Json {
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value instanceof RegExp) return { $regexp: String(value) };
  if (value instanceof URL) return { $url: value.href };
  if (value instanceof Set) return { $set: [...value].map(toJson) };
  if (value instanceof Map) return { $map: [...value].map(([key, each]) => [toJson(key), toJson(each)]) };
  if (value instanceof Uint8Array) return { $bytes: base64(value) };
  if (value instanceof NdArray) {
    const { dtype, shape } = value;
    return { $ndarray: { dtype, shape: [...shape], data: toJson(value.toNested()) } };
  }
  if (value instanceof Table) {
    const { columns, index } = value;
    return { $table: { columns: columns.map(columnToJson), ...(index === undefined ? {} : { index: index.map(columnToJson) }) } };
  }
  if (ArrayBuffer.isView(value)) {
    const { constructor } = value;
    return { $array: { type: constructor.name, data: Array.from(value as unknown as ArrayLike<number | bigint>, toJson) } };
  }
  if (value instanceof Error) {
    return { $error: { name: value.name, message: value.message, ...(value.cause === undefined ? {} : { cause: toJson(value.cause) }) } };
  }
  return plainToJson(value);
}

function columnToJson(column: Column): Json {
  const { name, type, zone } = column;
  return { name, type, ...(zone === undefined ? {} : { zone }), cells: column.toArray().map(toJson) };
}

function plainToJson(value: object): Json {
  const entries = Object.entries(value).map(([name, each]): [string, Json] => [name, toJson(each)]);
  const plain = Object.fromEntries(entries);
  return entries.length === 1 && entries[0]![0].startsWith("$") ? { $object: plain } : plain;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Output as text where it is UTF-8, else as `{"$bytes": …}`, so that it stays exact. */
export function outputJson(bytes: Uint8Array): Json {
  try {
    return strict.decode(bytes);
  } catch {
    return { $bytes: base64(bytes) };
  }
}
