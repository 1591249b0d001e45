import { Table } from "@sremote/protocol";
import { expect, test } from "vitest";
import { itemText, valueText } from "./value-text.ts";

const pipe = { terminal: false, colors: false, columns: 100 };

test.each<[string, unknown, string]>([
  ["a string", "a b", "a b\n"],
  ["a string that ends its line", "a b\n", "a b\n"],
  ["an empty string", "", "\n"],
  ["a number", 1.5, "1.5\n"],
  ["negative zero", -0, "-0\n"],
  ["a bigint", 2n ** 64n, "18446744073709551616\n"],
  ["a boolean", false, "false\n"],
  ["a URL", new URL("https://example.org/"), "https://example.org/\n"],
  ["a date", new Date(0), "1970-01-01T00:00:00.000Z\n"],
  ["an object", { a: [1, { b: "x" }] }, "{ a: [ 1, { b: 'x' } ] }\n"],
])("%s is readable", (_what, value, text) => {
  expect(valueText(value, pipe)).toBe(text);
});

test("None and undefined print nothing", () => {
  expect(valueText(null, pipe)).toBeUndefined();
  expect(valueText(undefined, pipe)).toBeUndefined();
});

test("bytes go raw into a pipe, but are shown at a terminal", () => {
  const bytes = Uint8Array.of(27, 0, 255);
  expect(valueText(bytes, pipe)).toBe(bytes);
  expect(valueText(bytes, { ...pipe, terminal: true })).toBe("Uint8Array(3) [ 27, 0, 255 ]\n");
});

test("a table is a line for each row, with its index first; as an item it is one line", () => {
  const table = new Table({ city: ["Rome", null], degrees: [21.5, 4] }, { index: { id: [7, 8] } });
  expect(valueText(table, { ...pipe, columns: 10 })).toBe("{ id: 7, city: 'Rome', degrees: 21.5 }\n{ id: 8, city: null, degrees: 4 }\n");
  expect(itemText(new Table({ a: [1, 2] }), pipe)).toBe("[ { a: 1 }, { a: 2 } ]\n");
});

test("nothing is left out of a long value", () => {
  expect(
    valueText(
      Array.from({ length: 500 }, (_, index) => index),
      pipe,
    ),
  ).toContain("499");
  expect(valueText({ deep: { a: { b: { c: { d: { e: "end" } } } } } }, pipe)).toContain("end");
});

test.each<[string, unknown, string]>([
  ["None", null, "null\n"],
  ["undefined", undefined, "undefined\n"],
  ["a string", "a b", "a b\n"],
  ["a number", 2, "2\n"],
  ["a long object", { text: "x".repeat(90), list: [1, 2, 3] }, `{ text: '${"x".repeat(90)}', list: [ 1, 2, 3 ] }\n`],
  ["a deep item", ["/usr", [["a"], { b: [{ c: ["d"] }] }], []], "[ '/usr', [ [ 'a' ], { b: [ { c: [ 'd' ] } ] } ], [] ]\n"],
  ["many numbers", Array.from({ length: 60 }, (_, index) => index), `[ ${Array.from({ length: 60 }, (_, index) => index).join(", ")} ]\n`],
])("%s as an item is one line", (_what, item, text) => {
  expect(itemText(item, pipe)).toBe(text);
});
