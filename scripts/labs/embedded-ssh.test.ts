/* The embedded host behaves as a real one does, as far as the demonstration goes. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shell, ssh } from "@sremote/connectors";
import { connectorCases } from "@sremote/connectors/testing";
import { ofLayers } from "../../test/support/nightly.ts";
import type { EmbeddedSsh } from "./embedded-ssh.ts";
import { startEmbeddedSsh } from "./embedded-ssh.ts";
import { isListening } from "./wait.ts";

let host: EmbeddedSsh;
beforeAll(async () => {
  host = await startEmbeddedSsh();
});
afterAll(() => host?.stop());

const make = () => {
  const { address, port, username, privateKey, knownHosts } = host;
  return ssh({ host: address, port, username, privateKey, knownHosts, sshConfig: false });
};

describe("the embedded SSH host", () => {
  // Both ends of the transfers live in this process.
  // The connector is ssh, and ssh.conformance tries all.
  for (const each of connectorCases().filter(({ name }) => ofLayers.test(name)))
    test(each.name, () => each.run(make, { memoryLimit: 64 * 2 ** 20 }));

  test("has a home directory of its own, and lets no other key in", async () => {
    await using connector = make();
    const { stdout } = await connector.exec(shell('pwd; echo "$HOME $USER"'));
    expect(Buffer.from(stdout).toString()).toBe(`${host.home}\n${host.home} ${host.username}\n`);
    await using other = await startEmbeddedSsh();
    const { address, port, username, knownHosts } = host;
    await using stranger = ssh({ host: address, port, username, privateKey: other.privateKey, knownHosts, sshConfig: false });
    await expect(stranger.exec(["true"])).rejects.toMatchObject({ code: "auth-failed" });
  });

  test("ends everything when it is stopped", async () => {
    const own = await startEmbeddedSsh();
    const { address, port, username, privateKey, knownHosts } = own;
    await using connector = ssh({ host: address, port, username, privateKey, knownHosts, sshConfig: false });
    const sleeping = connector.exec(["sleep", "300"]);
    sleeping.catch(() => undefined);
    await connector.exec(["true"]);
    await own.stop();
    // Ended by the host's signal, or told of the lost link.
    const [outcome] = await Promise.allSettled([sleeping]);
    expect(outcome).toMatchObject(
      outcome?.status === "fulfilled" ? { value: { signal: "SIGKILL" } } : { reason: { code: "connection-lost" } },
    );
    expect(await isListening(address, port)).toBe(false);
  });
});
