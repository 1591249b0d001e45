import { describe, expect, test } from "vitest";
import { compactOutput } from "./compact-output.ts";

describe("long output", () => {
  test("keeps head and tail", () => {
    expect(compactOutput("x".repeat(4096))).toBe("x".repeat(4096));
    expect(compactOutput(`${"a".repeat(3000)}${"b".repeat(3000)}`)).toBe(`${"a".repeat(2048)}\n[...]\n${"b".repeat(2048)}`);
    expect(compactOutput("abcdefg", 5)).toBe("abc\n[...]\nfg");
    expect(compactOutput("abc", 0)).toBe("\n[...]\n");
  });

  test("does not tear a character", () => {
    expect(compactOutput("ab😀cd😀", 6)).toBe("ab\n[...]\nd😀");
    expect(compactOutput("abcd😀fg", 6)).toBe("abc\n[...]\nfg");
  });
});
