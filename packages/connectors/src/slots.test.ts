import { expect, test } from "vitest";
import { Slots } from "./slots.ts";

/** Whether a promise has settled when all that was due has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = (): void => void (settled = true);
  promise.then(note, note);
  await new Promise(setImmediate);
  return settled;
}

test("slots are given in the order of asking, and each only when one is free", async () => {
  const slots = new Slots(1);
  const first = await slots.acquire();
  const second = slots.acquire();
  const third = slots.acquire();
  expect(await isSettled(second)).toBe(false);
  first();
  const release = await second;
  expect(await isSettled(third)).toBe(false);
  release();
  (await third)();
  expect(slots.idle).toBe(true);
});

test("a slot that is given back twice counts once", async () => {
  const slots = new Slots(1);
  const first = await slots.acquire();
  first();
  first();
  await slots.acquire();
  expect(await isSettled(slots.acquire())).toBe(false);
});

test("who was cancelled in the queue gets no slot, and none is lost", async () => {
  const slots = new Slots(1);
  const first = await slots.acquire();
  const control = new AbortController();
  const cancelled = slots.acquire(control.signal);
  const next = slots.acquire();
  control.abort(new Error("not wanted"));
  await expect(cancelled).rejects.toThrow("not wanted");
  first();
  (await next)();
  expect(slots.idle).toBe(true);
});
