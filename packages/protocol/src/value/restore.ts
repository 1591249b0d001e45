/* One function for each annotation of PROTOCOL.md, section "Values": from the JSON there to the value. */
import { arrayOver, bytesOf, dtypes, isDtype, isTimeDtype, type Dtype } from "../dtype.ts";
import { ProtocolError } from "../error.ts";
import { limits } from "../limits.ts";
import { elementCount, NdArray } from "../ndarray.ts";
import type { Table } from "../table/table.ts";
import { readTable } from "../table/table-wire.ts";
import type { Attachments } from "./attachments.ts";
import { isPlainObject } from "./plain.ts";

export interface ValueContext {
  readonly attachments: Attachments;
  readonly custom: ((name: string, json: Record<string, unknown>) => unknown) | undefined;
  /** The path to the value, for errors. */
  describe(): string;
  /** A value within this one, which has annotations of its own. */
  decode(wire: unknown, name: string): unknown;
}

type Restore = (json: unknown, context: ValueContext) => unknown;

/** An Error as it came from the other side, with everything that was said of it. */
export interface RemoteErrorValue extends Error {
  readonly remote: Readonly<Record<string, unknown>>;
}

const simple: ReadonlyMap<unknown, Restore> = new Map<unknown, Restore>([
  ["undefined", restoreUndefined],
  ["bigint", restoreBigint],
  ["number", restoreNumber],
  ["Date", restoreDate],
  ["regexp", restoreRegexp],
  ["URL", restoreUrl],
  ["set", restoreSet],
  ["map", restoreMap],
  ["Error", restoreError],
]);

const custom: ReadonlyMap<unknown, Restore> = new Map<unknown, Restore>([
  ["bytes", restoreBytes],
  ["typed-array", restoreTypedArray],
  ["ndarray", restoreNdArray],
  ["table", restoreTable],
]);

/** The value that `json` with the given annotation means. @throws ProtocolError */
export function restore(type: unknown, json: unknown, context: ValueContext): unknown {
  const name: unknown = Array.isArray(type) && type.length === 2 && type[0] === "custom" ? type[1] : undefined;
  const known = name === undefined ? simple.get(type) : custom.get(name);
  if (known === undefined && typeof name === "string" && context.custom !== undefined) {
    const value = context.custom(name, members(json, context, "a value of a session"));
    if (value !== undefined) return value;
  }
  if (known === undefined) throw refuse(context, "an annotation that is not known");
  return known(json, context);
}

function restoreUndefined(json: unknown, context: ValueContext): undefined {
  if (json !== null) throw refuse(context, "undefined is written as null");
  return undefined;
}

function restoreBigint(json: unknown, context: ValueContext): bigint {
  if (typeof json !== "string" || !/^-?[0-9]+$/.test(json)) throw refuse(context, "a bigint is written as a string of digits");
  if (json.length - (json.startsWith("-") ? 1 : 0) > limits.bigintDigits)
    throw tooMuch(context, `a bigint of more than ${limits.bigintDigits} digits`);
  return BigInt(json);
}

const namedNumbers: ReadonlyMap<string, number> = new Map([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
  ["-0", -0],
]);

function restoreNumber(json: unknown, context: ValueContext): number {
  if (typeof json !== "string") throw refuse(context, "an annotated number is written as a string");
  const named = namedNumbers.get(json);
  if (named !== undefined) return named;
  if (json.length > limits.numberText) throw tooMuch(context, `a number of more than ${limits.numberText} characters`);
  if (!/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(json)) throw refuse(context, "not a decimal number");
  const value = Number(json);
  if (!Number.isFinite(value)) throw refuse(context, "a number that is not finite");
  return value;
}

function restoreDate(json: unknown, context: ValueContext): Date {
  const match =
    typeof json === "string" ? /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3})(?:[0-9]{3})?Z$/.exec(json) : null;
  if (match === null) throw refuse(context, "a Date is written like 2026-11-22T08:00:00.000Z");
  const text = `${match[1]}Z`;
  const date = new Date(text);
  // Date takes 30 February and 24:00 for the day after.
  if (Number.isNaN(date.getTime()) || date.toISOString() !== text || text.startsWith("0000"))
    throw refuse(context, "not a date of the calendar");
  return date;
}

function restoreRegexp(json: unknown, context: ValueContext): RegExp {
  const match = typeof json === "string" ? /^\/(.+)\/([a-z]*)$/s.exec(json) : null;
  if (match === null) throw refuse(context, "a regular expression is written like /source/flags");
  try {
    return new RegExp(match[1]!, match[2]);
  } catch (cause) {
    throw refuse(context, "not a regular expression of this runtime", cause);
  }
}

function restoreUrl(json: unknown, context: ValueContext): URL {
  if (typeof json !== "string") throw refuse(context, "a URL is written as a string");
  try {
    return new URL(json);
  } catch (cause) {
    throw refuse(context, "not a URL", cause);
  }
}

function restoreSet(json: unknown, context: ValueContext): Set<unknown> {
  if (!Array.isArray(json)) throw refuse(context, "a set is written as an array");
  const set = new Set(json);
  if (set.size !== json.length) throw refuse(context, "a set with members that are equal in JavaScript");
  if (json.some(isNegativeZero)) throw refuse(context, negativeZero);
  return set;
}

function restoreMap(json: unknown, context: ValueContext): Map<unknown, unknown> {
  if (!Array.isArray(json) || !json.every((pair) => Array.isArray(pair) && pair.length === 2))
    throw refuse(context, "a map is written as an array of pairs");
  const map = new Map<unknown, unknown>(json);
  if (map.size !== json.length) throw refuse(context, "a map with keys that are equal in JavaScript");
  if (json.some(([key]) => isNegativeZero(key))) throw refuse(context, negativeZero);
  return map;
}

/** Sets and maps of JavaScript would make it 0. */
const negativeZero = "-0 cannot be a member of a set or a key";

function isNegativeZero(value: unknown): boolean {
  return Object.is(value, -0);
}

function restoreError(json: unknown, context: ValueContext): RemoteErrorValue {
  const facts = members(json, context, "an Error");
  const { name, message } = facts;
  if (typeof name !== "string" || typeof message !== "string") throw refuse(context, "an Error has the strings `name` and `message`");
  const error = Object.hasOwn(facts, "cause") ? new Error(message, { cause: facts["cause"] }) : new Error(message);
  const hidden = { writable: true, configurable: true, enumerable: false };
  Object.defineProperties(error, {
    name: { ...hidden, value: name },
    remote: { ...hidden, value: facts },
    // The stack of this context would name the decoder, which has nothing to do with the error.
    stack: { ...hidden, value: `${name}: ${message}` },
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `remote` was defined just now
  return error as RemoteErrorValue;
}

function restoreBytes(json: unknown, context: ValueContext): Uint8Array {
  // A view, so that what was given as a Buffer still comes out as the Uint8Array that is promised.
  return bytesOf(attachment(members(json, context, "bytes"), context));
}

function restoreTypedArray(json: unknown, context: ValueContext): unknown {
  const facts = members(json, context, "a typed array");
  const dtype = dtypeIn(facts, context);
  const bytes = attachment(facts, context);
  if (bytes.length % dtypes[dtype].size !== 0) throw refuse(context, `${bytes.length} bytes are not whole elements of ${dtype}`);
  return arrayOver(dtype, bytes);
}

function restoreNdArray(json: unknown, context: ValueContext): NdArray {
  const facts = members(json, context, "an ndarray");
  const dtype = isTimeDtype(facts["dtype"]) ? facts["dtype"] : dtypeIn(facts, context);
  const { shape, order } = facts;
  if (!isShape(shape)) throw refuse(context, "`shape` is not an array of integers from 0 on");
  if (shape.length > limits.dimensions) throw tooMuch(context, `more than ${limits.dimensions} dimensions`);
  if (order !== "C" && order !== "F") throw refuse(context, '`order` is neither "C" nor "F"');
  const bytes = attachment(facts, context);
  const expected = elementCount(shape) * dtypes[dtype].size;
  if (bytes.length !== expected) throw refuse(context, `an attachment of ${bytes.length} bytes for an array of ${expected}`);
  return new NdArray(arrayOver(dtype, bytes), shape, { dtype, order });
}

function restoreTable(json: unknown, context: ValueContext): Table {
  return readTable(members(json, context, "a table"), {
    take: (index) => context.attachments.take(index, context.describe()),
    decode: (wire, name) => context.decode(wire, name),
    refuse: (reason) => refuse(context, reason),
  });
}

function isShape(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function dtypeIn(facts: Record<string, unknown>, context: ValueContext): Dtype {
  const { dtype } = facts;
  if (!isDtype(dtype)) throw refuse(context, "a `dtype` that is not known");
  return dtype;
}

function attachment(facts: Record<string, unknown>, context: ValueContext): Uint8Array {
  return context.attachments.take(facts["index"], context.describe());
}

function members(json: unknown, context: ValueContext, what: string): Record<string, unknown> {
  if (typeof json !== "object" || json === null || Array.isArray(json) || !isPlainObject(json))
    throw refuse(context, `${what} is written as an object`);
  return json;
}

function refuse(context: ValueContext, reason: string, cause?: unknown): ProtocolError {
  return new ProtocolError("protocol-error", `${context.describe()}: ${reason}`, { cause });
}

function tooMuch(context: ValueContext, reason: string): ProtocolError {
  return new ProtocolError("limit-exceeded", `${context.describe()}: ${reason}`);
}
