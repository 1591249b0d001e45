import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DeadlineTimer } from "./deadline-timer.ts";

const day = 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("waits longer than setTimeout can", () => {
  const callback = vi.fn();
  const timer = new DeadlineTimer(100 * day, callback);
  vi.advanceTimersByTime(100 * day - 1);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(callback).toHaveBeenCalledOnce();
  timer.refresh();
  vi.advanceTimersByTime(60 * day);
  timer.refresh();
  vi.advanceTimersByTime(60 * day);
  expect(callback).toHaveBeenCalledOnce();
  timer.stop();
  vi.advanceTimersByTime(100 * day);
  expect(callback).toHaveBeenCalledOnce();
});

it("never comes after an infinite time", () => {
  const callback = vi.fn();
  const timer = new DeadlineTimer(Number.POSITIVE_INFINITY, callback);
  vi.advanceTimersByTime(1000 * day);
  expect(callback).not.toHaveBeenCalled();
  timer.stop();
});
