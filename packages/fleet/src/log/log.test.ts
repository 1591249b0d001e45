import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compactOutput } from "./compact-output.ts";
import { createLogger, type LogLevel } from "./logger.ts";

const zoneBefore = process.env["TZ"];
beforeAll(() => {
  process.env["TZ"] = "UTC";
});
afterAll(() => {
  if (zoneBefore === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zoneBefore;
});

describe("a logger", () => {
  const written = (level?: LogLevel): string => {
    let text = "";
    const logger = createLogger({
      level,
      write: (line) => {
        text += line;
      },
      now: () => new Date(Date.UTC(2026, 10, 22, 12, 0, 0, 5)),
    });
    for (const each of ["debug", "info", "warn", "error"] as const) logger[each](`a ${each}\nmore\n`);
    return text;
  };
  const line = (level: string): string => `2026-11-22 12:00:00.005+00:00 ${level}: a ${level}\n  more\n`;

  test.each([
    ["debug", ["debug", "info", "warn", "error"]],
    ["info", ["info", "warn", "error"]],
    [undefined, ["warn", "error"]],
    ["error", ["error"]],
    ["silent", []],
  ] as [LogLevel | undefined, string[]][])("of level %s writes %j", (level, levels) => {
    expect(written(level)).toBe(levels.map(line).join(""));
  });

  test("of no level that there is is refused", () => {
    // @ts-expect-error wrong level
    expect(() => createLogger({ level: "loud" })).toThrow(/^options.level: expected one of debug, info/);
  });
});

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
