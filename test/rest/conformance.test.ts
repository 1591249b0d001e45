/* The behaviour suite of every connector, over stubs that disturb many of their requests. */
import { connectorCases } from "@sremote/connectors/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startProxy } from "../../scripts/labs/proxy.ts";
import type { Proxy } from "../../scripts/labs/proxy.ts";
import { restKinds } from "./dialects.ts";
import type { RestHost } from "./dialects.ts";

describe.each(restKinds)("$name over a hostile stub, with links that can be cut", (kind) => {
  let host: RestHost;
  let proxy: Proxy;

  beforeAll(async () => {
    host = await kind.start();
    proxy = await startProxy({ host: "127.0.0.1", port: host.server.port });
  });
  afterAll(async () => {
    await proxy?.stop();
    await host?.[Symbol.asyncDispose]();
  });

  for (const each of connectorCases()) {
    test(each.name, async () => {
      const make = () => host.connect({ baseUrl: `http://${proxy.address}:${proxy.port}${kind.base}` });
      await each.run(make, {
        secrets: host.secrets(),
        cut: { cut: () => proxy.cut(), restore: () => proxy.restore() },
        // The stub's memory is the same process's.
        memoryLimit: 48 * 2 ** 20,
        rest: host.server,
      });
    });
  }

  test("G40 nothing is left: no process, no file", async () => {
    await expect.poll(() => host.sandbox.processes()).toEqual([]);
    const { stdout } = await host.sandbox.run("ls -A");
    expect(stdout.toString()).toBe("");
  });
});
