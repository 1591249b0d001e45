/* What a column is made of: the same in memory, on the wire and in Arrow. */
import { dtypeOf, dtypes, isDtype, isTimeDtype, type TypedArray } from "../dtype.ts";
import { isPieces, isText, type ColumnType } from "./column-type.ts";

export interface ColumnFacts {
  readonly type: ColumnType;
  /** How many cells there are. */
  readonly length: number;
  /** Numbers, counts of times, codes of categories; of pieces their bytes, one after the other. */
  readonly data?: TypedArray | undefined;
  /** Of pieces and lists: where each begins, and where the last ends. */
  readonly offsets?: Int32Array | undefined;
  /** A byte for each cell, not 0 where there is none. Times have NaT instead, categories the code -1. */
  readonly nulls?: Uint8Array | undefined;
  /** Of `datetime64`: counts are in UTC, and this is the zone they are shown in. */
  readonly zone?: string | undefined;
  readonly categories?: ColumnFacts | undefined;
  readonly ordered?: boolean | undefined;
  /** Of lists: all their items, one after the other. */
  readonly items?: ColumnFacts | undefined;
  /** Of objects. */
  readonly values?: readonly unknown[] | undefined;
  /** The type that pandas has for it, where it has several. */
  readonly pandas?: string | undefined;
}

/** What is wrong with them, or undefined. Reads everything, as a host may have sent it. */
export function mistakeIn(column: ColumnFacts): string | undefined {
  const { type, length, data, nulls, zone } = column;
  if (nulls !== undefined && nulls.length !== length) return `${nulls.length} nulls for ${length} rows`;
  if (zone !== undefined && !type.startsWith("datetime64")) return `a zone of ${type}`;
  if (type === "object") return column.values?.length === length ? undefined : `objects for another number of rows than ${length}`;
  if (type === "list") {
    const { items } = column;
    return items === undefined ? "a list without items" : (mistakeInOffsets(column, items.length) ?? mistakeIn(items));
  }
  if (data === undefined) return "no data";
  if (isPieces(type)) return mistakeInOffsets(column, data.length) ?? (isText(type) ? mistakeInText(column, data) : undefined);
  if (type === "category") return mistakeInCategories(column, data);
  const { array, lanes } = dtypes[type];
  const isHalf = type === "float16" && dtypeOf(data) === "uint16";
  if (dtypeOf(data) !== dtypeOf(new array(0)) && !isHalf) return `a typed array of ${dtypeOf(data)} for ${type}`;
  if (data.length !== length * lanes) return `${data.length / lanes} elements for ${length} rows`;
  return nulls !== undefined && isTimeDtype(type) ? "nulls of times, which have NaT" : undefined;
}

function mistakeInOffsets({ offsets, length }: ColumnFacts, end: number): string | undefined {
  if (offsets?.length !== length + 1) return `not ${length + 1} offsets for ${length} rows`;
  if (offsets[0] !== 0 || offsets[length] !== end) return "offsets that do not begin at 0 and end with the data";
  for (let row = 0; row < length; row++) if (offsets[row]! > offsets[row + 1]!) return `offsets that go back at row ${row}`;
  return undefined;
}

/** Bytes of text that are checked at a time. */
const validated = 1 << 24;

function mistakeInText({ offsets, length }: ColumnFacts, data: TypedArray): string | undefined {
  if (!(data instanceof Uint8Array)) return "text that is not bytes";
  try {
    // A piece must not end within a character: what is read of it would be another text.
    for (let row = 1; row < length; row++)
      if ((data[offsets![row]!]! & 0xc0) === 0x80) return `text that is cut within a character at row ${row}`;
    // In parts: a column may hold more than a string of JavaScript can.
    const decoder = new TextDecoder("utf-8", { fatal: true });
    for (let at = 0; at < data.length; at += validated) decoder.decode(data.subarray(at, at + validated), { stream: true });
    decoder.decode();
  } catch {
    return "text that is not UTF-8";
  }
  return undefined;
}

function mistakeInCategories({ categories, length, nulls }: ColumnFacts, data: TypedArray): string | undefined {
  if (categories === undefined || categories.type === "category") return "categories that are not a column";
  if (nulls !== undefined) return "nulls of categories, which have the code -1";
  if (!(data instanceof Int8Array || data instanceof Int16Array || data instanceof Int32Array))
    return "codes that are not int8, int16 or int32";
  if (data.length !== length) return `${data.length} codes for ${length} rows`;
  const wrong = data.findIndex((code) => code < -1 || code >= categories.length);
  return wrong === -1 ? mistakeIn(categories) : `a code without a category at row ${wrong}`;
}

/** Whether a type of numbers, of JavaScript's or not. */
export function isNumeric(type: ColumnType): boolean {
  return isDtype(type) && type !== "bool";
}
