import { InvalidArgumentError } from "@sremote/protocol";
import { afterEach, describe, expect, test } from "vitest";
import { seededRandom } from "../../../../test/support/seeded-random.ts";
import { parseDate } from "./date.ts";
import { formatDate } from "./format-date.ts";

const zoneBefore = process.env["TZ"];
afterEach(() => {
  if (zoneBefore === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zoneBefore;
});
const present = Date.UTC(2026, 10, 22, 12);
const now = (): number => present;

describe("in Berlin", () => {
  test.each([
    ["2026-11-22 10:11:12", "2026-11-22T09:11:12.000Z"],
    ["2026-07-01 10:11:12", "2026-07-01T08:11:12.000Z"],
    ["2026-11-22T10:11:12.345", "2026-11-22T09:11:12.345Z"],
    ["2026-11-22 10:11:12.57", "2026-11-22T09:11:12.570Z"],
    ["2026-11-22 10:11:12.0019", "2026-11-22T09:11:12.001Z"],
    ["2026-11-22_10:11:12", "2026-11-22T09:11:12.000Z"],
    ["2026-11-22 10:11", "2026-11-22T09:11:00.000Z"],
    ["2026-11-22", "2026-11-21T23:00:00.000Z"],
    ["2024-02-29", "2024-02-28T23:00:00.000Z"],
    ["2026-11-22T10:11:12Z", "2026-11-22T10:11:12.000Z"],
    ["2026-11-22t10:11:12.5z", "2026-11-22T10:11:12.500Z"],
    ["2026-11-22 10:11:12+02:00", "2026-11-22T08:11:12.000Z"],
    ["2026-11-22T10:11:12-0330", "2026-11-22T13:41:12.000Z"],
    ["1795342272", "2026-11-22T10:11:12.000Z"],
    ["1795342272.5", "2026-11-22T10:11:12.500Z"],
    ["315532800", "1980-01-01T00:00:00.000Z"],
    ["315532799", "2036-11-21T11:59:59.000Z"],
    ["90", "2026-11-22T12:01:30.000Z"],
    ["+1h30m", "2026-11-22T13:30:00.000Z"],
    ["-1-00:00:00", "2026-11-21T12:00:00.000Z"],
    ["+0.5", "2026-11-22T12:00:00.500Z"],
    ["now", "2026-11-22T12:00:00.000Z"],
    [1_795_342_272_000, "2026-11-22T10:11:12.000Z"],
    [315_532_800_000, "1980-01-01T00:00:00.000Z"],
    [60_000, "2026-11-22T12:01:00.000Z"],
    [-60_000, "2026-11-22T11:59:00.000Z"],
    [0, "2026-11-22T12:00:00.000Z"],
    [new Date(5), "1970-01-01T00:00:00.005Z"],
  ])("%j is %s", (date, iso) => {
    process.env["TZ"] = "Europe/Berlin";
    expect(parseDate(date, { now }).toISOString()).toBe(iso);
  });

  test("an hour that the clocks leave out does not exist; one they show twice is the first", () => {
    process.env["TZ"] = "Europe/Berlin";
    expect(() => parseDate("2026-03-29 02:30:00")).toThrow(InvalidArgumentError);
    expect(parseDate("2026-10-25 02:30:00").toISOString()).toBe("2026-10-25T00:30:00.000Z");
  });
});

test("none stays none, and a Date is copied", () => {
  expect(parseDate(null)).toBeNull();
  expect(parseDate(undefined)).toBeNull();
  const date = new Date(5);
  expect(parseDate(date)).not.toBe(date);
});

test.each([
  "",
  "soon",
  "2026-02-30",
  "2026-13-01",
  "2026-00-10",
  "2026-1-1",
  "22.11.2026",
  "2026-11-22 25:00:00",
  "2026-11-22 24:00:00",
  "2026-11-22 10:60",
  "2026-11-22 10:00:60",
  "2026-02-30T00:00:00Z",
  "2026-11-22T10:00:00+24:00",
  "2026-11-22T10:00:00+01:60",
  "2026-11-22Z",
  "+",
  "+soon",
  "--5",
  "9999999999999999",
  NaN,
  Infinity,
  new Date(NaN),
  {},
  true,
])("%j is refused by name", (date) => {
  const read = (): Date => parseDate(date as string, { argument: "until", now });
  expect(read).toThrow(InvalidArgumentError);
  expect(read).toThrow(/^until must be /);
});

test.each([315_532_800, 1_795_342_272, 4_102_444_799])("the number %d could be Unix seconds, and is asked about", (number) => {
  expect(() => parseDate(number)).toThrow(/looks like Unix seconds/);
});

describe("formatted", () => {
  const date = new Date(Date.UTC(2026, 10, 22, 9, 11, 12, 34));
  test.each([
    ["Europe/Berlin", "2026-11-22 10:11:12+01:00", "2026-11-22 10:11:12.034+01:00"],
    ["America/St_Johns", "2026-11-22 05:41:12-03:30", "2026-11-22 05:41:12.034-03:30"],
    ["UTC", "2026-11-22 09:11:12+00:00", "2026-11-22 09:11:12.034+00:00"],
  ])("in %s: %s, or %s", (zone, text, exact) => {
    process.env["TZ"] = zone;
    expect(formatDate(date)).toBe(text);
    expect(formatDate(date, { milliseconds: true })).toBe(exact);
  });

  test("none is nothing; a date that is none says so", () => {
    expect(formatDate(null)).toBe("");
    expect(formatDate(undefined)).toBe("");
    expect(formatDate(new Date(NaN))).toBe("no date");
  });

  test.each(["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "UTC"])("and read again, in %s, for 300 dates", (zone) => {
    process.env["TZ"] = zone;
    const random = seededRandom(8);
    for (let round = 0; round < 300; round++) {
      const some = new Date(random.below(2 ** 32) * 1000 + random.below(1000));
      expect(parseDate(formatDate(some, { milliseconds: true })).getTime()).toBe(some.getTime());
    }
  });
});
