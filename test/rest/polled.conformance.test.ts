/*
 * The behaviour suite of every connector, over stubs of services whose commands are tasks or jobs. They are waited for most of the time, so
 * cases run at once, each with a stub of its own.
 */
import { connectorCases } from "@sremote/connectors/testing";
import type { ConnectorCase } from "@sremote/connectors/testing";
import { describe, expect, test, vi } from "vitest";
import { startProxy } from "../../scripts/labs/proxy.ts";
import { until } from "../../scripts/labs/wait.ts";
import { restKinds } from "./dialects.ts";
import type { RestKind } from "./dialects.ts";
import { isNightly } from "../support/nightly.ts";

vi.setConfig({ maxConcurrency: 12 });

/** Memory is of the whole process, stubs included. */
const measuresMemory = /memory|64 MiB/;

async function runCase(kind: RestKind, { run }: ConnectorCase): Promise<void> {
  await using host = await kind.start();
  const proxy = await startProxy({ host: "127.0.0.1", port: host.server.port });
  try {
    const make = () => host.connect({ baseUrl: `http://${proxy.address}:${proxy.port}${kind.base}` });
    await run(make, {
      secrets: host.secrets(),
      cut: { cut: () => proxy.cut(), restore: () => proxy.restore() },
      memoryLimit: 64 * 2 ** 20,
      rest: host.server,
      caseTimeout: 110_000,
    });
    // G40: no process, no file.
    await until("no process to be left", async () => (await host.sandbox.processes()).length === 0);
    expect((await host.sandbox.run("ls -A")).stdout.toString()).toBe("");
    expect(host.violations?.()).toEqual([]);
  } finally {
    await proxy.stop();
  }
}

/** What a dialect has to do with: how its commands begin and end, and how its requests fail. */
const ofDialects = isNightly
  ? /^REST: |^G\d\d /
  : /exit code (?:0|255)|^REST: (?:sizes at|11 MB|G|output|an exit|a download|a command)|before a (?:start|get) request|once for a start request/;
/** The rest is the base's, which one dialect puts to the test; of cases that are alike, one. */
const ofBase = isNightly
  ? /^/
  : /^(?!.*(?:exit code (?:7|126|137)|file of (?:1|512) bytes|sizes one (?:below|above) the inline|once for a put request))/;

const polled = restKinds.filter(({ isPolled }) => isPolled);
describe.each(polled)("$name over a hostile stub, with links that can be cut", (kind) => {
  for (const each of connectorCases().filter(({ name }) => (kind === polled[0] ? ofBase : ofDialects).test(name))) {
    const define = measuresMemory.test(each.name) ? test : test.concurrent;
    define(each.name, { timeout: 120_000 }, () => runCase(kind, each));
  }
});
