import { describe, expect, it } from "vitest";
import { InvalidArgumentError } from "../error.ts";
import { Column } from "../table/column.ts";
import { Table } from "../table/table.ts";
import type { ArrowTable } from "./arrow-types.ts";
import { tableFromArrow } from "./from-arrow.ts";
import { toArrow, type ArrowModule } from "./to-arrow.ts";

/** A table of the package, as far as it is used here. */
interface Made extends ArrowTable {
  readonly schema: { readonly fields: readonly { readonly name: string; readonly type: unknown }[] };
  getChild(name: string): { readonly data: readonly { readonly values: Uint8Array | Float64Array }[]; toArray(): unknown } | null;
  concat(other: Made): Made;
  slice(begin: number, end: number): Made;
}

type Type = new (...args: number[]) => unknown;

interface Arrow extends ArrowModule<Made> {
  readonly makeVector: (data: unknown) => unknown;
  readonly makeData: (facts: object) => unknown;
  readonly Table: new (columns: object) => Made;
  tableToIPC(table: Made, format: "file"): Uint8Array;
  tableFromIPC(bytes: Uint8Array): Made;
  vectorFromArray(values: readonly unknown[], type?: unknown): unknown;
  readonly Decimal: Type;
  readonly DateDay: Type;
  readonly DateMillisecond: Type;
  readonly TimeMicrosecond: Type;
  readonly TimeSecond: Type;
  readonly LargeUtf8: Type;
}

// By a name that the compiler does not follow, so that the sources compile where the package is not installed, as with users.
const packageName: string = "apache-arrow";
const arrow = (await import(packageName)) as Arrow;

/** Through the bytes of a file, as another program reads it. */
const throughFile = (made: Made): Made => arrow.tableFromIPC(arrow.tableToIPC(made, "file"));
const rowsOf = (table: Table): unknown[] => Array.from(table);

const table = new Table(
  {
    float: new Float64Array([1.5, -0]),
    int: new Column(Int16Array.of(1, 2), { nulls: [false, true] }),
    big: [2n ** 62n, null],
    bool: [true, null],
    text: ["xé", null],
    bytes: [Uint8Array.of(1), null],
    when: [new Date(5), null],
    local: new Column(BigInt64Array.of(5n, -1n), { type: "datetime64[ns]" }),
    span: new Column([5, null], { type: "timedelta64[us]" }),
    kind: new Column(["b", null], { type: "category", categories: ["a", "b"] }),
    list: [[1, 2], null],
    nested: [[["a"], []], []],
  },
  { index: { id: [7, 8] } },
);

describe("toArrow and tableFromArrow", () => {
  it("keep types, nulls, zones and categories, and put the index last", () => {
    const made = throughFile(toArrow(table, arrow));
    expect(made.schema.fields.map(({ name, type }) => `${name}: ${String(type)}`)).toEqual([
      "float: Float64",
      "int: Int16",
      "big: Int64",
      "bool: Bool",
      "text: Utf8",
      "bytes: Binary",
      "when: Timestamp<MILLISECOND, UTC>",
      "local: Timestamp<NANOSECOND>",
      "span: Duration<MICROSECOND>",
      "kind: Dictionary<Int8, Utf8>",
      "list: List<Int64>",
      "nested: List<List<Utf8>>",
      "id: Int64",
    ]);
    const back = tableFromArrow(made);
    expect(rowsOf(back)).toEqual(rowsOf(table).map((row, at) => ({ ...(row as object), id: 7 + at })));
    expect(back.columns.map(({ type, zone }) => [type, zone]).slice(0, 11)).toEqual(
      table.columns.map(({ type, zone }) => [type, zone]).slice(0, 11),
    );
    expect(back.column("kind").categories?.toArray()).toEqual(["a", "b"]);
    expect(made.getChild("text")?.toArray()).toEqual(["xé", null]);
  });

  it("do not copy numbers and text", () => {
    const data = new Float64Array([1, 2]);
    const made = toArrow(new Table({ a: data, b: ["x", "y"] }), arrow);
    expect((made.getChild("a")!.data[0]!.values as Float64Array).buffer).toBe(data.buffer);
    expect(tableFromArrow(made).column("a").data!.buffer).toBe(data.buffer);
    expect(tableFromArrow(made).column("b").data!.buffer).toBe((made.getChild("b")!.data[0]!.values as Uint8Array).buffer);
  });

  it("read tables in several batches, slices of them, and types that have another form here", () => {
    const part = (from: number): Made =>
      toArrow(
        new Table({
          n: [from, null],
          t: [`t${from}`, "é"],
          l: [[from], []],
          c: new Column(["a"], { type: "category" }).length ? [true, false] : [],
        }),
        arrow,
      );
    const both = part(1).concat(part(2));
    expect(rowsOf(tableFromArrow(both))).toEqual([
      { n: 1, t: "t1", l: [1], c: true },
      { n: null, t: "é", l: [], c: false },
      { n: 2, t: "t2", l: [2], c: true },
      { n: null, t: "é", l: [], c: false },
    ]);
    expect(rowsOf(tableFromArrow(both.slice(1, 3)))).toEqual(rowsOf(tableFromArrow(both)).slice(1, 3));
    const others = new arrow.Table({
      decimal: arrow.makeVector(
        arrow.makeData({
          type: new arrow.Decimal(2, 10, 128),
          length: 2,
          data: Uint32Array.of(150, 0, 0, 0, -5 >>> 0, -1 >>> 0, -1 >>> 0, -1 >>> 0),
        }),
      ),
      day: arrow.makeVector(arrow.makeData({ type: new arrow.DateDay(), length: 2, data: Int32Array.of(0, -1) })),
      milli: arrow.makeVector(arrow.makeData({ type: new arrow.DateMillisecond(), length: 2, data: BigInt64Array.of(0n, 86_400_000n) })),
      time: arrow.makeVector(arrow.makeData({ type: new arrow.TimeMicrosecond(), length: 2, data: BigInt64Array.of(28_800_000_001n, 0n) })),
      seconds: arrow.makeVector(arrow.makeData({ type: new arrow.TimeSecond(), length: 2, data: Int32Array.of(86_399, 60) })),
      struct: arrow.vectorFromArray([
        { a: 1, b: { c: "x" } },
        { a: 2, b: { c: null } },
      ]),
      large: arrow.vectorFromArray(["x", null], new arrow.LargeUtf8()),
    });
    const found = tableFromArrow(throughFile(others));
    expect(found.columns.map(({ type }) => type)).toEqual(["decimal", "date", "date", "time", "time", "object", "string"]);
    expect(rowsOf(found)).toEqual([
      {
        decimal: "1.50",
        day: "1970-01-01",
        milli: "1970-01-01",
        time: "08:00:00.000001",
        seconds: "23:59:59",
        struct: { a: 1, b: { c: "x" } },
        large: "x",
      },
      {
        decimal: "-0.05",
        day: "1969-12-31",
        milli: "1970-01-02",
        time: "00:00:00",
        seconds: "00:01:00",
        struct: { a: 2, b: { c: null } },
        large: null,
      },
    ]);
  });

  it("refuse what is no table, and columns that Arrow cannot hold, by name", () => {
    expect(() => tableFromArrow({} as never)).toThrow(InvalidArgumentError);
    expect(() => toArrow({} as never, arrow)).toThrow("table must be a Table");
    expect(() => toArrow(table, {} as never)).toThrow("arrow.Table");
    expect(() => toArrow(new Table({ mixed: [1, "x"] }), arrow)).toThrow("`mixed` of object");
    expect(() => toArrow(new Table({ c: new Column(new Float64Array(2), { type: "complex128" }) }), arrow)).toThrow("`c` of complex128");
    expect(() => toArrow(new Table({ a: [1] }, { index: { a: [2] } }), arrow)).toThrow("`a`");
  });
});
