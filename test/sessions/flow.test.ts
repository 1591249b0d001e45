/* Much output, large values: nothing is lost, nothing out of order, and nobody's memory grows with them. */
import { setTimeout as pause } from "node:timers/promises";
import { RemoteClient } from "@sremote/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Runtime } from "../support/effects.ts";
import { allowed, FloodCheck, inUse, mebibyte } from "../support/flood.ts";
import { hostKinds, stopSshd, type TestHost, withRuntimes } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { enduranceModule, plantEnduranceModules } from "./endurance-module.ts";

/** The largest memory that worker and supervisor have had, in bytes. */
async function peaks(client: RemoteClient, runtime: Runtime): Promise<{ worker: number; supervisor: number }> {
  const module = enduranceModule[runtime];
  const [worker, supervisor] = (await client.doRemoteCall<[number, number]>(module, "family")).value;
  const peak = async (pid: number): Promise<number> => (await client.doRemoteCall<number>(module, "peak", [pid])).value;
  return { worker: await peak(worker), supervisor: await peak(supervisor) };
}

afterAll(stopSshd);

// Credit is between client and supervisor. What ssh holds of it is in test/fleets/volume.test.ts, of a gigabyte.
const kinds = hostKinds.filter(({ name }) => name === "local" || (isNightly && name === "ssh"));
const both = withRuntimes(kinds);

describe.each(both)("a session of $name", ({ kind, runtime }) => {
  // Several times what memory may grow by. The gigabyte is in test/fleets/volume.test.ts, of a command; nightly it is one of calls, too.
  const blocks = isNightly ? (kind.name === "ssh" ? 300 : 1000) : 256;
  const module = enduranceModule[runtime];
  let host: TestHost;
  let client: RemoteClient;

  beforeAll(async () => {
    host = await kind.start();
    await plantEnduranceModules(host.home);
    client = new RemoteClient(host.connector, { runtime, pwdDir: "steps", workers: 1 });
  });
  afterAll(async () => {
    await client?.close();
    await host?.[Symbol.asyncDispose]();
  });

  test(
    `G11 ${blocks} MiB of output to a slow reader: all of it comes, in order, and nobody's memory grows by more than 64 MiB`,
    { timeout: 240_000 },
    async () => {
      const portion = (blocks / 4) * mebibyte;
      // Before: the modules are loaded, buffers of usual size are there.
      await client.doRemoteCall(module, "flood", [4, mebibyte], { stdout: "discard" });
      const before = await peaks(client, runtime);
      const base = inUse();
      const check = new FloodCheck(mebibyte);
      const call = client.call<number>(module, "flood", [blocks, mebibyte]);
      let pauses = 0;
      for await (const chunk of call.stdout.bytes()) {
        check.take(chunk);
        // A reader that is busy with something else again and again.
        if (check.received > (pauses + 1) * portion) {
          pauses += 1;
          await pause(300);
          check.look();
        }
      }
      expect((await call).value).toBe(blocks);
      expect(check.received).toBe(blocks * mebibyte);
      expect(pauses).toBe(3);
      expect(check.most - base).toBeLessThan(allowed);
      const after = await peaks(client, runtime);
      expect(after.worker - before.worker).toBeLessThan(allowed);
      expect(after.supervisor - before.supervisor).toBeLessThan(allowed);
    },
  );

  // Over SSH it would take half a minute and tell no more than the test before. What goes to a sink and what is kept is the client's to say.
  if (kind.name === "local" && (isNightly || runtime === "python")) {
    const count = isNightly ? 1024 : 256;
    test(`G35 ${count} MiB of output go to a sink in constant memory, and what is kept of it is cut in plain words`, async () => {
      const base = inUse();
      const check = new FloodCheck(mebibyte);
      const stdout = { write: (chunk: Uint8Array): void => check.take(chunk) };
      const { output } = await client.doRemoteCall(module, "flood", [count, mebibyte], { stdout, outputLimit: 1000 });
      expect(check.received).toBe(count * mebibyte);
      expect(check.most - base).toBeLessThan(allowed);
      expect(output.stdout).toMatchObject({ total: count * mebibyte, truncated: true });
      expect(output.stdout.bytes).toHaveLength(1000);
    });
  }

  const arrays = [
    ["bytes", () => new Uint8Array(64 * mebibyte)],
    ["float64", () => new Float64Array(8 * mebibyte)],
  ] as const;
  // How the numbers are packed does not depend on the link.
  test.each(isNightly || runtime === "python" ? arrays : arrays.slice(0, 1))(
    "G35 64 MiB of %s go there and back, and the supervisor's memory does not grow with them",
    async (_, make) => {
      const data = make();
      for (let index = 0; index < data.length; index++) data[index] = index % 251;
      const before = await peaks(client, runtime);
      const { value } = await client.doRemoteCall<Uint8Array | { data: Float64Array }>(module, "echo", [data]);
      const back = ArrayBuffer.isView(value) ? value : value.data;
      expect(back.constructor).toBe(data.constructor);
      expect(Buffer.compare(bytesOf(back), bytesOf(data))).toBe(0);
      const after = await peaks(client, runtime);
      expect(after.supervisor - before.supervisor).toBeLessThan(32 * mebibyte);
    },
  );
});

function bytesOf(array: Uint8Array | Float64Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
