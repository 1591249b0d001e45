/* One case of the behaviour suite with a stub, and a link that can be cut, of its own: nothing that it disturbs is another's. */
import type { ConnectorCase } from "@sremote/connectors/testing";
import { expect } from "vitest";
import { startProxy } from "../../scripts/labs/proxy.ts";
import { until } from "../../scripts/labs/wait.ts";
import type { Hostility } from "../stubs/hostile-server.ts";
import type { RestKind } from "./dialects.ts";

/** What a transfer of 64 MiB may add to this process's memory, in bytes: the stub's is among it. */
const memoryLimits = { direct: 48 * 2 ** 20, polled: 64 * 2 ** 20 };

export async function runWithOwnStub(kind: RestKind, { run }: ConnectorCase, hostility: Hostility): Promise<void> {
  await using host = await kind.start(hostility);
  const proxy = await startProxy({ host: "127.0.0.1", port: host.server.port });
  try {
    const make = () => host.connect({ baseUrl: `http://${proxy.address}:${proxy.port}${kind.base}` });
    await run(make, {
      secrets: host.secrets(),
      cut: { cut: () => proxy.cut(), restore: () => proxy.restore() },
      memoryLimit: memoryLimits[kind.isPolled ? "polled" : "direct"],
      rest: host.server,
      caseTimeout: 110_000,
    });
    // G40: no process, no file.
    await until("no process to be left", async () => (await host.sandbox.processes()).length === 0);
    expect((await host.sandbox.run("ls -A")).stdout.toString()).toBe("");
    expect(host.violations?.() ?? []).toEqual([]);
  } finally {
    await proxy.stop();
  }
}
