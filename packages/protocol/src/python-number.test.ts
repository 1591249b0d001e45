import { expect, it } from "vitest";
import { InvalidArgumentError } from "./error.ts";
import { float, int } from "./python-number.ts";
import { decodeValue } from "./value/decode.ts";
import { encodeValue } from "./value/encode.ts";

const wire = (value: unknown): unknown => encodeValue(value, "args", []);
const annotated = (json: string, type = "number"): unknown => ({ json, meta: { values: [type], v: 1 } });

it("float() is written so that Python reads a float, and JavaScript the same number", () => {
  const texts: [number | bigint, string][] = [
    [1, "1.0"],
    [0, "0.0"],
    [-0, "-0"],
    [-5n, "-5.0"],
    [1.5, "1.5"],
    [1e21, "1e+21"],
    [2n ** 52n, "4503599627370496.0"],
    [Number.NaN, "NaN"],
    [-Infinity, "-Infinity"],
  ];
  for (const [value, text] of texts) {
    expect(wire(float(value))).toEqual(annotated(text));
    expect(decodeValue(annotated(text), [])).toBe(Number(value));
    expect(text).not.toMatch(/^[1-9][0-9]*$/); // an int in Python
  }
  expect(wire([float(1), { a: float(2) }])).toEqual({
    json: ["1.0", { a: "2.0" }],
    meta: { values: { 0: ["number"], "1.a": ["number"] }, v: 1 },
  });
});

it("int() is written so that Python reads an int of any size", () => {
  expect(wire(int(1n))).toEqual({ json: 1 });
  expect(JSON.stringify(wire(int(-0)))).toBe('{"json":0}');
  expect(wire(int(1e21))).toEqual(annotated("1000000000000000000000", "bigint"));
  expect(wire(int(-(2n ** 70n)))).toEqual(annotated("-1180591620717411303424", "bigint"));
});

it("what is no such number is refused", () => {
  for (const make of [
    () => float("1" as never),
    () => float(2n ** 53n + 1n),
    () => float(10n ** 400n),
    () => int(1.5),
    () => int(Number.NaN),
    () => int("1" as never),
  ])
    expect(make).toThrow(InvalidArgumentError);
});
