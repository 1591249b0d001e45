import { afterEach, expect, test, vi } from "vitest";
import { backOff, pause } from "./back-off.ts";

afterEach(() => vi.restoreAllMocks());

test("waits double from the first up to the longest", () => {
  expect([1, 2, 3, 4, 5, 2000].map((attempt) => backOff(attempt, 100, 1000, "none"))).toEqual([100, 200, 400, 800, 1000, 1000]);
});

test.each([
  ["half", 500, 1000],
  ["around", 500, 1500],
  ["full", 0, 1000],
] as const)("waits that are spread by %s lie between %i and %i of a thousand", (spread, least, most) => {
  const random = vi.spyOn(Math, "random");
  random.mockReturnValue(0);
  expect(backOff(1, 1000, 1000, spread)).toBe(least);
  random.mockReturnValue(1);
  expect(backOff(1, 1000, 1000, spread)).toBe(most);
});

test("a pause that is aborted rejects with the signal's reason", async () => {
  const control = new AbortController();
  const waiting = pause(60_000, control.signal);
  const reason = new Error("why");
  control.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await pause(0, undefined);
});
