import { InvalidArgumentError } from "./error.ts";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../test/support/seeded-random.ts";
import { parseDuration } from "./duration.ts";
import { formatDuration } from "./format-duration.ts";

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];

test.each([
  [0, 0],
  [1500, 1500],
  [0.5, 0.5],
  ["90", 90 * second],
  ["0", 0],
  ["0.5", 500],
  [" 90 ", 90 * second],
  ["500ms", 500],
  ["1.5s", 1500],
  ["90m", 90 * minute],
  ["1h30m", 90 * minute],
  ["1.5h", 90 * minute],
  ["1.1h", 66 * minute],
  ["4.1m", 246 * second],
  ["1d2h3m4s", day + 2 * hour + 3 * minute + 4 * second],
  ["1d2h3m4s5ms", day + 2 * hour + 3 * minute + 4 * second + 5],
  ["1m5ms", minute + 5],
  ["2w", 14 * day],
  ["1d4s.123", day + 4 * second + 123],
  ["0s.5", 500],
  ["1:30", 90 * second],
  ["90:00", 90 * minute],
  ["1:30:00", 90 * minute],
  ["00:01:00", minute],
  ["100:00:00", 100 * hour],
  ["0:00:01.5", 1500],
  ["0:01.250", 1250],
  ["1-02", day + 2 * hour],
  ["1-02:30", day + 2 * hour + 30 * minute],
  ["1-02:00:00", day + 2 * hour],
  ["7-23:59:59", 8 * day - second],
  ["PT1H30M", 90 * minute],
  ["P1DT2H3M4.5S", day + 2 * hour + 3 * minute + 4500],
  ["PT0,5S", 500],
  ["P2W", 14 * day],
  ["P1D", day],
  ["PT90M", 90 * minute],
])("%j is %d ms", (duration, milliseconds) => {
  expect(parseDuration(duration)).toBe(milliseconds);
});

test("none stays none, and a number alone may be minutes, as in Slurm", () => {
  expect(parseDuration(null)).toBeNull();
  expect(parseDuration(undefined)).toBeNull();
  expect(parseDuration("90", { bare: "minutes" })).toBe(90 * minute);
  expect(parseDuration("1:30", { bare: "minutes" })).toBe(90 * second);
});

test.each([
  -1,
  NaN,
  Infinity,
  "",
  " ",
  "-1",
  "+1",
  "soon",
  "1 s",
  "1S",
  "1e3",
  "1.s",
  ".5",
  "s",
  "ms",
  "30m1h",
  "1m1m",
  "1.5s.25",
  "4s.1234",
  "4s.123ms",
  "4m.5",
  ".5",
  "1:75",
  "1:60:00",
  "1:00:60",
  "1:2:3:4",
  ":30",
  "1:",
  "1-24",
  "1-00:60",
  "1-00:00:60",
  "1-",
  "-1-02",
  "1-02:00:00.5",
  "P",
  "PT",
  "P1DT",
  "P1Y",
  "P1M",
  "PT1H30",
  "1h30",
  "0x10",
  "Infinity",
  "1_000",
  "１",
  {},
  [],
  true,
])("%j is refused by name", (duration) => {
  const read = (): number => parseDuration(duration as string, { argument: "options.timeout" });
  expect(read).toThrow(InvalidArgumentError);
  expect(read).toThrow(/^options.timeout must be a number of milliseconds, 0 or more, or text such as 90/);
});

describe("formatted", () => {
  test.each([
    [0, "0s", "0s"],
    [1, "0s", "0s.001"],
    [499, "0s", "0s.499"],
    [500, "1s", "0s.500"],
    [59_999, "1m", "59s.999"],
    [60_000, "1m", "1m"],
    [60_005, "1m", "1m0s.005"],
    [90 * minute, "1h30m", "1h30m"],
    [hour + 5 * second, "1h5s", "1h5s"],
    [day + 2 * hour + 3 * minute + 4 * second + 56, "1d2h3m4s", "1d2h3m4s.056"],
    [400 * day, "400d", "400d"],
    [-90_000, "-1m30s", "-1m30s"],
    [-1, "0s", "-0s.001"],
    [Infinity, "Infinity", "Infinity"],
  ])("%d ms are %s, or %s", (milliseconds, text, exact) => {
    expect(formatDuration(milliseconds)).toBe(text);
    expect(formatDuration(milliseconds, { milliseconds: true })).toBe(exact);
  });

  test("none is nothing", () => {
    expect(formatDuration(null)).toBe("");
    expect(formatDuration(undefined)).toBe("");
  });
});

test("whatever is formatted is read again, for 1000 durations", () => {
  const random = seededRandom(17);
  for (let round = 0; round < 1000; round++) {
    const milliseconds = random.below(random.pick([1000, 100_000, 10_000_000, 2_000_000_000]));
    expect(parseDuration(formatDuration(milliseconds, { milliseconds: true }))).toBe(milliseconds);
    expect(parseDuration(formatDuration(milliseconds))).toBe(Math.round(milliseconds / 1000) * 1000);
  }
});
