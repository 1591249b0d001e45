/* The behaviour suite of every connector, over stubs that disturb many of their requests. */
import { RestConnector } from "@sremote/connectors";
import { connectorCases } from "@sremote/connectors/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startProxy } from "../../scripts/labs/proxy.ts";
import type { Proxy } from "../../scripts/labs/proxy.ts";
import { Newt1 } from "../../packages/connectors/src/rest/newt/newt-1.ts";
import { hostile, peaceful } from "../stubs/hostile-server.ts";
import { NewtStub } from "../stubs/newt-stub.ts";
import { restKinds } from "./dialects.ts";
import type { RestHost } from "./dialects.ts";

const quiet = { tooManyRequests: 0, unavailable: 0, errorBody: 0, expire: 0, twice: 0 };

describe.each(restKinds.filter(({ isPolled }) => isPolled !== true))("$name over a hostile stub, with links that can be cut", (kind) => {
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
      // These bring their own troubles.
      host.server.hostility = each.name.startsWith("REST: ") ? { ...hostile, ...quiet } : hostile;
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

/** The first dialect in a world where files are small: everything large goes in pieces. */
class Chunked extends Newt1 {
  override readonly limits = { put: 100_000, get: 60_000, inline: 10_000 };
}

describe("a service that takes and gives small files only", () => {
  let stub: NewtStub;
  beforeAll(async () => {
    stub = await NewtStub.start({ hostility: peaceful });
    stub.server.limits = { put: 100_000, get: 60_000, inline: 10_000 };
    stub.server.most = { put: 100_000, get: 60_000 };
  });
  afterAll(() => stub?.[Symbol.asyncDispose]());

  for (const each of connectorCases().filter(({ name }) => /sizes|11 MB|bytes is the same|maxOutput|20 MB|progress/.test(name))) {
    test(each.name, async () => {
      const make = (): RestConnector => new RestConnector(new Chunked({ ...stub.options, loginenv: false }), stub.options);
      await each.run(make, { rest: stub.server });
      expect(stub.server.take().filter(({ fault }) => fault?.kind === "status")).toEqual([]);
    });
  }
});
