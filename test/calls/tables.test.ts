import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { Column, NdArray, Table } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { numpyPython, ensureNumpy } from "../../scripts/setup-numpy.ts";
import { ensureTables, tablesPython } from "../../scripts/setup-tables.ts";
import { rejection } from "../support/rejection.ts";

let home: string;
beforeAll(() => {
  expect([...ensureNumpy(), ...ensureTables()]).toEqual([]);
  home = mkdtempSync(join(tmpdir(), "sremote-tables-"));
  writeFileSync(
    join(home, "frames.py"),
    `import decimal
def kinds(table):
    return [type(table).__module__.split(".")[0], type(table).__name__, {str(name): str(table[name].dtype) for name in table.columns}]
def same(value):
    return value
def frame():
    import pandas
    return pandas.DataFrame({"n": pandas.array([1, None], "Int64"), "t": pandas.to_datetime(["2026-11-30T08:00", None], utc=True),
                             "c": pandas.Categorical(["a", "b"]), "d": [decimal.Decimal("1.50"), None]}, index=pandas.Index([7, 8], name="id"))
def large(rows):
    import numpy, pandas
    return pandas.DataFrame({"c%d" % at: numpy.arange(rows, dtype="f8") + at for at in range(10)})
def total(table):
    return [len(table), float(table.to_numpy().sum())]
def odd():
    import pandas
    return {"rows": pandas.DataFrame({"a": [1, object()]})}
`,
  );
  writeFileSync(
    join(home, "frames.mjs"),
    `export const same = (value) => value;
export const sum = (table) => { let total = 0; for (const row of table) total += row.n ?? 0; return [total, table.columnNames]; };
`,
  );
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const connect = (transport: "auto" | "spool" = "auto"): RemoteClient =>
  new RemoteClient(local({ cwd: home, env: { HOME: home } }), { python: tablesPython, transport });

describe("tables", () => {
  let shared: RemoteClient;
  const call = async <T>(name: string, ...args: unknown[]): Promise<T> =>
    (await shared.doRemoteCall<T>("frames", name, args, { cwd: "." })).value;
  beforeAll(() => {
    shared = connect();
  });
  afterAll(() => shared?.close());

  test.each(["auto", "spool"] as const)(
    "a data frame arrives with its types, nulls and index, and goes back as it was, transport %s",
    async (transport) => {
      await using client = connect(transport);
      const table = (await client.doRemoteCall<Table>("frames", "frame", [], { cwd: "." })).value;
      expect(table).toBeInstanceOf(Table);
      expect([...table]).toEqual([
        { n: 1, t: new Date("2026-11-30T08:00:00Z"), c: "a", d: "1.50" },
        { n: null, t: null, c: "b", d: null },
      ]);
      expect(table.index?.map(({ name, type }) => [name, type])).toEqual([["id", "int64"]]);
      expect(table.columns.map(({ type }) => type)).toEqual(["int64", expect.stringMatching(/^datetime64/), "category", "decimal"]);
      expect((await client.doRemoteCall("frames", "kinds", [table], { cwd: "." })).value).toEqual([
        "pandas",
        "DataFrame",
        { n: "Int64", t: expect.stringMatching(/^datetime64\[..?, UTC\]$/) as string, c: "category", d: "object" },
      ]);
    },
  );

  test("a table made here is a data frame there, of the library that is asked for", async () => {
    const table = new Table({
      a: new Float64Array([1, 2]),
      b: ["x", null],
      when: [new Date(0), null],
      n: new Column([1, null], { type: "int8" }),
    });
    expect(await call("kinds", table)).toEqual(["pandas", "DataFrame", { a: "float64", b: "str", when: "datetime64[ms, UTC]", n: "Int8" }]);
    expect((await call<unknown[]>("kinds", new Table({ a: [1.5] }, { library: "polars" }))).slice(0, 2)).toEqual(["polars", "DataFrame"]);
    const returned = await call<Table>("same", table);
    expect([...returned]).toEqual([...table]);
  });

  test("a value in a frame that cannot travel is named by column and row", async () => {
    const error = await rejection(call("odd"));
    expect(error).toMatchObject({ code: "unserializable-result", message: expect.stringContaining("return.rows.a[1]") as string });
    expect(error).toMatchObject({ hint: expect.stringContaining('returns: "object"') as string });
  });
});

test("a million rows by ten columns travel in one call each way, with views of what was received", async () => {
  await using client = connect();
  const { value } = await client.doRemoteCall<Table>("frames", "large", [1_000_000], { cwd: "." });
  expect([value.numRows, value.columns.length]).toEqual([1_000_000, 10]);
  expect(value.column("c9").get(-1)).toBe(1_000_008);
  const buffers = new Set(value.columns.map(({ data }) => data!.buffer));
  expect(buffers.size).toBe(1);
  expect((await client.doRemoteCall("frames", "total", [value], { cwd: "." })).value).toEqual([1_000_000, 4_999_995_000_000 + 45_000_000]);
});

test("where no library of tables is installed, a table is refused with what to install", async () => {
  await using client = new RemoteClient(local({ cwd: home, env: { HOME: home } }), { python: numpyPython });
  const error = await rejection(client.doRemoteCall("frames", "same", [new Table({ a: [1] })], { cwd: "." }));
  expect(error).toMatchObject({ code: "unsupported", hint: 'installPackages(["pandas"])' });
});

test("a function of Node takes and gives tables, and times in arrays", async () => {
  await using client = new RemoteClient(local({ cwd: home, env: { HOME: home } }), { runtime: "node" });
  const table = new Table({ n: [1, 2, null], b: ["x", null, "é"] }, { index: { k: [[1], [], [2]] } });
  expect((await client.doRemoteCall("./frames.mjs", "sum", [table], { cwd: "." })).value).toEqual([3, ["n", "b"]]);
  const { value } = await client.doRemoteCall<Table>("./frames.mjs", "same", [table], { cwd: "." });
  expect([...value]).toEqual([...table]);
  expect(value.index?.[0]?.toArray()).toEqual([[1], [], [2]]);
  const times = new NdArray(BigInt64Array.of(0n, -(2n ** 63n)), [2], { dtype: "datetime64[ns]" });
  const { value: same } = await client.doRemoteCall<NdArray>("./frames.mjs", "same", [times], { cwd: "." });
  expect([same.dtype, same.toNested()]).toEqual(["datetime64[ns]", [new Date(0), null]]);
});
