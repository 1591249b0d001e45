import { NdArray, Table } from "@sremote/protocol";
import { expect, test } from "vitest";
import { outputJson, toJson } from "./value-json.ts";

test("what JSON can say is written as it is", () => {
  const value = { a: [1, -2.5, "ü", true, null], "": {}, b: { $x: 1, y: 2 } };
  expect(toJson(value)).toEqual(value);
});

test.each<[string, unknown, unknown]>([
  ["undefined", undefined, null],
  ["a bigint", 2n ** 64n, { $bigint: "18446744073709551616" }],
  ["NaN", NaN, { $number: "NaN" }],
  ["-Infinity", -Infinity, { $number: "-Infinity" }],
  ["negative zero", -0, { $number: "-0" }],
  ["a date", new Date("2026-11-22T08:00:00Z"), { $date: "2026-11-22T08:00:00.000Z" }],
  ["bytes", Uint8Array.of(0, 255, 10), { $bytes: "AP8K" }],
  ["a view into a larger buffer", new Uint8Array(Uint8Array.of(9, 1, 2, 9).buffer, 1, 2), { $bytes: "AQI=" }],
  ["a regular expression", /a\/b/i, { $regexp: "/a\\/b/i" }],
  ["a URL", new URL("https://example.org/?a=b"), { $url: "https://example.org/?a=b" }],
  ["a set", new Set([1n, "x"]), { $set: [{ $bigint: "1" }, "x"] }],
  ["a map", new Map([[1, new Set()]]), { $map: [[1, { $set: [] }]] }],
  ["a typed array", Float64Array.of(1.5, NaN), { $array: { type: "Float64Array", data: [1.5, { $number: "NaN" }] } }],
  [
    "an error",
    new Error("no", { cause: new TypeError("why") }),
    { $error: { name: "Error", message: "no", cause: { $error: { name: "TypeError", message: "why" } } } },
  ],
])("%s has a form", (_what, value, json) => {
  expect(toJson(value)).toEqual(json);
  expect(toJson([{ inside: value }])).toEqual([{ inside: json }]);
});

test("an ndarray is arrays in arrays, whatever its order in memory", () => {
  const array = new NdArray(Int16Array.of(1, 2, 3, 4, 5, 6), [2, 3], { order: "F" });
  const rows = [
    [1, 3, 5],
    [2, 4, 6],
  ];
  expect(toJson(array)).toEqual({ $ndarray: { dtype: "int16", shape: [2, 3], data: rows } });
});

test("elements of an ndarray that JSON cannot say have the same forms as other values", () => {
  const large = new NdArray(BigInt64Array.of(1n, 2n ** 62n), [2]);
  expect(toJson(large)).toEqual({
    $ndarray: { dtype: "int64", shape: [2], data: [{ $bigint: "1" }, { $bigint: "4611686018427387904" }] },
  });
  const complex = new NdArray(Float64Array.of(1, NaN), [1], { dtype: "complex128" });
  expect(toJson(complex)).toEqual({ $ndarray: { dtype: "complex128", shape: [1], data: [[1, { $number: "NaN" }]] } });
});

test("a user's own object that looks like one of these forms is wrapped", () => {
  expect(toJson({ $bytes: "AP8K" })).toEqual({ $object: { $bytes: "AP8K" } });
});

test("output that is not UTF-8 is written as bytes", () => {
  expect(outputJson(Buffer.from("grüße\0\n"))).toBe("grüße\0\n");
  expect(outputJson(Uint8Array.of(0xff, 0x41))).toEqual({ $bytes: "/0E=" });
});

test("a table becomes its columns, with cells in the same forms", () => {
  const table = new Table({ a: BigInt64Array.of(1n, 2n ** 60n), b: [new Date(0), null] }, { index: { k: ["x", "y"] } });
  expect(toJson(table)).toEqual({
    $table: {
      columns: [
        { name: "a", type: "int64", cells: [1, { $bigint: "1152921504606846976" }] },
        { name: "b", type: "datetime64[ms]", zone: "UTC", cells: [{ $date: "1970-01-01T00:00:00.000Z" }, null] },
      ],
      index: [{ name: "k", type: "string", cells: ["x", "y"] }],
    },
  });
});
