/* G11: a gigabyte of output of a command, over real SSH; nightly by both connectors. */
import { setTimeout as pause } from "node:timers/promises";
import { RemoteProcess } from "@sremote/fleet";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { allowed, flood, FloodCheck, inUse, mebibyte } from "../support/flood.ts";
import { hostKinds, stopSshd, type TestHost } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";

afterAll(stopSshd);

// The system's ssh holds back by its pipes, as a local program does, and `checkConnector` looks at its memory.
const kinds = hostKinds.filter(({ name }) => name === "ssh" || (isNightly && name === "openssh"));

describe.each(kinds)("over $name", (kind) => {
  let host: TestHost;
  beforeEach(async () => {
    host = await kind.start();
  });
  afterEach(async () => {
    await host.connector.close();
    await host[Symbol.asyncDispose]();
  });

  test("G11 1 GiB of output to a slow reader: all of it comes, in order, and memory grows by less than 64 MiB", async () => {
    const base = inUse();
    const check = new FloodCheck(mebibyte);
    const process = new RemoteProcess(host.connector, flood(1024, mebibyte), { output: "live" }).start();
    let pauses = 0;
    for await (const { bytes } of process.chunks()) {
      check.take(bytes);
      if (check.received <= (pauses + 1) * 256 * mebibyte) continue;
      pauses += 1;
      await pause(300);
      check.look();
    }
    expect([check.received, pauses, await process.wait(), process.truncated]).toEqual([1024 * mebibyte, 3, 0, false]);
    expect(check.most - base).toBeLessThan(allowed);
  });

  test("G35 256 MiB of output of which little is kept do not stop the command, go to those who listen, are counted, and take less than 64 MiB", async () => {
    const base = inUse();
    const check = new FloodCheck(mebibyte);
    const process = new RemoteProcess(host.connector, flood(256, mebibyte), { outputLimit: 1000 });
    process.on("output", ({ bytes }) => check.take(bytes));
    await process.run();
    expect([process.exitCode, process.output.total("stdout"), check.received]).toEqual([0, 2 ** 28, 2 ** 28]);
    expect([process.truncated, process.output.bytes()]).toEqual([true, new Uint8Array(1000)]);
    expect(check.most - base).toBeLessThan(allowed);
  });
});
