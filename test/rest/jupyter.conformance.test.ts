/*
 * The behaviour suite of every connector, over a real Jupyter Server. A connector has a kernel of its own, which takes a second of the processor to
 * start: cases that do not close it share one, and run at once.
 */
import { jupyter } from "@sremote/connectors";
import type { Connector, RestConnector } from "@sremote/connectors";
import { connectorCases } from "@sremote/connectors/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startJupyter } from "../../scripts/labs/jupyter.ts";
import type { JupyterLab } from "../../scripts/labs/jupyter.ts";
import { startProxy } from "../../scripts/labs/proxy.ts";
import { isNightly } from "../support/nightly.ts";

vi.setConfig({ maxConcurrency: 6 });

/** What a kernel and the service's own files have to do with; the rest is what every connector makes of its commands. */
const ofKernels = isNightly
  ? /^/
  : /exit code|G31|stdin|20 MB|outputLimit|file of|names may|aborted|abort of|deadline of|20 commands|closing|cut/;
/** These close their connector, or its link. */
const closes = /clos|cut/;

/** The same connector, for one who may not close it. */
function lent(connector: Connector): Connector {
  const close = async (): Promise<void> => {};
  return {
    label: connector.label,
    acceptsStdin: connector.acceptsStdin,
    exec: (...given) => connector.exec(...given),
    push: (...given) => connector.push(...given),
    pull: (...given) => connector.pull(...given),
    status: (...given) => connector.status(...given),
    close,
    [Symbol.asyncDispose]: close,
  };
}

describe("jupyter over a real Jupyter Server, with links that can be cut", () => {
  let lab: JupyterLab;
  let shared: RestConnector;
  const connect = (port = lab.port): RestConnector => jupyter({ baseUrl: `http://127.0.0.1:${port}/base`, token: lab.token });

  beforeAll(async () => {
    lab = await startJupyter();
    shared = connect();
  });
  afterAll(() => lab?.stop());

  // Those on REST want a service that does wrong on demand.
  for (const each of connectorCases().filter(({ name }) => !name.startsWith("REST: ") && ofKernels.test(name))) {
    // Memory is of the whole process.
    const define = each.name.includes("memory") ? test : test.concurrent;
    define(each.name, async () => {
      const secrets = [lab.token];
      if (!closes.test(each.name)) return each.run(() => (isNightly ? connect() : lent(shared)), { secrets });
      const proxy = await startProxy({ host: "127.0.0.1", port: lab.port });
      try {
        const cut = { cut: () => proxy.cut(), restore: () => proxy.restore() };
        await each.run(() => connect(proxy.port), { secrets, cut });
      } finally {
        await proxy.stop();
      }
    });
  }

  test("G40 nothing is left: no process, no kernel, no file", async () => {
    await shared.close();
    await expect.poll(() => lab.commands(), { timeout: 10_000 }).toEqual([]);
    await expect.poll(() => lab.kernels(), { timeout: 10_000 }).toEqual([]);
    expect(await lab.files()).toEqual([]);
  });
});
