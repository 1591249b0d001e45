import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { InvalidArgumentError } from "../error.ts";
import { NdArray } from "../ndarray.ts";
import { decodeValue } from "../value/decode.ts";
import { encodeValue } from "../value/encode.ts";
import { UnserializableError } from "../value/unserializable-error.ts";
import { Column } from "./column.ts";
import { copyTable } from "./copy-table.ts";
import { Table } from "./table.ts";

/** Over the wire and back. */
function back(value: unknown): { found: unknown; attachments: Uint8Array[] } {
  const attachments: Uint8Array[] = [];
  const wire: unknown = JSON.parse(JSON.stringify(encodeValue(value, "args[0]", attachments)));
  return { found: decodeValue(wire, attachments), attachments };
}

const refusal = (make: () => unknown): string => {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    return (error as InvalidArgumentError).message;
  }
  throw new Error("accepted");
};

describe("Column", () => {
  it("finds the type of cells, and gives them back", () => {
    const cases: [type: string, cells: unknown[]][] = [
      ["string", ["x", "é😀", "", null]],
      ["bool", [true, false, null]],
      ["int64", [1, -5, null]],
      ["int64", [2 ** 53 - 1, 2n ** 62n]],
      ["float64", [1.5, 2, Number.NaN, -0, null]],
      ["datetime64[ms]", [new Date(-1), null]],
      ["binary", [Uint8Array.of(0, 255), new Uint8Array(0), null]],
      ["list", [[1, 2], [], null]],
      ["list", [[["a"], []], null]],
      ["object", [1, "x", null]],
      ["object", [{ a: 1 }, null]],
      ["object", [null, null]],
      ["object", []],
    ];
    for (const [type, cells] of cases) {
      const column = new Column(cells);
      expect(column.type).toBe(type);
      expect(column.toArray()).toEqual(cells);
      expect([...column]).toEqual(cells);
      expect(cells.map((_, row) => column.isNull(row))).toEqual(cells.map((cell) => cell === null));
    }
    expect(new Column([undefined, 1]).toArray()).toEqual([null, 1]);
    expect(new Column([new Date(0)]).zone).toBe("UTC");
  });

  it("views typed arrays, with nulls beside them", () => {
    const data = new Float64Array([1, 2]);
    const column = new Column(data, { nulls: [false, true] });
    expect(column.data).toBe(data);
    expect(column.toArray()).toEqual([1, null]);
    expect(column.get(-2)).toBe(1);
    expect(new Column(new Float32Array([1, 2, 3, 4]), { type: "complex64" }).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(new Column(Uint16Array.of(0x3c00), { type: "float16" }).get(0)).toBe(1);
    expect(new Column(new NdArray(BigInt64Array.of(5n, -(2n ** 63n)), [2], { dtype: "timedelta64[ns]" })).toArray()).toEqual([5, null]);
    expect(new Column(BigInt64Array.of(1n, 2n), { type: "datetime64[s]", nulls: Uint8Array.of(0, 1) }).toArray()).toEqual([
      new Date(1000),
      null,
    ]);
  });

  it("gives times of every unit to the millisecond, never later than they are", () => {
    const at = (unit: string, count: bigint): unknown =>
      new Column(BigInt64Array.of(count), { type: `datetime64[${unit}]` as "datetime64[s]" }).get(0);
    const units: [string, bigint, string][] = [
      ["Y", -1n, "1969-01-01T00:00:00.000Z"],
      ["M", 13n, "1971-02-01T00:00:00.000Z"],
      ["M", -1n, "1969-12-01T00:00:00.000Z"],
      ["W", 1n, "1970-01-08T00:00:00.000Z"],
      ["D", -1n, "1969-12-31T00:00:00.000Z"],
      ["h", 25n, "1970-01-02T01:00:00.000Z"],
      ["m", 1n, "1970-01-01T00:01:00.000Z"],
      ["us", 1999n, "1970-01-01T00:00:00.001Z"],
      ["ns", -1n, "1969-12-31T23:59:59.999Z"],
      ["as", -(10n ** 15n), "1969-12-31T23:59:59.999Z"],
    ];
    for (const [unit, count, text] of units) expect((at(unit, count) as Date).toISOString(), unit).toBe(text);
    expect(refusal(() => at("D", 2n ** 40n))).toContain("`data`");
  });

  it("gives 64-bit integers as numbers where asked, or says which does not fit", () => {
    expect(new Column(BigInt64Array.of(1n, -5n)).toNumbers()).toEqual([1, -5]);
    expect(new Column([1, null, 2.5]).toNumbers()).toEqual([1, null, 2.5]);
    expect(refusal(() => new Column(BigUint64Array.of(1n, 2n ** 53n)).toNumbers())).toContain("row 1 is 9007199254740992");
    expect(refusal(() => new Column(["x"]).toNumbers())).toContain("string");
    expect(new NdArray(BigInt64Array.of(1n, 2n), [2]).toNumbers()).toEqual([1, 2]);
    expect(refusal(() => new NdArray(BigInt64Array.of(1n, 2n ** 60n), [2]).toNumbers())).toContain("element 1");
    expect(refusal(() => new NdArray(Uint8Array.of(1), [1], { dtype: "bool" }).toNumbers())).toContain("bool");
  });

  it("holds categories", () => {
    const column = new Column(["S", null, "L"], { type: "category", categories: ["S", "M", "L"], ordered: true });
    expect(column.data).toEqual(Int8Array.of(0, -1, 2));
    expect(column.toArray()).toEqual(["S", null, "L"]);
    expect(column.categories?.toArray()).toEqual(["S", "M", "L"]);
    expect(column.ordered).toBe(true);
    expect(
      new Column(
        Array.from({ length: 200 }, (_, row) => `${row}`),
        { type: "category" },
      ).data,
    ).toBeInstanceOf(Int16Array);
  });

  it("refuses what it cannot hold, with the row", () => {
    expect(refusal(() => new Column(["x", "\ud800"]))).toContain("values[1]");
    expect(refusal(() => new Column([1, 300], { type: "int8" }))).toContain("values[1]");
    expect(refusal(() => new Column([1.5], { type: "int64" }))).toContain("values[0]");
    expect(refusal(() => new Column([2n ** 63n]))).toContain("values[0]");
    expect(refusal(() => new Column(["2026"], { type: "datetime64[ms]" }))).toContain("values[0]");
    expect(refusal(() => new Column([new Date(8.64e15)], { type: "datetime64[ns]" }))).toContain("values[0]");
    expect(refusal(() => new Column([new Date(Number.NaN)]))).toContain("values[0]");
    expect(refusal(() => new Column(["XL"], { type: "category", categories: ["S"] }))).toContain("values[0]");
    expect(refusal(() => new Column(Int8Array.of(1), { nulls: [true, false] }))).toContain("2 nulls for 1 rows");
    expect(refusal(() => new Column(Int8Array.of(1), { type: "float64" }))).toContain("float64");
    expect(refusal(() => new Column([1], { zone: "UTC" }))).toContain("zone");
    expect(refusal(() => new Column([1], { type: "int" as "int8" }))).toContain('"int"');
    expect(refusal(() => new Column("abc" as unknown as []))).toContain("values");
    expect(refusal(() => new Column(new NdArray(Int8Array.of(1), [1, 1])))).toContain("one dimension");
    expect(refusal(() => new Column([1]).get(1))).toContain("row");
  });
});

describe("Table", () => {
  const table = new Table({ city: ["Rome", "Oslo"], degrees: new Float64Array([21.5, 4]) });

  it("gives columns by name and rows as objects", () => {
    expect([table.numRows, table.columnNames]).toEqual([2, ["city", "degrees"]]);
    expect(table.column("degrees").data).toEqual(new Float64Array([21.5, 4]));
    expect([...table]).toEqual([
      { city: "Rome", degrees: 21.5 },
      { city: "Oslo", degrees: 4 },
    ]);
    expect(table.row(-1)).toEqual({ city: "Oslo", degrees: 4 });
    expect(refusal(() => table.column("degree"))).toContain("did you mean `degrees`?");
    expect(refusal(() => table.row(2))).toContain("number");
    const odd = new Table([["__proto__", [1]]]);
    expect(Object.entries(odd.row(0))).toEqual([["__proto__", 1]]);
  });

  it("shows itself in one line, however long it is", () => {
    expect(inspect(table)).toBe("Table(2 rows; city: string, degrees: float64)");
    expect(inspect(new Table(Array.from({ length: 100 }, (_, at) => [`c${at}`, [1]] as const)))).toMatch(/^.{1,200} and 88 more\)$/);
    expect(String(new Column(["a"]))).toBe("Column(string, 1 rows)");
  });

  it("keeps the order of names that look like numbers, when they are pairs", () => {
    const pairs = new Table([["b", [1]], ["1", [2]], ["0", [3]]]); // prettier-ignore
    expect(pairs.columnNames).toEqual(["b", "1", "0"]);
    expect(new Table(new Map([["x", [1]]])).columnNames).toEqual(["x"]);
  });

  it("refuses columns that do not fit together", () => {
    expect(refusal(() => new Table({ a: [1], b: [1, 2] }))).toContain("`a` has 1 rows, `b` has 2");
    expect(refusal(() => new Table({ a: ["\ud800"] }))).toContain("columns.a: values[0]");
    expect(refusal(() => new Table([["a", [1]], ["a", [2]]]))).toContain("two columns `a`"); // prettier-ignore
    expect(refusal(() => new Table({ a: [1] }, { index: {} }))).toContain("index");
    expect(refusal(() => new Table({ a: [1] }, { library: "vaex" as "polars" }))).toContain("pandas, polars or pyarrow");
    expect(refusal(() => new Table(null as unknown as {}))).toContain("columns");
    expect(refusal(() => new Table({}, { idnex: {} } as object))).toContain("did you mean `index`?");
  });

  it("travels without a copy of its numbers, with its index and library", () => {
    const sent = new Table({ a: new Float64Array([1, 2]), l: [[1], null] }, { index: { k: ["x", "y"] } }).withLibrary("polars");
    const { found, attachments } = back({ deep: [sent] });
    const { deep } = found as { deep: [Table] };
    expect(deep[0].library).toBe("polars");
    expect([...deep[0]]).toEqual([...sent]);
    expect(deep[0].index?.[0]?.toArray()).toEqual(["x", "y"]);
    expect(sent.column("a").data!.buffer).toBe(attachments[0]!.buffer);
    expect(deep[0].column("a").data!.buffer).toBe(attachments[0]!.buffer);
  });

  it("names a value in it that cannot travel", () => {
    const odd = new Table({ f: [1, () => 1] });
    expect(() => encodeValue([odd], "args", [])).toThrow(UnserializableError);
    expect(() => encodeValue([odd], "args", [])).toThrow(/^args\[0\]\.f\[1\]: a function/);
    const many = new Table(Array.from({ length: 4097 }, (_, at) => [`c${at}`, Int8Array.of(1)] as const));
    expect(() => encodeValue(many, "args[0]", [])).toThrow(/4096 attachments/);
    let nested: unknown = 1;
    for (let depth = 0; depth < 252; depth++) nested = [nested];
    expect(() => encodeValue(new Table({ a: [nested, 1] }), "args[0]", [])).toThrow(/nests more than 256 deep/);
  });

  it("is copied with all that it holds", () => {
    const data = new Float64Array([1]);
    const copied = copyTable(
      new Table({ data, text: ["x"], list: [[1]], category: new Column(["a"], { type: "category" }) }),
      (value) => value,
    );
    data[0] = 5;
    expect(copied.row(0)).toEqual({ data: 1, text: "x", list: [1], category: "a" });
  });
});
