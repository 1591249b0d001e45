/* A worker that never gets ready: what the supervisor makes of it. */
import { decodeFrame, type ResultMessage } from "@sremote/protocol";
import { afterEach, expect, it, vi } from "vitest";
import { isThere } from "../testing/harness.ts";
import { Call, Gate } from "./call.ts";
import type { WorkerContext } from "./worker-context.ts";
import { WorkerProcess } from "./worker-process.ts";

afterEach(() => {
  vi.useRealTimers();
});

it("a worker that is not ready after a minute is ended, and its call did not run", { timeout: 20_000 }, async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { promise: started, resolve: onStarted } = Promise.withResolvers<number>();
  const { promise: result, resolve: onResult } = Promise.withResolvers<ResultMessage>();
  const { promise: gone, resolve: onGone } = Promise.withResolvers<void>();
  const nothing = (): void => undefined;
  const context = {
    watcher: { add: onStarted, remove: nothing },
    pipes: { take: async () => undefined },
    // It waits for its program on its channel, as one does that the kernel gives no thread.
    program: new Uint8Array(0),
    workerArguments: () => ["-e", "require('node:fs').readSync(3, Buffer.alloc(1))"],
    environment: async () => process.env,
    workerMark: (number: number) => `none/${number}`,
    onTaken: nothing,
    onHanded: nothing,
    oomKills: () => undefined,
    relay: nothing,
    sendTotals: nothing,
    sendResult: (_: Call, frame: readonly Uint8Array[]) => onResult(decodeFrame(Buffer.concat(frame)).header as unknown as ResultMessage),
  } as unknown as WorkerContext;
  const kind = { route: { stream: 1 }, environment: "", number: 1, name: undefined, isIsolated: false } as never;
  const events = { onFree: nothing, onHolding: nothing, onGone: () => onGone(), onOver: nothing };
  const worker = new WorkerProcess(kind, context, events);
  const call = new Call(1, { route: {}, environment: "" }, () => new Gate(() => true, nothing));
  worker.assign(call);

  const pid = await started;
  await vi.advanceTimersByTimeAsync(59_000);
  expect(isThere(pid)).toBe(true);
  await vi.advanceTimersByTimeAsync(1000);
  const { outcome, error } = await result;
  expect(outcome).toBe("not-run");
  expect(error).toMatchObject({
    code: "endpoint-broken",
    stage: "setup",
    message: "the function's process was not ready within 60000 ms and was ended",
  });
  await gone;
  expect(isThere(pid)).toBe(false);
});
