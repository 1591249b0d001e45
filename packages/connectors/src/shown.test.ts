import { expect, test } from "vitest";
import { shown } from "./shown.ts";

test("what is undefined is left out, and all stands on one line", () => {
  expect(shown("Thing", { host: "local://", reason: undefined, count: 3, ok: true }, {})).toBe(
    "Thing { host: 'local://', count: 3, ok: true }",
  );
});

test("no control sequence of a host reaches a terminal, and a long text is cut", () => {
  expect(shown("Thing", { type: "\u001B]0;title\u0007\n" }, {})).toBe(String.raw`Thing { type: '\x1B]0;title\x07\n' }`);
  expect(shown("Thing", { name: "x".repeat(81) }, {})).toBe(`Thing { name: '${"x".repeat(80)}…' }`);
});
