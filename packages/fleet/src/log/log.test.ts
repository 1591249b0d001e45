import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
      now: () => Date.UTC(2026, 10, 22, 12, 0, 0, 5),
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
    expect(() => createLogger({ level: "loud" })).toThrow(/^options.level must be one of debug, info/);
  });
});
