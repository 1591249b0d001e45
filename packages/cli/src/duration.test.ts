import { expect, test } from "vitest";
import { parseDuration } from "./duration.ts";

test.each([
  ["90", 90_000],
  ["0.5", 500],
  ["500ms", 500],
  ["1.5s", 1500],
  ["2m", 120_000],
  ["1h30m", 5_400_000],
  ["1d", 86_400_000],
])("%s is %i ms", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each(["", "0", "0s", "-1", "1 s", "1S", "soon", "1e3", "1.s", "s"])("%j is refused", (text) => {
  expect(() => parseDuration(text)).toThrow(/--timeout must be a positive duration/);
});
