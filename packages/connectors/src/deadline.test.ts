import { expect, test } from "vitest";
import { SremoteError } from "@sremote/protocol";
import { orAborted, settledWithin, withDeadline } from "./deadline.ts";

const place = { label: "test://", stage: "exec" };
const forever = new Promise<never>(() => {});

/** What an operation rejects with whose work goes on until its own signal ends it. */
async function ended(options: { signal?: AbortSignal; timeout?: number }, abort?: () => void): Promise<{ error: unknown; seen: unknown }> {
  let seen: unknown;
  const running = withDeadline(options, place, async (signal) => {
    signal.addEventListener("abort", () => (seen = signal.reason));
    abort?.();
    return await forever;
  });
  return { error: await running.catch((error: unknown) => error), seen };
}

test("work is told of its deadline, and of the caller's signal; the caller hears of the same, though the work does not end", async () => {
  const late = await ended({ timeout: 10 });
  expect(late.error).toMatchObject({ code: "timeout", message: expect.stringContaining("10 ms") as string });
  expect(late.seen).toBe(late.error);
  const control = new AbortController();
  const aborted = await ended({ signal: control.signal }, () => control.abort(new Error("enough")));
  expect(aborted.error).toMatchObject({ code: "cancelled", cause: { message: "enough" } });
  expect(aborted.seen).toBe(aborted.error);
  const closed = new SremoteError("closed", "the connector was closed");
  const closing = new AbortController();
  expect((await ended({ signal: closing.signal }, () => closing.abort(closed))).error).toBe(closed);
});

test("with a signal that is aborted already nothing begins", async () => {
  let begun = false;
  const run = async (): Promise<void> => void (begun = true);
  await expect(withDeadline({ signal: AbortSignal.abort() }, place, run)).rejects.toMatchObject({ code: "cancelled" });
  expect(begun).toBe(false);
});

test("a failure of the work is its own, and one that comes with the deadline is the deadline's", async () => {
  await expect(withDeadline({ timeout: 60_000 }, place, () => Promise.reject(new RangeError("own")))).rejects.toThrow("own");
  const both = withDeadline({ timeout: 10 }, place, (signal) =>
    orAborted(forever, signal).catch(() => Promise.reject(new RangeError("own"))),
  );
  await expect(both).rejects.toMatchObject({ code: "timeout" });
});

test("what the work gives too late is disposed of, and whoever waits for that is told", async () => {
  const { promise, resolve } = Promise.withResolvers<AsyncDisposable>();
  const disposed = Promise.withResolvers<void>();
  const later: Promise<unknown>[] = [];
  const late = withDeadline({ timeout: 10, later: (work) => void later.push(work) }, place, () => promise);
  await expect(late).rejects.toMatchObject({ code: "timeout" });
  resolve({ [Symbol.asyncDispose]: async () => disposed.resolve() });
  await disposed.promise;
  expect(later).toHaveLength(1);
  await later[0];
});

test("waiting ends with the signal, also with one that is aborted already", async () => {
  const control = new AbortController();
  const waiting = orAborted(forever, control.signal);
  control.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect(orAborted(forever, control.signal)).rejects.toThrow("enough");
  await expect(orAborted(Promise.resolve(1), new AbortController().signal)).resolves.toBe(1);
});

test("settling in any way counts, and only in time", async () => {
  expect(await settledWithin(Promise.resolve(1), 60_000)).toBe(true);
  expect(await settledWithin(Promise.reject(new Error("no")), 60_000)).toBe(true);
  expect(await settledWithin(forever, 1)).toBe(false);
});
