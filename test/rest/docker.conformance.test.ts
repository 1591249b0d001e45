/* The behaviour suite of every connector, over real engines: Docker's, and Podman's, which speaks Docker's API in its own way. */
import { docker } from "@sremote/connectors";
import { connectorCases } from "@sremote/connectors/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ContainerLab } from "../../scripts/labs/containers.ts";
import { startDocker } from "../../scripts/labs/docker.ts";
import { startPodman } from "../../scripts/labs/podman.ts";
import { isNightly } from "../support/nightly.ts";

vi.setConfig({ maxConcurrency: 6 });

/** What an engine does in its own way: how commands begin and end, and their streams. The rest the other engine's run has shown of the connector. */
const ofEngines = isNightly ? /^/ : /exit code 255|death by|does not exist|G31|stdin arrives|abort of|spawn|20 commands|closing|status/;

describe.each([
  ["Docker Engine", startDocker, /^/],
  ["Podman", startPodman, ofEngines],
] as const)("docker over a real %s", (_, start, tried) => {
  let lab: ContainerLab;
  let container: string;

  beforeAll(async () => {
    lab = await start();
    container = await lab.addContainer();
  });
  afterAll(() => lab?.stop());

  // Those on REST want a service that does wrong on demand.
  for (const each of connectorCases().filter(({ name }) => !name.startsWith("REST: ") && tried.test(name))) {
    // Memory is of the whole process.
    const define = each.alone ? test : test.concurrent;
    define(each.name, () => each.run(() => docker({ container, socketPath: lab.socketPath })));
  }

  test("G40 nothing is left in the container: no process, no file", async () => {
    await expect.poll(() => lab.commands(container), { timeout: 10_000 }).toEqual([]);
    await using host = docker({ container, socketPath: lab.socketPath });
    const { stdout } = await host.exec(["ls", "-A", "/tmp", "/root"]);
    expect(Buffer.from(stdout).toString()).toBe("/root:\n\n/tmp:\n");
  });
});
