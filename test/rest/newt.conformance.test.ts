/* The behaviour suite of every connector, over a stub of NEWT that disturbs many of its requests. */
import { newt } from "@sremote/connectors";
import { connectorCases } from "@sremote/connectors/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startProxy } from "../../scripts/labs/proxy.ts";
import type { Proxy } from "../../scripts/labs/proxy.ts";
import { NewtStub } from "../stubs/newt-stub.ts";

describe("newt over a hostile stub, with links that can be cut", () => {
  let stub: NewtStub;
  let proxy: Proxy;

  beforeAll(async () => {
    stub = await NewtStub.start();
    proxy = await startProxy({ host: "127.0.0.1", port: stub.server.port });
  });
  afterAll(async () => {
    await proxy?.stop();
    await stub?.[Symbol.asyncDispose]();
  });

  for (const each of connectorCases()) {
    test(each.name, async () => {
      const make = () => newt({ ...stub.options, baseUrl: `http://${proxy.address}:${proxy.port}/newt` });
      await each.run(make, {
        secrets: [stub.password, ...stub.sessions],
        cut: { cut: () => proxy.cut(), restore: () => proxy.restore() },
        memoryLimit: 48 * 2 ** 20,
      });
    });
  }

  test("G40 nothing is left: no process, no file", async () => {
    await expect.poll(() => stub.sandbox.processes()).toEqual([]);
    const { stdout } = await stub.sandbox.run("ls -A");
    expect(stdout.toString()).toBe("");
  });
});
