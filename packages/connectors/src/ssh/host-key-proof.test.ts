/* G04 against a server that lies: a key counts only once the host has proved it, for the whole of the connection. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, assert, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { EmbeddedSsh } from "../../../../scripts/labs/embedded-ssh.ts";
import { startEmbeddedSsh } from "../../../../scripts/labs/embedded-ssh.ts";
import type { Command, Connector, SpawnedProcess } from "../connector.ts";
import { ssh } from "./index.ts";
import type { SshOptions } from "./index.ts";

const optionsFor = (server: EmbeddedSsh, more: Partial<SshOptions> = {}): SshOptions => ({
  host: server.address,
  port: server.port,
  username: server.username,
  privateKeyPath: server.privateKeyPath,
  knownHosts: server.knownHosts,
  sshConfig: false,
  ...more,
});

async function spawn(connector: Connector, command: Command): Promise<SpawnedProcess> {
  const process = await connector.spawn?.(command);
  assert(process !== undefined);
  return process;
}

/** How the process ends, or a failure when the client takes the other key. */
function endAfterExchange(process: SpawnedProcess, server: EmbeddedSsh): Promise<unknown> {
  const accepted = server.exchangeWithAnotherKey().then(() => "the other key was accepted");
  return Promise.race([process.exit, accepted]);
}

describe("a later key exchange", () => {
  let server: EmbeddedSsh;
  beforeEach(async () => {
    server = await startEmbeddedSsh();
  });

  test.each(["strict", "accept-new", "function"])("with another key ends the connection as changed (%s)", async (policy) => {
    await using lying = server;
    const hostKey = policy === "function" ? (): boolean => true : (policy as "strict" | "accept-new");
    await using connector = ssh(optionsFor(lying, { hostKey }));
    await using process = await spawn(connector, ["cat"]);
    await expect(endAfterExchange(process, lying)).rejects.toMatchObject({
      code: "host-key-changed",
      message: expect.stringContaining("in the middle of the connection"),
    });
    expect(lying.loginCount).toBe(1);
  });

  test("with another key is final for a connector that reads known_hosts: it never offers a credential to the new one", async () => {
    await using lying = server;
    await using connector = ssh(optionsFor(lying));
    await using process = await spawn(connector, ["cat"]);
    await expect(endAfterExchange(process, lying)).rejects.toMatchObject({ code: "host-key-changed" });
    lying.keepOtherKey();
    await expect(connector.exec(["true"])).rejects.toMatchObject({ code: "host-key-changed" });
    expect(lying.loginCount).toBe(1);
    expect(lying.connectionCount, "one connection, and one attempt after it").toBe(2);
  });
});

describe("a key that the host cannot prove", () => {
  let forging: EmbeddedSsh;
  beforeAll(async () => {
    forging = await startEmbeddedSsh({ forgesHostKey: true });
  });
  afterAll(() => forging?.stop());

  test("is not written down by accept-new, and no credential is offered", async () => {
    const file = join(forging.home, "accepted");
    await writeFile(file, "# mine\n");
    await using connector = ssh(optionsFor(forging, { knownHosts: file, hostKey: "accept-new" }));
    await expect(connector.exec(["true"])).rejects.toMatchObject({
      code: "connect-failed",
      message: expect.stringContaining("signature verification failed"),
    });
    expect(await readFile(file, "utf8")).toBe("# mine\n");
    expect(forging.authenticationCount).toBe(0);
  });

  test("is refused though it is the known one", async () => {
    await using connector = ssh(optionsFor(forging));
    await expect(connector.exec(["true"])).rejects.toMatchObject({ code: "connect-failed" });
    expect(forging.authenticationCount).toBe(0);
  });
});

describe("accept-new", () => {
  let server: EmbeddedSsh;
  beforeAll(async () => {
    server = await startEmbeddedSsh();
  });
  afterAll(() => server?.stop());

  test("with nowhere to remember the key is an error that says so", async () => {
    await using connector = ssh(optionsFor(server, { knownHosts: [], hostKey: "accept-new" }));
    await expect(connector.exec(["true"])).rejects.toMatchObject({
      code: "host-key-unknown",
      message: expect.stringContaining("no known_hosts file to write it to"),
      hint: expect.stringContaining(server.fingerprint),
    });
    const config = join(server.home, "none-config");
    await writeFile(config, "Host *\n  StrictHostKeyChecking accept-new\n  UserKnownHostsFile none\n  GlobalKnownHostsFile none\n");
    await using configured = ssh(optionsFor(server, { knownHosts: undefined, sshConfig: config }));
    await expect(configured.exec(["true"])).rejects.toMatchObject({ code: "host-key-unknown" });
  });

  test("with /dev/null remembers the key for as long as the connector lives", async () => {
    await using changing = await startEmbeddedSsh();
    await using connector = ssh(optionsFor(changing, { knownHosts: "/dev/null", hostKey: "accept-new" }));
    expect(await connector.exec(["true"])).toMatchObject({ exitCode: 0 });
    changing.exchangeWithAnotherKey().catch(() => undefined); // it ends with the connection
    changing.keepOtherKey();
    await expect.poll(() => connector.exec(["true"]).then(String, (error: unknown) => error)).toMatchObject({ code: "host-key-changed" });
    await expect(connector.exec(["true"])).rejects.toMatchObject({ code: "host-key-changed" });
    expect(changing.loginCount).toBe(1);
  });
});
