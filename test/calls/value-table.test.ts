/* docs/values.md says what each kind of value becomes. Each row of its tables is a call here. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { Column, float, int, NdArray, Table } from "@sremote/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureTables, tablesPython } from "../../scripts/setup-tables.ts";
import { fromJavaScript, fromPython, refusedFromPython } from "../../scripts/values/cases.ts";
import { rejection } from "../support/rejection.ts";

const module = `import collections, enum, re
from array import array
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import PurePosixPath
from urllib.parse import urlparse
from uuid import UUID
import numpy as np, pandas as pd, polars as pl, pyarrow as pa
utc = timezone.utc
Point = collections.namedtuple("Point", "x y")
class Colour(enum.Enum):
    RED = "red"
def get(code):
    return eval(code, globals())
def show(value):
    if isinstance(value, dict) and "frames" in value or isinstance(value, dict) and set(value) == {"name", "message"}:
        return "an Error, as a dict of what is known of it"
    if isinstance(value, np.ndarray):
        return "array %s, shape %s" % (value.dtype, value.shape)
    if isinstance(value, pd.Series):
        return "Series, %s: %s" % (value.name, value.dtype)
    if isinstance(value, pd.Index):
        return "Index of %s" % value.dtype
    if isinstance(value, pa.Table):
        return "Table, " + ", ".join("%s: %s" % (field.name, field.type) for field in value.schema)
    if isinstance(value, (pd.DataFrame, pl.DataFrame)):
        found = "DataFrame, " + ", ".join("%s: %s" % (name, value[name].dtype) for name in value.columns)
        index = getattr(value, "index", None)
        return found if index is None or type(index) is pd.RangeIndex else "%s, index %s: %s" % (found, index.name, index.dtype)
    return repr(value)
`;

let home: string;
let client: RemoteClient;
beforeAll(() => {
  expect(ensureTables()).toEqual([]);
  home = mkdtempSync(join(tmpdir(), "sremote-values-"));
  writeFileSync(join(home, "value_table.py"), module);
  client = new RemoteClient(local({ cwd: home, env: { HOME: home } }), { python: tablesPython });
});
afterAll(async () => {
  await client?.close();
  rmSync(home, { recursive: true, force: true });
});

const options = { cwd: "." };
const get = async (code: string): Promise<unknown> =>
  // What has no zone is shown in UTC.
  (await client.doRemoteCall("value_table", "get", [code], code.includes("datetime64") ? { ...options, naiveTimeZone: "UTC" } : options))
    .value;
const shownInPython = async (value: unknown): Promise<unknown> =>
  (await client.doRemoteCall("value_table", "show", [value], options)).value;

function shown(value: unknown): string {
  if (value instanceof NdArray) return `NdArray of ${value.dtype}, shape ${inspect([...value.shape])}`;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof URL) return value.href;
  if (value instanceof Table && value.index !== undefined)
    return String(value).replace(/\)$/, `; index ${value.index.map(({ name, type }) => `${name}: ${type}`).join(", ")})`);
  return inspect(value, { breakLength: Infinity });
}

test.each(fromPython.map((each) => [each.code, each] as const))("from Python: %s", async (code, { arrives, back }) => {
  const value = await get(code);
  expect(shown(value)).toBe(arrives);
  expect(await shownInPython(value)).toBe(back);
});

test.each(refusedFromPython.map((each) => [each.code, each] as const))("from Python, refused: %s", async (code, { hint }) => {
  expect(await rejection(get(code))).toMatchObject({ code: "unserializable-result", hint });
});

test.each(fromJavaScript)("from JavaScript: %s", async (code, arrives) => {
  const value: unknown = runInNewContext(`(${code})`, { Table, NdArray, Column, float, int, URL });
  expect(await shownInPython(value)).toBe(arrives);
});

test("the tables of docs/values.md are these cases", () => {
  const script = fileURLToPath(new URL("../../scripts/values/write.ts", import.meta.url));
  execFileSync(process.execPath, ["--disable-warning=ExperimentalWarning", script, "--check"], { encoding: "utf8" });
});
