/* ssh() against five servers, and against those that take only some algorithms: it connects, or names what is lacking. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, expect, test } from "vitest";
import { startAgent } from "../../../../scripts/labs/agent.ts";
import { startEmbeddedSsh } from "../../../../scripts/labs/embedded-ssh.ts";
import { makeKey } from "../../../../scripts/labs/keys.ts";
import { startDropbear, startTinyssh } from "../../../../scripts/labs/other-servers.ts";
import { until } from "../../../../scripts/labs/wait.ts";
import type { SshdOptions } from "../../../../scripts/labs/sshd.ts";
import { startSshd } from "../../../../scripts/labs/sshd.ts";
import type { Connector } from "../connector.ts";
import { openssh } from "../openssh/index.ts";
import { ssh } from "./index.ts";
import type { SshOptions } from "./index.ts";

type Target = Pick<SshOptions, "host" | "port" | "username" | "privateKeyPath" | "knownHosts"> & { sshConfig: false };
type Started = AsyncDisposable & { target: Target };

interface Server extends AsyncDisposable {
  address: string;
  port: number;
  username: string;
  privateKeyPath: string;
  knownHosts: string;
}

const targetOf = ({ address, port, username, privateKeyPath, knownHosts }: Server): Target => ({
  host: address,
  port,
  username,
  privateKeyPath,
  knownHosts,
  sshConfig: false,
});

const other =
  (start: () => Promise<Server>): (() => Promise<Started>) =>
  async () => {
    const server = await start();
    return { target: targetOf(server), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  };

/** An OpenSSH server; the account has an RSA key. */
const openSsh =
  (options: SshdOptions = {}, keyType: "rsa" | "ed25519" = "ed25519"): (() => Promise<Started>) =>
  async () => {
    const lab = await startSshd(options);
    const key = await makeKey(join(lab.directory, "own"), keyType);
    const { name } = await lab.addUser({ publicKeys: [key.publicKey] });
    const target = targetOf({
      ...lab,
      address: lab.address,
      port: lab.port,
      username: name,
      privateKeyPath: key.path,
      knownHosts: lab.knownHosts,
    });
    return { target, [Symbol.asyncDispose]: () => lab.stop() };
  };

async function attempt(target: SshOptions): Promise<unknown> {
  await using connector = ssh(target);
  return await connector.exec(["cat"], { stdin: Buffer.from("through") }).catch((error: unknown) => error);
}

const good = { exitCode: 0, stdout: new Uint8Array(Buffer.from("through")) };

const servers: Readonly<Record<string, () => Promise<Started>>> = {
  OpenSSH: openSsh(),
  dropbear: other(startDropbear),
  tinyssh: other(startTinyssh),
  "ssh2's own server": other(startEmbeddedSsh),
  "only chacha20-poly1305": openSsh({ config: ["Ciphers chacha20-poly1305@openssh.com"] }),
  "only hmac-sha1": openSsh({ config: ["MACs hmac-sha1", "Ciphers aes128-ctr"] }),
  "RSA keys with SHA-512 only": openSsh({ config: ["PubkeyAcceptedAlgorithms rsa-sha2-512"] }, "rsa"),
  "RSA keys with SHA-256 only": openSsh({ config: ["PubkeyAcceptedAlgorithms rsa-sha2-256"] }, "rsa"),
  "only an RSA host key": openSsh({ hostKeys: ["rsa"], config: ["HostKeyAlgorithms rsa-sha2-256"] }),
};

const running: Record<string, Started> = {};
beforeAll(async () => {
  await Promise.all(Object.entries(servers).map(async ([name, start]) => (running[name] = await start())));
});
afterAll(async () => {
  await Promise.all(Object.values(running).map((server) => server[Symbol.asyncDispose]()));
});

function targetAt(name: string): Target {
  const server = running[name];
  assert(server !== undefined);
  return server.target;
}

const echoed = (connector: Connector, count: number): Promise<string[]> =>
  Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const { stdout } = await connector.exec(["echo", String(index)]);
      return Buffer.from(stdout).toString();
    }),
  );
const lines = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}\n`);

describe.concurrent.each(Object.keys(servers))("%s", (name) => {
  test("runs a command, a bigger one, and several at once", async () => {
    expect(await attempt(targetAt(name))).toMatchObject(good);
    await using connector = ssh(targetAt(name));
    expect(await echoed(connector, 5)).toEqual(lines(5));
  });

  test("refuses a stranger's key by name", async () => {
    await using stranger = await startEmbeddedSsh();
    expect(await attempt({ ...targetAt(name), privateKeyPath: stranger.privateKeyPath })).toMatchObject({
      code: "auth-failed",
      message: expect.stringContaining(`tried publickey (${stranger.privateKeyPath})`),
    });
  });
});

// dropbear closes each channel that has no command yet when another's command ends: three rounds have dozens of them.
test.each([
  ["ssh", ssh],
  ["openssh", openssh],
] as const)("dropbear runs twenty commands at once over %s()", async (_, connect) => {
  await using server = await startDropbear();
  // Where several commands end at once, dropbear 2022.83 may break an assertion of its own, and with it the connection: then that is what is told.
  const broken = (): number => server.log().split("Failed assertion").length - 1;
  for (let [rounds, attempts] = [0, 0]; rounds < 3; attempts += 1) {
    expect(attempts).toBeLessThan(15);
    const before = broken();
    await using connector = connect(targetOf(server));
    const said = await echoed(connector, 20).catch((error: unknown) => error);
    if (said instanceof Error) {
      expect(said).toMatchObject({ code: "connection-lost" });
      await until("dropbear to have broken", () => broken() > before);
    } else {
      expect(said).toEqual(lines(20));
      rounds += 1;
    }
  }
});

test("a host that asks for no credentials lets in whoever has none, or one that it does not take", async () => {
  await using server = await startEmbeddedSsh({ letsEverybodyIn: true });
  await using stranger = await startEmbeddedSsh();
  const target = { ...targetOf(server), agent: false as const };
  expect(await attempt({ ...target, privateKeyPath: undefined })).toMatchObject(good);
  expect(await attempt({ ...target, privateKeyPath: stranger.privateKeyPath })).toMatchObject(good);
});

test.each(["rsa-sha2-256", "rsa-sha2-512"])("an RSA key of an agent signs with %s where the host takes nothing else", async (algorithm) => {
  await using lab = await startSshd({ config: [`PubkeyAcceptedAlgorithms ${algorithm}`] });
  const key = await makeKey(join(lab.directory, "rsa"), "rsa");
  await using agent = await startAgent(join(lab.directory, "agent"));
  await agent.add(key.path);
  const { name } = await lab.addUser({ publicKeys: [key.publicKey] });
  const target = { host: lab.address, port: lab.port, username: name, knownHosts: lab.knownHosts, sshConfig: false as const };
  expect(await attempt({ ...target, agent: agent.socket })).toMatchObject(good);
});

test("a host with only old algorithms: each error names what is lacking, and what it says to do helps", async () => {
  const config = ["KexAlgorithms diffie-hellman-group1-sha1", "HostKeyAlgorithms ssh-rsa", "Ciphers 3des-cbc", "MACs hmac-md5"];
  await using server = await openSsh({ config: [...config, "PubkeyAcceptedAlgorithms ssh-rsa"], hostKeys: ["rsa"] }, "rsa")();
  const algorithms: Record<string, string> = {};
  const lacked: string[] = [];
  for (;;) {
    const result = await attempt({ ...server.target, algorithms });
    if (!(result instanceof Error) || lacked.length > 5) {
      expect(result).toMatchObject(good);
      break;
    }
    const { hint = "" } = result as { hint?: string };
    const [, kind, value] = /algorithms: \{ (\w+): "([^"]+)" \}/.exec(hint) ?? [];
    assert(kind !== undefined && value !== undefined, result.message);
    if (kind !== "publicKey") expect(result.message).toContain(`the host offers ${value.slice(1)}`);
    algorithms[kind] = value;
    lacked.push(kind);
  }
  expect(lacked).toEqual(["keyExchange", "hostKey", "cipher", "mac", "publicKey"]);
});

test("a host with only algorithms that ssh2 does not know is named, with openssh() as the cure", async () => {
  await using server = await openSsh({ config: ["KexAlgorithms sntrup761x25519-sha512@openssh.com"] })();
  expect(await attempt(server.target)).toMatchObject({
    code: "connect-failed",
    message: expect.stringContaining("no common algorithm of KexAlgorithms: the host offers sntrup761x25519-sha512@openssh.com"),
    hint: expect.stringContaining("openssh()"),
  });
});

test("a key in the wrong place is a problem of its own", async () => {
  await using server = await startEmbeddedSsh();
  expect(await attempt({ ...targetOf(server), privateKey: await readFile(server.knownHosts), privateKeyPath: undefined })).toMatchObject({
    code: "invalid-argument",
    message: expect.stringMatching(/^options\.privateKey must .*only the public half|no private key/),
  });
});
