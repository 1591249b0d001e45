/*
 * The operating system under the Node supervisor and the clock under the client, simulated: import this before anything of the product. The supervisor
 * itself (session, link, listener, streams, pool, worker-process, output relay) is the product's own, and so is the whole client.
 */
import type { Socket } from "node:net";
import { vi } from "vitest";
import type { StartedWorker, WorkerKind } from "../../packages/endpoint/node/session/worker-start.ts";
import type { WorkerContext } from "../../packages/endpoint/node/session/worker-context.ts";
import { presentHost } from "./present.ts";
import { fakeTimerPromises } from "./timer-promises.ts";

vi.doMock("node:timers/promises", fakeTimerPromises);

vi.doMock("node:fs", async (original) => {
  const real = await original<typeof import("node:fs")>();
  const renameSync = (from: string, to: string): void => {
    if (from.startsWith("/sim/")) presentHost().rename(from, to);
    else real.renameSync(from, to);
  };
  return { ...real, renameSync };
});

vi.doMock("../../packages/endpoint/node/host/lazy.ts", async (original) => {
  const real = await original<typeof import("../../packages/endpoint/node/host/lazy.ts")>();
  const createServer = (_: object, accept: (socket: Socket) => void): object =>
    presentHost().createServer((socket) => accept(socket as unknown as Socket));
  return { ...real, loadNet: () => ({ createServer }) };
});

vi.doMock("../../packages/endpoint/node/session/private-place.ts", () => ({
  makePrivatePlace: () => ({ directory: presentHost().newPlace(), isMemory: false }),
  removePrivatePlace: () => undefined,
}));

vi.doMock("../../packages/endpoint/node/session/abandoned-places.ts", () => ({ sweepLater: () => undefined }));

vi.doMock("../../packages/endpoint/node/session/watcher.ts", () => ({
  Watcher: class {
    add(): void {}
    remove(): void {}
    async makePipes(): Promise<boolean> {
      return false;
    }
    close(): void {}
    async ended(): Promise<void> {}
  },
}));

vi.doMock("../../packages/endpoint/node/run/strays.ts", () => ({ strayVariable: "SREMOTE_WORKER", endStrays: () => undefined }));

vi.doMock("../../packages/endpoint/node/host/memory.ts", () => ({ countOomKills: () => undefined }));

vi.doMock("../../packages/endpoint/node/run/process-control.ts", async (original) => {
  const signalGroup = (leader: number, name: NodeJS.Signals | 0): boolean => presentHost().signal(leader, name);
  return {
    ...(await original<typeof import("../../packages/endpoint/node/run/process-control.ts")>()),
    signalGroup,
    groupEnds: async (leader: number, within: number): Promise<void> => {
      for (let waited = 0; waited < within && signalGroup(leader, 0); waited += 10) await later(10);
    },
  };
});

vi.doMock("../../packages/endpoint/node/session/worker-start.ts", async () => {
  const { SremoteError } = await import("@sremote/protocol");
  const { OutputRelay } = await import("../../packages/endpoint/node/session/output-relay.ts");
  return {
    startWorkerProcess: async (kind: WorkerKind, host: WorkerContext, isNeeded: () => boolean): Promise<StartedWorker> => {
      const { chance } = presentHost();
      // For its environment and its pipes.
      await later(chance.between(0, 20));
      if (!isNeeded()) throw new SremoteError("cancelled", "the worker is no longer needed", { stage: "setup" });
      if (chance.happens(0.01)) throw new SremoteError("endpoint-broken", "no process can be started (simulated)", { stage: "setup" });
      const { child, channel, outputs } = presentHost().startWorker(kind.number, host.program.length);
      const relay = (stream: unknown): InstanceType<typeof OutputRelay> => new OutputRelay(stream as Socket);
      return {
        child: child as unknown as StartedWorker["child"],
        channel: channel as unknown as Socket,
        outputs: [relay(outputs[0]), relay(outputs[1])],
      };
    },
  };
});

const later = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
