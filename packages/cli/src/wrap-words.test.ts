import { expect, test } from "vitest";
import { wrapWords } from "./wrap-words.ts";

test("a line that fits stays as it is, with its columns", () => {
  expect(wrapWords("  $ sremote x      does x\n\nend", 30)).toBe("  $ sremote x      does x\n\nend");
});

test("a long line goes on in the next, indented by two more", () => {
  expect(wrapWords("  one two three four", 11)).toBe("  one two\n    three\n    four");
});

test("a word longer than a line is not broken", () => {
  expect(wrapWords("see https://example.org/a/long/path for more", 10)).toBe("see\n  https://example.org/a/long/path\n  for more");
});
