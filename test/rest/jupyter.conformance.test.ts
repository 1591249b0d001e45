/* The behaviour suite of every connector, over a real Jupyter Server. */
import { jupyter } from "@sremote/connectors";
import { connectorCases } from "@sremote/connectors/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startJupyter } from "../../scripts/labs/jupyter.ts";
import type { JupyterLab } from "../../scripts/labs/jupyter.ts";
import { startProxy } from "../../scripts/labs/proxy.ts";
import type { Proxy } from "../../scripts/labs/proxy.ts";
import { isNightly } from "../support/nightly.ts";

/** What a kernel and the service's own files have to do with; the rest is what every connector makes of its commands. */
const ofKernels = isNightly
  ? /^/
  : /exit code|G31|stdin|20 MB|maxOutput|file of|names may|aborted|abort of|deadline of|20 commands|closing|cut/;

describe("jupyter over a real Jupyter Server, with links that can be cut", () => {
  let lab: JupyterLab;
  let proxy: Proxy;

  beforeAll(async () => {
    lab = await startJupyter();
    proxy = await startProxy({ host: "127.0.0.1", port: lab.port });
  });
  afterAll(async () => {
    await proxy?.stop();
    await lab?.stop();
  });

  // Those on REST want a service that does wrong on demand.
  for (const each of connectorCases().filter(({ name }) => !name.startsWith("REST: ") && ofKernels.test(name))) {
    test(each.name, async () => {
      const make = () => jupyter({ baseUrl: `http://${proxy.address}:${proxy.port}/base`, token: lab.token });
      await each.run(make, {
        secrets: [lab.token],
        cut: { cut: () => proxy.cut(), restore: () => proxy.restore() },
      });
    });
  }

  test("G40 nothing is left: no process, no kernel, no file", async () => {
    await expect.poll(() => lab.commands()).toEqual([]);
    await expect.poll(() => lab.kernels(), { timeout: 10_000 }).toEqual([]);
    expect(await lab.files()).toEqual([]);
  });
});
