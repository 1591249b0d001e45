import { setTimeout as delay } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import { systemClock } from "./clock.ts";
import { sleep } from "./sleep.ts";
import { Timer } from "./timer.ts";

const start = Date.UTC(2026, 10, 22, 12);
let clock: ManualClock;
beforeEach(() => {
  clock = new ManualClock(start);
});

describe("sleep", () => {
  test.each([
    ["1m30s", 90_000],
    [250, 250],
    [{ delay: "0:01:00" }, 60_000],
    [{ until: "2026-11-22T12:00:20Z" }, 20_000],
    [{ delay: "10s", until: "2026-11-22T12:00:20Z" }, 20_000],
    [{ delay: "30s", until: "2026-11-22T12:00:20Z" }, 30_000],
    [{ delay: 5, until: "2020-01-01" }, 5],
    [{ until: "+2h" }, 7_200_000],
    [{ until: "2020-01-01" }, 0],
    [{ delay: null, until: null }, 0],
    [{}, 0],
    [0, 0],
  ])("%j lasts %i ms", async (time, milliseconds) => {
    await sleep(time, { clock });
    expect(clock.monotonic()).toBe(milliseconds);
    if (milliseconds === 0) expect(clock.waits).toEqual([]);
  });

  test("until a date follows a clock that is set meanwhile, a delay does not", async () => {
    clock.during = () => {
      clock.during = undefined;
      clock.set(clock.now() - 3_600_000);
    };
    await sleep({ until: new Date(start + 30_000) }, { clock });
    expect(clock.now()).toBe(start + 30_000);
    expect(clock.monotonic()).toBe(3_630_000);

    clock = new ManualClock(start);
    clock.during = () => {
      clock.set(start - 3_600_000);
    };
    await sleep("30s", { clock });
    expect(clock.monotonic()).toBe(30_000);
  });

  test("until a date ends soon after a clock that is set ahead", async () => {
    clock.during = () => {
      clock.during = undefined;
      clock.set(clock.now() + 7_100_000);
    };
    await sleep({ until: "+2h" }, { clock });
    expect(clock.monotonic()).toBe(100_000);
  });

  test("is ended by its signal, before and in the midst", async () => {
    const controller = new AbortController();
    clock.during = () => controller.abort(new Error("enough"));
    await expect(sleep("1h", { clock, signal: controller.signal })).rejects.toThrow("enough");
    expect(clock.monotonic()).toBe(0);
    await expect(sleep(0, { clock, signal: controller.signal })).rejects.toThrow("enough");
  });

  test("of what is no time is refused", async () => {
    await expect(sleep("soon", { clock })).rejects.toThrow(/^delay must be/);
    await expect(sleep({ until: "soon" }, { clock })).rejects.toThrow(/^until must be/);
  });

  test("on the system's clock sleeps, and is aborted for real", async () => {
    const before = systemClock.monotonic();
    await sleep(20);
    expect(systemClock.monotonic() - before).toBeGreaterThan(15);
    const controller = new AbortController();
    const long = sleep("100d", { signal: controller.signal });
    controller.abort();
    await expect(long).rejects.toThrow(/abort/i);
  });
});

test("the system's clock waits longer than a timer of Node can, which would end after a millisecond", async () => {
  const controller = new AbortController();
  const wait = systemClock.wait(2 ** 31, controller.signal).then(() => "ended");
  expect(await Promise.race([wait, delay(30, "still waiting")])).toBe("still waiting");
  controller.abort();
  await expect(wait).rejects.toThrow(/abort/i);
});

describe("a timer", () => {
  test("starts when made, counts, and starts again", () => {
    const timer = new Timer({ clock });
    expect(timer.startDate).toEqual(new Date(start));
    clock.advance(1500);
    expect(timer.elapsed()).toBe(1500);
    expect(timer.start()).toBe(timer);
    expect(timer.elapsed()).toBe(0);
    expect(timer.startDate).toEqual(new Date(start + 1500));
  });

  test("is not disturbed by a clock that is set", () => {
    const timer = new Timer({ clock, timeout: "10s" });
    clock.advance(1000);
    clock.set(0);
    expect(timer.elapsed()).toBe(1000);
    expect(timer.remaining()).toBe(9000);
  });

  test("knows what remains, never less than nothing", () => {
    expect(new Timer({ clock }).remaining()).toBeNull();
    const timer = new Timer({ timeout: "0:00:02", clock });
    clock.advance(1500);
    expect(timer.remaining()).toBe(500);
    clock.advance(1500);
    expect(timer.remaining()).toBe(0);
    expect(() => new Timer({ timeout: "soon" })).toThrow(/^options.timeout/);
  });

  test("waits for what is left of a duration", async () => {
    const timer = new Timer({ clock });
    clock.advance(400);
    expect(await timer.waitElapsed("1s")).toBe(timer);
    expect(timer.elapsed()).toBe(1000);
    await timer.waitElapsed(500);
    expect(timer.elapsed()).toBe(1000);
    expect(clock.waits).toEqual([600]);
    await expect(timer.waitElapsed("1h", { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});
