import { expect, test } from "vitest";
import { InvalidArgumentError } from "./error.ts";
import { given } from "./given.ts";

test("an error says which argument is wrong, what it must be, and what it was", () => {
  const error = new InvalidArgumentError("options.timeout", `a positive number of milliseconds${given(-5)}`);
  expect(error.message).toBe("options.timeout must be a positive number of milliseconds, not -5");
});

test.each([
  ["soon", '"soon"'],
  ["a\nb\u001b", String.raw`"a\nb\u001b"`],
  ["x".repeat(41), `"${"x".repeat(39)}…"`],
  [Number.NaN, "NaN"],
  [false, "false"],
  [undefined, "undefined"],
  [null, "null"],
  [[1], "an array"],
  [{ toString: () => "secret" }, "an object"],
  [() => 1, "a function"],
  [1n, "a bigint"],
  [Symbol("x"), "a symbol"],
])("%o is shown as %s", (value, shown) => {
  expect(given(value)).toBe(`, not ${shown}`);
});

test("of what may be a secret only the kind is told", () => {
  for (const [value, kind] of [
    ["hunter2", "a string"],
    ["", "an empty string"],
    [1234, "a number"],
    [["hunter2"], "an array"],
  ] as const) {
    expect(given(value, { secret: true })).toBe(`, not ${kind}`);
  }
});
