/* The behaviour suite of every connector, over real engines: Docker's, and Podman's, which speaks Docker's API in its own way. */
import { docker } from "@sremote/connectors";
import { connectorCases } from "@sremote/connectors/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContainerLab } from "../../scripts/labs/containers.ts";
import { startDocker } from "../../scripts/labs/docker.ts";
import { startPodman } from "../../scripts/labs/podman.ts";

/** They take long, and say of an engine what others do. */
const longOnes = /file names may hold|64 MiB are/;

describe.each([
  ["Docker Engine", startDocker, /^$/],
  ["Podman", startPodman, longOnes],
] as const)("docker over a real %s", (_, start, others) => {
  let lab: ContainerLab;
  let container: string;

  beforeAll(async () => {
    lab = await start();
    container = await lab.addContainer();
  });
  afterAll(() => lab?.stop());

  // Those on REST want a service that does wrong on demand.
  for (const each of connectorCases().filter(({ name }) => !name.startsWith("REST: ") && !others.test(name))) {
    test(each.name, () => each.run(() => docker({ container, socketPath: lab.socketPath })));
  }

  test("G40 nothing is left in the container: no process, no file", async () => {
    await expect.poll(() => lab.commands(container)).toEqual([]);
    await using host = docker({ container, socketPath: lab.socketPath });
    const { stdout } = await host.exec(["ls", "-A", "/tmp", "/root"]);
    expect(Buffer.from(stdout).toString()).toBe("/root:\n\n/tmp:\n");
  });
});
