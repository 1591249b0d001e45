import { InvalidArgumentError } from "@sremote/protocol";
import { expect, test } from "vitest";
import { parseArgument, parseEnvironment, parseKeywords } from "./call-arguments.ts";

const parse = (text: string): unknown => parseArgument(text, "argument 1");

test.each<[string, unknown]>([
  ["3", 3],
  ["-0", -0],
  ["1.5e3", 1500],
  ["true", true],
  ["null", null],
  ['"3"', "3"],
  ['{"a": [1, {"b": null}]}', { a: [1, { b: null }] }],
  ["9007199254740991", 9007199254740991],
  ["9007199254740993", 9007199254740993n],
  ["[-123456789012345678901234567890]", [-123456789012345678901234567890n]],
])("%s is JSON", (text, value) => {
  expect(parse(text)).toStrictEqual(value);
});

test.each(["", "HOME", "01", "0x10", "1_000", "True", "nan", "{a: 1}", "'x'", "3 4", "--all", "/srv/x.py"])(
  "%j is no JSON and stays a string",
  (text) => {
    expect(parse(text)).toBe(text);
  },
);

test("a number beyond all bounds is refused instead of becoming Infinity", () => {
  expect(() => parse("1e999")).toThrow(InvalidArgumentError);
  expect(() => parse("[1e999]")).toThrow(/argument 1/);
});

test("a member called __proto__ is data", () => {
  const value = parse('{"__proto__": {"x": 1}}');
  expect(Object.keys(value as object)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
});

test("keywords are parted at the first =", () => {
  expect([...parseKeywords(["n=3", "text=a=b", "empty="])]).toEqual([
    ["n", "3"],
    ["text", "a=b"],
    ["empty", ""],
  ]);
});

test.each([["n"], ["=3"], [""]])("the keyword %j is refused", (pair) => {
  expect(() => parseKeywords([pair])).toThrow(/--kw must be NAME=VALUE/);
});

test("a keyword given twice is refused", () => {
  expect(() => parseKeywords(["n=1", "n=2"])).toThrow(/n twice/);
});

test("values of environment variables are always strings, and never in an error", () => {
  expect(parseEnvironment(["A=1", "B=x=y"])).toEqual({ A: "1", B: "x=y" });
  expect(() => parseEnvironment(["s3cret"])).toThrow(expect.not.stringContaining("s3cret"));
});
