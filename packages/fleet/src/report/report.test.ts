import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isOk, type ProcessRecord } from "@sremote/process";
import { Report, reportOn } from "./report.ts";
import { statsOf, sumStats } from "./stats.ts";

const zoneBefore = process.env["TZ"];
beforeAll(() => {
  process.env["TZ"] = "UTC";
});
afterAll(() => {
  if (zoneBefore === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zoneBefore;
});

const at = (minutes: number): Date => new Date(Date.UTC(2026, 10, 22, 12, minutes));
const waiting: ProcessRecord = { startDate: null, endDate: null, reason: null, exitCode: null };
const running: ProcessRecord = { ...waiting, startDate: at(1) };
const fine: ProcessRecord = { startDate: at(0), endDate: at(2), reason: "exit", exitCode: 0 };
const failed: ProcessRecord = { startDate: at(1), endDate: at(3), reason: "exit", exitCode: 7 };
const crashed: ProcessRecord = { ...failed, exitCode: null, signal: "SIGSEGV" };
const late: ProcessRecord = { ...failed, reason: "timeout", exitCode: null, signal: "SIGKILL", forcedKill: true };
const ended: ProcessRecord = { ...failed, reason: "killed", exitCode: null, signal: "SIGTERM" };
const unreached: ProcessRecord = { ...failed, reason: "unreachable", exitCode: null };
const broken: ProcessRecord = { ...failed, reason: "error", exitCode: null };

describe("a process is ok", () => {
  test.each([
    ["not started", waiting, true],
    ["running", running, true],
    ["exit status 0", fine, true],
    ["another status", failed, false],
    ["another status, ignored", { ...failed, ignore: ["exit"] }, true],
    ["a signal", crashed, false],
    ["a signal, ignored", { ...crashed, ignore: ["exit"] }, true],
    ["timeout", late, false],
    ["timeout, status ignored", { ...late, ignore: ["exit", "error"] }, false],
    ["timeout, ignored", { ...late, ignore: ["timeout"] }, true],
    ["ended by the caller", ended, true],
    ["unreachable", unreached, false],
    ["unreachable, ignored", { ...unreached, ignore: ["error"] }, true],
    ["not to be started", broken, false],
    ["not to be started, ignored", { ...broken, ignore: ["error"] }, true],
  ] as [string, ProcessRecord, boolean][])("%s: %s", (_, record, ok) => {
    expect(isOk(record)).toBe(ok);
  });
});

describe("stats", () => {
  test("count each kind once", () => {
    expect(statsOf([waiting, running, fine, failed, crashed, late, ended, unreached, broken])).toEqual({
      startDate: at(0),
      endDate: null,
      numProcesses: 9,
      started: 8,
      ended: 7,
      errors: 1,
      timeouts: 1,
      forcedKills: 1,
      nonZeroExitCodes: 4,
      unreachable: 1,
      ok: 2,
    });
  });

  test("have an end when all have ended, and a start when one has started", () => {
    expect(statsOf([fine, failed])).toMatchObject({ startDate: at(0), endDate: at(3) });
    expect(statsOf([fine, running])).toMatchObject({ startDate: at(0), endDate: null });
    expect(statsOf([waiting])).toMatchObject({ startDate: null, endDate: null });
    expect(statsOf([])).toMatchObject({ startDate: null, endDate: null, numProcesses: 0, ok: 0 });
  });

  test("of several are those of all their processes; empty ones do not count", () => {
    const parts = [[fine, late], [], [failed], [waiting, broken]];
    expect(sumStats(parts.map(statsOf))).toEqual(statsOf(parts.flat()));
    expect(sumStats([statsOf([fine]), statsOf([])])).toEqual(statsOf([fine]));
    expect(sumStats([])).toEqual(statsOf([]));
  });
});

describe("a report", () => {
  const make = (): Report => {
    const nested = new Report([reportOn("deploy", [failed, unreached])], "second");
    return new Report([reportOn("never", [waiting]), nested]).add(reportOn("uname -r", [fine, fine]));
  };

  test("lists its parts by their start, those not started last, and counts each once", () => {
    const part = reportOn("a", [fine]);
    const report = make().add(part, part);
    expect(report.reports().map(({ name }) => name)).toEqual(["uname -r", "a", "second", "never"]);
    expect(report.stats().numProcesses).toBe(6);
    expect(report.name).toBe("Report");
  });

  test("is asked anew each time", () => {
    const processes = [running];
    const report = new Report([{ name: "live", stats: () => statsOf(processes) }]);
    expect(report.stats().ended).toBe(0);
    processes[0] = fine;
    expect(report.stats().ended).toBe(1);
  });

  test("wide: a line for each part, parts of parts set in, the total last", () => {
    expect(make().output({ wide: true, color: false })).toBe(
      [
        "Name      start                      end                        length  started  ended  error  unreach  timeout  fkilled  ret!=0  ok  total",
        "-".repeat(139),
        "uname -r  2026-11-22 12:00:00+00:00  2026-11-22 12:02:00+00:00  2m            2      2      0        0        0        0       0   2      2",
        "second    2026-11-22 12:01:00+00:00  2026-11-22 12:03:00+00:00  2m            2      2      0        1        0        0       1   0      2",
        "  deploy  2026-11-22 12:01:00+00:00  2026-11-22 12:03:00+00:00  2m            2      2      0        1        0        0       1   0      2",
        "never                                                                         0      0      0        0        0        0       0   0      1",
        "Total     2026-11-22 12:00:00+00:00                                           4      4      0        1        0        0       1   2      5",
        "",
      ].join("\n"),
    );
  });

  test("narrow: within 80 columns, on two lines each", () => {
    const lines = make().output({ color: false }).split("\n");
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(lines.slice(0, 5)).toEqual([
      "Name      start                      end                        length",
      "    started  ended  error  unreach  timeout  fkilled  ret!=0  ok  total",
      "-".repeat(71),
      "uname -r  2026-11-22 12:00:00+00:00  2026-11-22 12:02:00+00:00  2m",
      "          2      2      0        0        0        0       0   2      2",
    ]);
    expect(lines).toHaveLength(3 + 2 * 5 + 1);
  });

  test("brief: the total alone", () => {
    const lines = make().output({ wide: true, brief: true, color: false }).trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/^Total +2026-11-22 12:00:00\+00:00 .* 4 +4 +0 +1 +0 +0 +1 +2 +5$/);
    expect(new Report().output({ brief: true, color: false })).toMatch(/ok {2}total\n-+\nTotal\n +0 .* 0\n$/);
  });

  test("warns of what has not ended, and marks what failed", () => {
    const paint = (processes: ProcessRecord[]): string => {
      const line = new Report([reportOn("x", processes)]).output({ wide: true, color: true }).split("\n")[2] ?? "";
      return ["31", "33"].find((code) => line.startsWith(`\u001b[${code}m`)) ?? "plain";
    };
    expect(paint([fine])).toBe("plain");
    expect(paint([fine, running])).toBe("33");
    expect(paint([fine, waiting])).toBe("33");
    expect(paint([fine, failed])).toBe("31");
    expect(paint([failed, running])).toBe("31");
    expect(paint([{ ...failed, ignore: ["exit"] }])).toBe("plain");
    expect(new Report([reportOn("x", [failed])]).output()).not.toContain("\u001b");
  });

  test("is coloured as the first of its parts says, if the call says nothing", () => {
    const isColored = (report: Report, color?: boolean): boolean => report.output({ color }).includes("\u001b[31m");
    const [silent, yes, no] = [undefined, true, false].map((color) => ({ ...reportOn("x", [failed]), color }));
    expect(isColored(new Report([silent!, yes!, no!]))).toBe(true);
    expect(isColored(new Report([new Report([no!]), yes!]))).toBe(false);
    expect(isColored(new Report([yes!]), false)).toBe(false);
  });
});
