/* What ssh cannot do, it says in its own words, once, without a question and in time. */
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectError } from "@sremote/protocol";
import ssh2 from "ssh2";
import { afterAll, assert, beforeAll, describe, expect, test, vi } from "vitest";
import type { Lab } from "../../../../scripts/labs/sshd.ts";
import { startSshd } from "../../../../scripts/labs/sshd.ts";
import type { Account } from "../../../../scripts/labs/users.ts";
import { openssh } from "./index.ts";
import type { OpenSshOptions } from "./index.ts";

let lab: Lab;
let user: Account;
let directory: string;
beforeAll(async () => {
  lab = await startSshd({ config: ["MaxSessions 1"] });
  user = await lab.addUser();
  directory = await mkdtemp(join(tmpdir(), "sremote-refusals-"));
});
afterAll(async () => {
  await lab?.stop();
  await rm(directory, { recursive: true, force: true });
});

const options = (more: Partial<OpenSshOptions> = {}): OpenSshOptions => ({
  host: lab.address,
  port: lab.port,
  username: user.name,
  privateKeyPath: lab.key.path,
  knownHosts: lab.knownHosts,
  sshConfig: false,
  ...more,
});

async function refusal(more: Partial<OpenSshOptions>): Promise<ConnectError> {
  await using host = openssh(options(more));
  const error: unknown = await host.exec(["true"]).catch((reason: unknown) => reason);
  assert(error instanceof ConnectError, String(error));
  return error;
}

describe.each([true, false])("with multiplex: %s", (multiplex) => {
  test("the words of a ProxyCommand arrive, after one attempt", async () => {
    const tries = join(directory, `tries-${multiplex}`);
    const command = `sh -c 'echo x >> ${tries}; echo "Session expired: log in again" >&2; exit 1'`;
    const error = await refusal({ multiplex, sshOptions: { ProxyCommand: command } });
    expect(error).toMatchObject({
      code: "connect-failed",
      message: "a jump host or the ProxyCommand failed: Session expired: log in again",
    });
    const seen = await refusal({ multiplex, sshOptions: { ProxyCommand: `sh -c 'wc -l < ${tries} >&2; exit 1'` } });
    expect(seen.message).toMatch(/failed: 1$/);
  });

  test("a jump host that refuses says so, after one attempt", async () => {
    const before = (await lab.log()).length;
    const error = await refusal({ multiplex, jump: `nobody@${lab.address}:${lab.port}` });
    expect(error.code).toBe("host-key-unknown"); // Its known_hosts file is ssh's own: the option is the destination's.
    expect(`${error.message}\n${error.details}`).toContain("Host key verification failed");
    expect((await lab.log()).slice(before).match(/^Connection from/gm)).toHaveLength(1);
  });

  test("nothing can ask: ssh and what it starts have no terminal, and a program that answers nothing", async () => {
    const command = `sh -c 'ps -o sid= -p $$ >&2; echo "$SSH_ASKPASS $SSH_ASKPASS_REQUIRE" >&2; exit 1'`;
    const { lastLines = "" } = await refusal({ multiplex, sshOptions: { ProxyCommand: command } });
    expect(lastLines).toContain("false force");
    const session = Number(/^\s*(\d+)/.exec(lastLines)?.[1]);
    expect(session).toBeGreaterThan(0);
    expect(session, "the session of this process").not.toBe(process.pid);
    expect(lastLines).not.toContain(String(process.ppid));
  });

  test("a host that ends the connection during authentication gets one attempt", async () => {
    let connections = 0;
    const server = new ssh2.Server({ hostKeys: [ssh2.utils.generateKeyPairSync("ed25519").private] }, (client) => {
      connections += 1;
      client.on("authentication", () => client.end()).on("error", () => undefined);
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const error = await refusal({ multiplex, port, hostKey: "accept-new", knownHosts: join(directory, `known-${multiplex}`) });
      expect(error.code).toBe("connect-failed");
      expect(error.lastLines).toMatch(/Disconnected from|Connection closed by/);
      expect(connections).toBe(1);
    } finally {
      server.close();
    }
  });

  test("one that says nothing, or never answers the credentials, is given up", async () => {
    const silent = createServer(() => undefined);
    const mute = new ssh2.Server({ hostKeys: [ssh2.utils.generateKeyPairSync("ed25519").private] }, (client) => {
      client.on("authentication", () => undefined).on("error", () => undefined);
    });
    for (const server of [silent, mute]) {
      await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const more = { multiplex, port, connectTimeout: 1000, knownHosts: join(directory, "known-mute"), hostKey: "accept-new" as const };
      const before = performance.now();
      expect(await refusal(more)).toMatchObject({ code: "connect-timeout" });
      expect(performance.now() - before).toBeLessThan(8000);
      server.close();
    }
  });
});

test.each(["100%h", "a ${HOME} b", "with space", 'quo"te'])("files and directories may be named %j", async (name) => {
  const place = join(directory, name);
  await mkdir(place);
  await copyFile(lab.key.path, join(place, "key"));
  await copyFile(lab.knownHosts, join(place, "known"));
  vi.stubEnv("TMPDIR", place);
  try {
    await using host = openssh(options({ privateKeyPath: join(place, "key"), knownHosts: join(place, "known") }));
    expect(await host.exec(["true"])).toMatchObject({ exitCode: 0 });
  } finally {
    vi.unstubAllEnvs();
  }
});

test("a host that allows one session has it for commands, over one connection", async () => {
  const before = (await lab.log()).length;
  await using host = openssh(options());
  for (const word of ["a", "b"]) expect(Buffer.from((await host.exec(["echo", word])).stdout).toString()).toBe(`${word}\n`);
  expect((await lab.log()).slice(before).match(/^Accepted publickey/gm)).toHaveLength(1);
});
