/* Columns from what programs have: typed arrays, and arrays of cells. */
import { bytesOf, dtypeOf, dtypes, isBytes, isDtype, isTimeDtype, type Dtype, type TypedArray } from "../dtype.ts";
import { InvalidArgumentError } from "../error.ts";
import { given } from "../given.ts";
import { NdArray } from "../ndarray.ts";
import { notATime, unitOf } from "../time-count.ts";
import { kindOf } from "../value/kind.ts";
import type { ColumnOptions } from "./column-options.ts";
import type { ColumnFacts } from "./column-parts.ts";
import { isColumnType, isPieces, isText, type ColumnType } from "./column-type.ts";

type Cells = readonly unknown[];

/** Facts of a column; not yet checked together. @throws InvalidArgumentError */
export function buildColumn(values: unknown, options: ColumnOptions): ColumnFacts {
  const { type } = options;
  if (type !== undefined && !isColumnType(type))
    throw new InvalidArgumentError("options.type", `a type of columns such as float64, string or datetime64[ms]${given(type)}`);
  if (options.zone !== undefined && typeof options.zone !== "string") throw new InvalidArgumentError("options.zone", "the name of a zone");
  if ((options.categories !== undefined || options.ordered !== undefined) && type !== "category")
    throw new InvalidArgumentError("options.categories and ordered", 'left out where the type is not "category"');
  if (values instanceof NdArray) {
    if (values.shape.length !== 1) throw new InvalidArgumentError("values", `an array of one dimension, not ${values.shape.length}`);
    return overArray(values.data, { ...options, type: type ?? values.dtype });
  }
  const dtype = dtypeOf(values);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- told by its tag
  if (dtype !== undefined) return overArray(values as TypedArray, { ...options, type: type ?? dtype });
  if (!Array.isArray(values)) throw new InvalidArgumentError("values", `a typed array or an array${given(values)}`);
  if (options.nulls !== undefined)
    throw new InvalidArgumentError("options.nulls", "left out where values are cells: write null for a cell");
  const found = type ?? typeOf(values);
  if (options.zone !== undefined && !found.startsWith("datetime64"))
    throw new InvalidArgumentError("options.zone", "left out where the type is not datetime64");
  return fromCells(values, { ...options, type: found });
}

type Typed = ColumnOptions & { type: ColumnType };

function overArray(data: TypedArray, { type, nulls, zone }: Typed): ColumnFacts {
  if (!isDtype(type) && !isTimeDtype(type))
    throw new InvalidArgumentError("options.type", `an element type, where values are a typed array${given(type)}`);
  const length = data.length / dtypes[type].lanes;
  const mask = nulls === undefined || nulls instanceof Uint8Array ? nulls : Uint8Array.from(nulls, Number);
  if (mask === undefined || !isTimeDtype(type)) return { type, length, data, nulls: mask, zone };
  return { type, length, data: BigInt64Array.from(data as BigInt64Array, (each, row) => (mask[row] === 0 ? each : notATime)), zone };
}

/** The type of cells that tells most of them. */
function typeOf(cells: Cells): ColumnType {
  const kinds = new Set(cells.map(kindOfCell));
  kinds.delete("null");
  if (kinds.size === 2 && kinds.has("int64") && kinds.has("float64")) return "float64";
  const [kind = "object"] = kinds;
  return kinds.size > 1 ? "object" : kind === "datetime" ? "datetime64[ms]" : (kind as ColumnType);
}

function kindOfCell(cell: unknown): string {
  switch (typeof cell) {
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "number":
      return Number.isSafeInteger(cell) && !Object.is(cell, -0) ? "int64" : "float64";
    case "bigint":
      return "int64";
    default:
      if (cell === null || cell === undefined) return "null";
      if (Array.isArray(cell)) return "list";
      return isDate(cell) ? "datetime" : ArrayBuffer.isView(cell) && isBytes(cell) ? "binary" : "object";
  }
}

function fromCells(cells: Cells, options: Typed): ColumnFacts {
  const { type } = options;
  const { length } = cells;
  if (type === "object") return { type, length, values: cells.map((cell) => cell ?? null) };
  if (type === "category") return categories(cells, options);
  if (isTimeDtype(type)) {
    const zone = options.zone ?? (cells.some(isDate) ? "UTC" : undefined);
    return { type, length, zone, data: BigInt64Array.from(cells, (cell, row) => (isNone(cell) ? notATime : timeCount(cell, type, row))) };
  }
  const nulls = cells.some(isNone) ? Uint8Array.from(cells, (cell) => (isNone(cell) ? 1 : 0)) : undefined;
  if (isPieces(type)) return { type, length, nulls, ...pieces(cells, type) };
  if (type === "list") return { type, length, nulls, ...lists(cells) };
  return { type, length, nulls, data: numbers(cells, type) };
}

/** Of any realm. */
function isDate(cell: unknown): cell is Date {
  return typeof cell === "object" && cell !== null && kindOf(cell)?.kind === "Date";
}

function isNone(cell: unknown): boolean {
  return cell === null || cell === undefined;
}

function wrong(row: number, what: string, cell: unknown): InvalidArgumentError {
  return new InvalidArgumentError(`values[${row}]`, `${what}${given(cell)}`);
}

function numbers(cells: Cells, type: Dtype): TypedArray {
  const { array, lanes } = dtypes[type];
  const data = new array(cells.length * lanes);
  if (lanes === 2 || (type === "float16" && data instanceof Uint16Array))
    throw new InvalidArgumentError("values", `a typed array where the type is ${type}`);
  const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array;
  for (const [row, cell] of cells.entries()) {
    if (isNone(cell)) continue;
    const fits = type === "bool" ? typeof cell === "boolean" : typeof cell === "number" || typeof cell === "bigint";
    if (!fits || (isBig && typeof cell === "number" && !Number.isSafeInteger(cell))) throw wrong(row, `of type ${type}`, cell);
    const element = isBig ? BigInt(cell as number) : Number(cell);
    Reflect.set(data, row, element);
    const isExact = type.startsWith("float") ? typeof cell === "number" || BigInt(element) === cell : data[row] === element;
    if (!isExact) throw wrong(row, `of type ${type}`, cell);
  }
  return data;
}

function timeCount(cell: unknown, type: ColumnType, row: number): bigint {
  if (typeof cell === "bigint" && BigInt.asIntN(64, cell) === cell) return cell;
  if (typeof cell === "number" && Number.isSafeInteger(cell)) return BigInt(cell);
  const millis = isDate(cell) ? cell.getTime() : Number.NaN;
  if (!type.startsWith("datetime64[") || Number.isNaN(millis)) throw wrong(row, `a count of the unit of ${type}, or null`, cell);
  const per = isTimeDtype(type) ? { ms: 1n, us: 1000n, ns: 1_000_000n, s: undefined }[unitOf(type) as "ms"] : undefined;
  const found = per === undefined ? undefined : BigInt(millis) * per;
  if (found === undefined || BigInt.asIntN(64, found) !== found)
    throw new InvalidArgumentError(`values[${row}]`, `a count where the type is ${type}: only ms, us and ns hold a Date, of their range`);
  return found;
}

const encoder = new TextEncoder();

function pieces(cells: Cells, type: ColumnType): Pick<ColumnFacts, "data" | "offsets"> {
  const offsets = new Int32Array(cells.length + 1);
  const parts = cells.map((cell, row) => {
    const part = isNone(cell) ? new Uint8Array(0) : piece(cell, type, row);
    offsets[row + 1] = offsets[row]! + part.length;
    if (offsets[row + 1]! < offsets[row]!) throw new InvalidArgumentError(`a column of ${type} holds at most 2 GiB`);
    return part;
  });
  const data = new Uint8Array(offsets[cells.length]!);
  for (const [row, part] of parts.entries()) data.set(part, offsets[row]);
  return { data, offsets };
}

function piece(cell: unknown, type: ColumnType, row: number): Uint8Array {
  if (!isText(type)) {
    if (ArrayBuffer.isView(cell) && isBytes(cell)) return bytesOf(cell);
    throw wrong(row, "a Uint8Array", cell);
  }
  if (typeof cell !== "string") throw wrong(row, "a string", cell);
  // As isWellFormed() of Node 20 tells.
  if (/\p{Surrogate}/u.test(cell)) throw wrong(row, "a string without lone surrogates, which a column cannot hold", cell);
  return encoder.encode(cell);
}

function lists(cells: Cells): Pick<ColumnFacts, "items" | "offsets"> {
  const offsets = new Int32Array(cells.length + 1);
  const all: unknown[] = [];
  for (const [row, cell] of cells.entries()) {
    if (!isNone(cell) && !Array.isArray(cell)) throw wrong(row, "an array", cell);
    for (const item of (cell ?? []) as Cells) all.push(item);
    offsets[row + 1] = all.length;
  }
  return { offsets, items: buildColumn(all, {}) };
}

function categories(cells: Cells, { categories: given_, ordered = false }: Typed): ColumnFacts {
  const places = new Map<unknown, number>((given_ ?? []).map((category, code) => [category, code]));
  if (given_ === undefined) for (const cell of cells) if (!isNone(cell) && !places.has(cell)) places.set(cell, places.size);
  const data = new (places.size < 0x80 ? Int8Array : places.size < 0x8000 ? Int16Array : Int32Array)(cells.length);
  for (const [row, cell] of cells.entries()) {
    const code = isNone(cell) ? -1 : places.get(cell);
    if (code === undefined) throw wrong(row, "one of the categories", cell);
    data[row] = code;
  }
  return { type: "category", length: cells.length, data, ordered, categories: buildColumn([...places.keys()], {}) };
}
