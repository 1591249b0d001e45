/* The behaviour suite of every connector, over a real Docker Engine. */
import { docker } from "@sremote/connectors";
import { connectorCases } from "@sremote/connectors/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDocker } from "../../scripts/labs/docker.ts";
import type { DockerLab } from "../../scripts/labs/docker.ts";

describe("docker over a real Docker Engine", () => {
  let lab: DockerLab;
  let container: string;

  beforeAll(async () => {
    lab = await startDocker();
    container = await lab.addContainer();
  });
  afterAll(() => lab?.stop());

  // Those on REST want a service that does wrong on demand.
  for (const each of connectorCases().filter(({ name }) => !name.startsWith("REST: "))) {
    test(each.name, () => each.run(() => docker({ container, socketPath: lab.socketPath })));
  }

  test("G40 nothing is left in the container: no process, no file", async () => {
    await expect.poll(() => lab.commands(container)).toEqual([]);
    await using host = docker({ container, socketPath: lab.socketPath });
    const { stdout } = await host.exec(["ls", "-A", "/tmp", "/root"]);
    expect(Buffer.from(stdout).toString()).toBe("/root:\n\n/tmp:\n");
  });
});
