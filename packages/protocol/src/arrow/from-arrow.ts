import { checkObject } from "../argument-kinds.ts";
import type { TypedArray } from "../dtype.ts";
import { InvalidArgumentError } from "../error.ts";
import { notATime } from "../time-count.ts";
import { buildColumn } from "../table/build-column.ts";
import { makeColumn } from "../table/column.ts";
import { mistakeIn, type ColumnFacts } from "../table/column-parts.ts";
import type { ColumnType } from "../table/column-type.ts";
import { joinColumns } from "../table/join-columns.ts";
import { makeTable, type Table } from "../table/table.ts";
import { plainCell, textCells } from "./arrow-cells.ts";
import { arrowUnits, typeIds, type ArrowData, type ArrowTable, type ArrowVector } from "./arrow-types.ts";

/**
 * A {@link Table} from one of the package apache-arrow, 13 or later: from a file in Arrow's format, another library or a query. Numbers and text are
 * views of its memory where a column lies in one piece.
 *
 * @throws InvalidArgumentError for what is no such table, and two columns of one name
 *
 * @example
 * ```ts
 * import { type ArrowTable, tableFromArrow } from "sremote";
 *
 * declare const trips: ArrowTable; // tableFromIPC(await readFile("trips.arrow")), of apache-arrow
 * const table = tableFromArrow(trips);
 * ```
 */
export function tableFromArrow(table: ArrowTable): Table {
  checkObject(table, "table", "a table of apache-arrow");
  if (!Array.isArray(table.schema?.fields) || typeof table.getChildAt !== "function")
    throw new InvalidArgumentError("table", "a table of apache-arrow");
  const names = new Set<string>();
  const columns = table.schema.fields.map(({ name }, at) => {
    if (names.has(name)) throw new InvalidArgumentError("table", `a table whose columns have different names, not two columns \`${name}\``);
    names.add(name);
    const facts = factsOfVector(table.getChildAt(at)!);
    const mistake = mistakeIn(facts);
    if (mistake !== undefined) throw new InvalidArgumentError(`table: the column \`${name}\` has ${mistake}`);
    return makeColumn(name, name, facts);
  });
  return makeTable({ numRows: table.numRows, columns, form: "frame" });
}

function factsOfVector(vector: ArrowVector): ColumnFacts {
  const parts = vector.data.map(factsOfData);
  if (parts.every((part) => part !== undefined)) return joinColumns(parts);
  const cells = Array.from({ length: vector.length }, (_, row) => plainCell(vector.get(row)));
  return buildColumn(cells, { type: vector.type.typeId === typeIds.list ? "list" : "object" });
}

/** Facts over the memory of a part; undefined where it has to be read cell by cell. */
function factsOfData(data: ArrowData): ColumnFacts | undefined {
  const { type, length } = data;
  const nulls = nullsOf(data);
  switch (type.typeId) {
    case typeIds.int:
      return { type: `${type.isSigned === true ? "int" : "uint"}${type.bitWidth}` as ColumnType, length, nulls, data: numbers(data) };
    case typeIds.float:
      return { type: (["float16", "float32", "float64"] as const)[type.precision!]!, length, nulls, data: numbers(data) };
    case typeIds.bool:
      return {
        type: "bool",
        length,
        nulls,
        data: Uint8Array.from({ length }, (_, row) => bit(data.values as Uint8Array, data.offset + row)),
      };
    case typeIds.utf8:
    case typeIds.largeUtf8:
      return { type: "string", length, nulls, ...pieces(data) };
    case typeIds.binary:
    case typeIds.largeBinary:
      return { type: "binary", length, nulls, ...pieces(data) };
    case typeIds.timestamp:
    case typeIds.duration: {
      const kind = type.typeId === typeIds.duration ? "timedelta64" : "datetime64";
      return { type: `${kind}[${arrowUnits[type.unit!]!}]`, length, zone: type.timezone ?? undefined, data: counts(numbers(data), nulls) };
    }
    case typeIds.decimal:
    case typeIds.date:
    case typeIds.time: {
      const text = type.typeId === typeIds.decimal ? "decimal" : type.typeId === typeIds.date ? "date" : "time";
      return buildColumn(textCells(data, nulls), { type: text });
    }
    case typeIds.list: {
      const offsets = data.valueOffsets as Int32Array;
      const items = factsOfData(data.children[0]!);
      // Of a slice, items before the first list and after the last are not its own.
      if (items === undefined || items.length !== offsets[length] || offsets[0] !== 0) return undefined;
      return { type: "list", length, nulls, offsets: offsets.subarray(0, length + 1), items };
    }
    case typeIds.dictionary:
      return dictionary(data, nulls);
    default:
      return undefined;
  }
}

function numbers({ values, length }: ArrowData): TypedArray {
  return (values as TypedArray).subarray(0, length);
}

function bit(bytes: Uint8Array, at: number): number {
  return (bytes[at >> 3]! >> (at & 7)) & 1;
}

function nullsOf({ nullCount, nullBitmap, offset, length }: ArrowData): Uint8Array | undefined {
  if (nullCount === 0 || nullBitmap === null || nullBitmap === undefined || nullBitmap.length === 0) return undefined;
  return Uint8Array.from({ length }, (_, row) => 1 - bit(nullBitmap, offset + row));
}

function counts(data: TypedArray, nulls: Uint8Array | undefined): BigInt64Array {
  return nulls === undefined
    ? (data as BigInt64Array)
    : BigInt64Array.from(data as BigInt64Array, (count, row) => (nulls[row] === 0 ? count : notATime));
}

function pieces({ values, valueOffsets, length }: ArrowData): Pick<ColumnFacts, "data" | "offsets"> {
  const ends = valueOffsets as Int32Array | BigInt64Array;
  const first = Number(ends[0] ?? 0);
  const last = Number(ends[length] ?? 0);
  const offsets =
    ends instanceof Int32Array && first === 0 && ends.length > length
      ? ends.subarray(0, length + 1)
      : Int32Array.from({ length: length + 1 }, (_, row) => Number(ends[row] ?? 0) - first);
  return { data: (values as Uint8Array).subarray(first, last), offsets };
}

function dictionary(data: ArrowData, nulls: Uint8Array | undefined): ColumnFacts | undefined {
  const categories = factsOfVector(data.dictionary!);
  const indices = numbers(data);
  if (categories.type === "category" || categories.nulls !== undefined || indices instanceof BigInt64Array) return undefined;
  const codes = indices instanceof Int8Array || indices instanceof Int16Array ? indices : Int32Array.from(indices as Int32Array);
  return {
    type: "category",
    length: data.length,
    data: nulls === undefined ? codes : codes.map((code, row) => (nulls[row] === 0 ? code : -1)),
    ordered: data.type.isOrdered === true,
    categories,
  };
}
