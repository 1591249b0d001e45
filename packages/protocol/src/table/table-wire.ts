/* Tables on the wire: PROTOCOL.md, section "Tables". */
import { arrayOver, bytesOf, dtypes, isDtype, isTimeDtype } from "../dtype.ts";
import type { WireValue } from "../message.ts";
import { factsOf, makeColumn, type Column, type ColumnLabel } from "./column.ts";
import { mistakeIn, type ColumnFacts } from "./column-parts.ts";
import { isColumnType, isPieces } from "./column-type.ts";
import { makeTable, type Table, type TableForm, type TableLibrary } from "./table.ts";

type Json = Record<string, unknown>;

export interface TableWriter {
  /** Adds an attachment; returns its index. */
  attach(bytes: Uint8Array): number;
  /** The objects of a column, as a value. */
  encode(values: readonly unknown[], name: string): WireValue;
}

export function writeTable(table: Table, writer: TableWriter): Json {
  const write = (column: Column): Json => {
    const { name, label } = column;
    return { name, ...(name === label ? {} : { label }), ...writeFacts(factsOf(column), name, writer) };
  };
  const json: Json = { rows: table.numRows, columns: table.columns.map(write) };
  if (table.index !== undefined) json["index"] = table.index.map(write);
  if (table.form !== "frame") json["form"] = table.form;
  if (table.library !== undefined) json["library"] = table.library;
  if (table.columnsName !== undefined) json["columnsName"] = table.columnsName;
  return json;
}

function writeFacts(facts: ColumnFacts, name: string, writer: TableWriter): Json {
  const { type, data, offsets, nulls, zone, items, values, categories, ordered, pandas } = facts;
  const json: Json = { type };
  if (categories !== undefined) json["codes"] = `int${8 * data!.BYTES_PER_ELEMENT}`;
  if (data !== undefined) json["data"] = writer.attach(bytesOf(data));
  if (offsets !== undefined) json["offsets"] = writer.attach(bytesOf(offsets));
  if (nulls !== undefined) json["nulls"] = writer.attach(bytesOf(nulls));
  if (zone !== undefined) json["zone"] = zone;
  if (pandas !== undefined) json["pandas"] = pandas;
  if (items !== undefined) json["items"] = { rows: items.length, ...writeFacts(items, name, writer) };
  if (values !== undefined) json["values"] = writer.encode(values, name);
  if (categories !== undefined) {
    json["ordered"] = ordered === true;
    json["categories"] = { rows: categories.length, ...writeFacts(categories, name, writer) };
  }
  return json;
}

export interface TableReader {
  take(index: unknown): Uint8Array;
  decode(wire: unknown, name: string): unknown;
  /** An error with that reason. */
  refuse(reason: string): Error;
}

export function readTable(json: Json, reader: TableReader): Table {
  const { columns, index, form = "frame", library, columnsName } = json;
  const rows = readCount(json["rows"], reader);
  const read = (wire: unknown): Column => readColumn(wire, rows, reader);
  const made = list(columns, reader).map(read);
  const levels = index === undefined ? undefined : list(index, reader).map(read);
  if (new Set(made.map(({ name }) => name)).size !== made.length) throw reader.refuse("a table with two columns of one name");
  if (!isForm(form)) throw reader.refuse("`form` is not frame, series or index");
  if (form === "series" && made.length !== 1) throw reader.refuse("a series that has not one column");
  if ((form === "index" && (made.length === 0 || levels !== undefined)) || levels?.length === 0)
    throw reader.refuse("an index that has no columns");
  if (!isLibrary(library)) throw reader.refuse("`library` is not pandas, polars or pyarrow");
  if (columnsName !== undefined && typeof columnsName !== "string") throw reader.refuse("`columnsName` is not a string");
  return makeTable({ numRows: rows, columns: made, index: levels, form, library, columnsName });
}

function readColumn(wire: unknown, rows: number, reader: TableReader): Column {
  const json = object(wire, reader);
  const { name, label = name } = json;
  if (typeof name !== "string") throw reader.refuse("the `name` of a column is not a string");
  if (!isLabel(label)) throw reader.refuse("the `label` of a column is not a string, a boolean, an integer or null");
  const facts = readFacts(json, name, rows, reader);
  const mistake = mistakeIn(facts);
  if (mistake !== undefined) throw reader.refuse(`the column ${JSON.stringify(name)} has ${mistake}`);
  return makeColumn(name, label, facts);
}

function readFacts(json: Json, name: string, rows: number, reader: TableReader): ColumnFacts {
  const { type, zone, pandas } = json;
  if (!isColumnType(type)) throw reader.refuse("the `type` of a column is not known");
  for (const text of [zone, pandas])
    if (text !== undefined && (typeof text !== "string" || text.length > 100))
      throw reader.refuse("a `zone` or `pandas` that is not a short string");
  const array = (member: string, dtype: keyof typeof dtypes): ReturnType<typeof arrayOver> => {
    const bytes = reader.take(json[member]);
    if (bytes.length % dtypes[dtype].size !== 0)
      throw reader.refuse(`${bytes.length} bytes of \`${member}\` are not whole elements of ${dtype}`);
    return arrayOver(dtype, bytes);
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked just now
  const facts = { type, length: rows, zone: zone as string | undefined, pandas: pandas as string | undefined };
  if (type === "object") {
    const values = reader.decode(json["values"], name);
    if (!Array.isArray(values)) throw reader.refuse("the `values` of a column are not an array");
    return { ...facts, values };
  }
  const nulls = json["nulls"] === undefined ? undefined : (array("nulls", "uint8") as Uint8Array);
  const offsets = isPieces(type) || type === "list" ? (array("offsets", "int32") as Int32Array) : undefined;
  const inner = (member: string): ColumnFacts => {
    const part = object(json[member], reader);
    return readFacts(part, name, readCount(part["rows"], reader), reader);
  };
  if (type === "list") return { ...facts, nulls, offsets, items: inner("items") };
  if (type === "category") {
    const { codes, ordered } = json;
    if (codes !== "int8" && codes !== "int16" && codes !== "int32") throw reader.refuse("`codes` is not int8, int16 or int32");
    if (typeof ordered !== "boolean") throw reader.refuse("`ordered` is not a boolean");
    return { ...facts, nulls, ordered, data: array("data", codes), categories: inner("categories") };
  }
  return { ...facts, nulls, offsets, data: array("data", isDtype(type) || isTimeDtype(type) ? type : "uint8") };
}

function readCount(value: unknown, reader: TableReader): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw reader.refuse("`rows` is not an integer from 0 on");
  return value;
}

function object(value: unknown, reader: TableReader): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw reader.refuse("a column is written as an object");
  return value as Json;
}

function list(value: unknown, reader: TableReader): readonly unknown[] {
  if (!Array.isArray(value)) throw reader.refuse("columns are written as an array");
  return value;
}

function isForm(form: unknown): form is TableForm {
  return form === "frame" || form === "series" || form === "index";
}

function isLibrary(library: unknown): library is TableLibrary | undefined {
  return library === undefined || library === "pandas" || library === "polars" || library === "pyarrow";
}

function isLabel(label: unknown): label is ColumnLabel {
  return label === null || typeof label === "string" || typeof label === "boolean" || Number.isSafeInteger(label);
}
