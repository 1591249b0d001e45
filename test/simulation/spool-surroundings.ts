/*
 * The operating system under the Node endpoint that serves calls over files, simulated: import this before anything of the product. The endpoint itself
 * (call, spool, store, claim, sweep, audience, deliver, reply) is the product's own, and so is the whole client.
 */
import { vi } from "vitest";
import { EndpointProcess, ProcessIsGone } from "./endpoint-process.ts";
import { MemoryFiles } from "./memory-files.ts";
import { presentSpool } from "./present.ts";
import { fakeTimerPromises } from "./timer-promises.ts";
import { running } from "./virtual-clock.ts";

vi.doMock("node:timers/promises", fakeTimerPromises);

/** The endpoint that does something now. */
function endpoint(): EndpointProcess | undefined {
  const process = running.getStore();
  if (process?.isGone === true) throw new ProcessIsGone();
  return process instanceof EndpointProcess ? process : undefined;
}

vi.doMock("node:fs", async (original) => {
  const real = await original<typeof import("node:fs")>();
  const replaced: Record<string, unknown> = {};
  const names = Object.getOwnPropertyNames(MemoryFiles.prototype).filter((name) => name.endsWith("Sync"));
  for (const name of names) {
    replaced[name] = (where: unknown, ...rest: unknown[]): unknown => {
      const process = endpoint();
      if (MemoryFiles.isOurs(where)) {
        const { files } = presentSpool();
        return Reflect.apply(Reflect.get(files, name), files, [where, ...rest]);
      }
      if (process !== undefined && where === 1 && name === "writeSync") return process.print(...(rest as [Uint8Array, number?, number?]));
      return Reflect.apply(Reflect.get(real, name), real, [where, ...rest]);
    };
  }
  const readSync = (fd: number, buffer: Uint8Array, at: number, length: number, position: null): number => {
    const process = endpoint();
    return fd === 0 && process !== undefined ? process.read(buffer, at, length) : real.readSync(fd, buffer, at, length, position);
  };
  const fstatSync = (fd: number): object => {
    return fd === 1 && endpoint() !== undefined ? { isSocket: () => true, isFIFO: () => false } : real.fstatSync(fd);
  };
  return { ...real, ...replaced, readSync, fstatSync };
});

vi.doMock("../../packages/endpoint/node/host/identity.ts", () => ({
  processIdentity: () => presentSpool().identityOf(endpoint()),
  isRunning: (identity: string) => presentSpool().isRunning(identity),
}));

vi.doMock("../../packages/endpoint/node/run/environment.ts", async (original) => ({
  ...(await original<typeof import("../../packages/endpoint/node/run/environment.ts")>()),
  home: () => "/sim/home",
  callEnvironment: async () => ({}),
  callDirectory: () => "/sim/home",
}));

vi.doMock("../../packages/endpoint/node/spool/output-pipes.ts", () => ({
  makeOutputPipes: async () => undefined,
  closePipes: () => undefined,
  closeWriteEnds: () => undefined,
}));

vi.doMock("../../packages/endpoint/node/program.ts", () => ({ program: "endpoint.mjs", payloadDigest: () => presentSpool().payload }));

vi.doMock("../../packages/endpoint/node/run/strays.ts", () => ({ strayVariable: "SREMOTE_WORKER", endStrays: () => undefined }));

vi.doMock("../../packages/endpoint/node/host/memory.ts", () => ({ countOomKills: () => undefined }));

vi.doMock("../../packages/endpoint/node/spool/supervise.ts", async () => await import("./function-process.ts"));
