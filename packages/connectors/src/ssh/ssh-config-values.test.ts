/* Values of ssh_config mean to ssh() what they mean to ssh, which is asked in each case. */
import { copyFile, mkdir, rename, writeFile } from "node:fs/promises";
import { homedir, hostname, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, assert, beforeAll, describe, expect, test } from "vitest";
import type { AgentLab } from "../../../../scripts/labs/agent.ts";
import { startAgent } from "../../../../scripts/labs/agent.ts";
import { run, tryRun } from "../../../../scripts/labs/run.ts";
import type { Lab } from "../../../../scripts/labs/sshd.ts";
import { startSshd } from "../../../../scripts/labs/sshd.ts";
import type { Account } from "../../../../scripts/labs/users.ts";
import { usableCiphers } from "./algorithms.ts";
import { ssh } from "./index.ts";
import type { SshOptions } from "./index.ts";

let lab: Lab;
let user: Account;
let agent: AgentLab;
let key: string;
let known: string;

beforeAll(async () => {
  lab = await startSshd({ hostKeys: ["ed25519", "rsa"] });
  user = await lab.addUser();
  await mkdir(join(lab.directory, "some where"));
  agent = await startAgent(join(lab.directory, "some where", "agent socket"));
  await agent.add(lab.key.path);
  key = join(lab.directory, "some where", "the key");
  known = join(lab.directory, "some where", "known hosts");
  await copyFile(lab.key.path, key);
  await copyFile(lab.knownHosts, known);
  await writeFile(join(lab.directory, "included-one"), `IdentityFile ${lab.key.path}\n`);
  process.env["SREMOTE_TEST_PLACE"] = join(lab.directory, "some where");
  process.env["SREMOTE_TEST_AGENT"] = agent.socket;
});
afterAll(async () => {
  delete process.env["SREMOTE_TEST_PLACE"];
  delete process.env["SREMOTE_TEST_AGENT"];
  await agent?.stop();
  await lab?.stop();
});

let configs = 0;
/** A file with the lines first, then what each case needs. */
async function configOf(text: string): Promise<string> {
  const path = join(lab.directory, `values-${(configs += 1)}`);
  const rest = [
    `HostName ${lab.address}`,
    `Port ${lab.port}`,
    `User ${user.name}`,
    `UserKnownHostsFile ${lab.knownHosts}`,
    "IdentityAgent none",
  ];
  await writeFile(path, `${text}\nHost *\n  ${rest.join("\n  ")}\n`);
  return path;
}

async function attempt(config: string, more: Partial<SshOptions> = {}): Promise<unknown> {
  await using connector = ssh({ host: "the-alias", sshConfig: config, ...more });
  return await connector.exec(["true"]).catch((error: unknown) => error);
}

const good = { exitCode: 0 };
const own = (line: string): string => `Host the-alias\n  ${line}`;

/** All tokens that a path may have, and what they stand for. */
async function plantTokens(): Promise<string> {
  const { username, uid } = userInfo();
  const short = hostname().split(".")[0] ?? "";
  const name = ["%", "the-alias", lab.address, lab.port, user.name, username, uid, short, hostname(), "the-alias"].join("_");
  await copyFile(lab.key.path, join(lab.directory, name));
  await run("chmod", ["600", join(lab.directory, name)]);
  return own(`IdentityFile ${lab.directory}/%%_%n_%h_%p_%r_%u_%i_%L_%l_%k`);
}

async function plantDigest(): Promise<string> {
  const config = await configOf(own("ControlPath %C"));
  const digest = /^controlpath (\w+)$/m.exec(await run("ssh", ["-G", "-F", config, "the-alias"]))?.[1];
  assert(digest !== undefined);
  await copyFile(lab.key.path, join(lab.directory, digest));
  return own(`IdentityFile ${lab.directory}/%C`);
}

const sound: Readonly<Record<string, () => Promise<string> | string>> = {
  "every token in a path": plantTokens,
  "%C": plantDigest,
  "%d": () => own(`IdentityFile %d/${"../".repeat(homedir().split("/").length)}${lab.key.path}`),
  "a variable": () => own('IdentityFile "${SREMOTE_TEST_PLACE}/the key"'),
  "spaces and quotes": () => own(`IdentityFile "${key}"\n  UserKnownHostsFile /nonexistent "${known}" /nonexistent/b`),
  "an agent's socket with spaces": () => own(`IdentityFile none\n  IdentityAgent "${agent.socket}"`),
  "an agent by $NAME": () => own("IdentityFile none\n  IdentityAgent $SREMOTE_TEST_AGENT"),
  "an agent by ${NAME}": () => own('IdentityFile none\n  IdentityAgent "${SREMOTE_TEST_PLACE}/agent socket"'),
  "the first value counts, but key files add up": () =>
    own(`User ${user.name}\n  IdentityFile /nonexistent\nHost *\n  User nobody-here\n  IdentityFile ${lab.key.path}`),
  "Match by exec that reads its input": () => `Match exec "cat >/dev/null; test %n = the-alias"\n  IdentityFile ${lab.key.path}`,
  "Match by host, user and final": () =>
    `Match originalhost the-alias final host ${lab.address} user ${user.name}\n  IdentityFile ${lab.key.path}`,
  "a negated Host": () => `Host * !other\n  IdentityFile ${lab.key.path}`,
  Include: () => own(`Include ${lab.directory}/included-*`),
  "AddressFamily and BindAddress": () => own(`IdentityFile ${lab.key.path}\n  AddressFamily inet\n  BindAddress 127.0.0.1`),
  NoHostAuthenticationForLocalhost: () =>
    own(`IdentityFile ${lab.key.path}\n  NoHostAuthenticationForLocalhost yes\n  UserKnownHostsFile /nonexistent`),
  "PreferredAuthentications with keys last": () =>
    own(`IdentityFile ${lab.key.path}\n  PreferredAuthentications password,keyboard-interactive,publickey`),
};

test.concurrent.each(Object.keys(sound))("%s", async (name) => {
  const config = await configOf((await sound[name]?.()) ?? "");
  const options = ["-F", config, "-o", "BatchMode=yes", "the-alias", "true"];
  expect((await tryRun("ssh", options, { env: process.env })).stderr, "ssh itself").not.toMatch(/denied|failed|terminating/i);
  expect(await attempt(config)).toMatchObject(good);
});

const bad: Readonly<Record<string, [lines: string, error: object]>> = {
  "a variable that is not set": [
    "IdentityFile ${SREMOTE_NOT_SET}/id",
    { code: "connect-failed", message: expect.stringContaining("${SREMOTE_NOT_SET}") },
  ],
  "an unknown token": ["IdentityFile /tmp/%z", { code: "connect-failed", message: expect.stringContaining("%z") }],
  "PubkeyAuthentication no": ["PubkeyAuthentication no", { code: "auth-failed", hint: expect.stringContaining("PubkeyAuthentication") }],
  "PreferredAuthentications password": [
    "PreferredAuthentications password",
    { code: "auth-failed", hint: expect.stringContaining("PreferredAuth") },
  ],
  "AddressFamily inet6 with an address of the other family": [
    "AddressFamily inet6",
    { code: "name-not-found", message: expect.stringContaining("AddressFamily") },
  ],
  "HostKeyAlgorithms of which none is known": ["HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com", { code: "unsupported" }],
};
test.concurrent.each(Object.keys(bad))("%s is an error that says so", async (name) => {
  const [line = "", error = {}] = bad[name] ?? [];
  expect(await attempt(await configOf(own(`${line}\n  IdentityFile ${lab.key.path}`)))).toMatchObject(error);
});

describe("lists of algorithms", () => {
  const lists: readonly (readonly [line: string, log: RegExp])[] = [
    ["Ciphers ^aes256-ctr", /client->server cipher: aes256-ctr/],
    ["Ciphers -aes128-gcm@openssh.com,aes256-gcm@openssh.com", /client->server cipher: aes128-ctr/],
    ["Ciphers aes192-ctr\n  MACs -*etm*,umac*", /MAC: hmac-sha2-256 compression/],
    ["Ciphers aes192-ctr\n  MACs ^hmac-sha1", /MAC: hmac-sha1 compression/],
    ["Ciphers aes192-ctr\n  MACs hmac-sha2-512", /MAC: hmac-sha2-512 compression/],
    ["KexAlgorithms ^diffie-hellman-group16-sha512", /kex: algorithm: diffie-hellman-group16-sha512/],
    ["KexAlgorithms -curve*,sntrup*", /kex: algorithm: ecdh-sha2-nistp256/],
    ["HostKeyAlgorithms ^rsa-sha2-256", /host key algorithm: rsa-sha2-256/],
  ];
  test.each(lists)("%s", async (line, expected) => {
    // Which host keys are known goes before; here it is both.
    const strict = line.startsWith("HostKey") ? { hostKey: { fingerprint: lab.hostKeys.map(({ fingerprint }) => fingerprint) } } : {};
    const config = await configOf(own(`${line}\n  IdentityFile ${lab.key.path}`));
    const before = (await lab.log()).length;
    expect(await attempt(config, strict)).toMatchObject(good);
    expect((await lab.log()).slice(before)).toMatch(expected);
  });

  test("by option win over ssh_config", async () => {
    const config = await configOf(own(`Ciphers aes192-ctr\n  IdentityFile ${lab.key.path}`));
    const before = (await lab.log()).length;
    expect(
      await attempt(config, { algorithms: { cipher: "^aes256-ctr", mac: "hmac-sha1", keyExchange: "-curve25519-sha256" } }),
    ).toMatchObject(good);
    expect((await lab.log()).slice(before)).toMatch(
      /kex: algorithm: curve25519-sha256@libssh.org[^]*cipher: aes256-ctr MAC: hmac-sha1 comp/,
    );
  });

  test.each([
    [{ cipher: "aes128-ctr,rot13" }, /^options\.algorithms\.cipher must be .*not rot13/],
    [{ kex: "x" }, /^unknown option `kex` in algorithms; the options are .*keyExchange/],
    [{ mac: 1 }, /^options\.algorithms\.mac must be /],
    ["aes", /^options\.algorithms must be /],
  ])("%j is refused before anything is sent", (algorithms, message) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a caller without types may do
    expect(() => ssh({ host: "h", algorithms: algorithms as never })).toThrow(message);
  });

  test("ciphers that the runtime lacks, or lists and refuses, are not offered", () => {
    const names = ["aes-128-ctr", "aes-256-ctr", "chacha20"];
    const createCipheriv = (name: string): unknown => {
      if (name === "chacha20") throw new Error("Unknown cipher");
      return {};
    };
    expect([...usableCiphers({ getCiphers: () => names, createCipheriv })]).toEqual(["aes128-ctr", "aes256-ctr"]);
  });
});

describe("where there is no program ssh", () => {
  const path = process.env["PATH"];
  beforeAll(() => {
    process.env["PATH"] = "/nonexistent";
  });
  afterAll(() => {
    process.env["PATH"] = path;
  });

  test("a file that is named is an error, and a failure says which one was not read", async () => {
    const config = join(lab.directory, "unread");
    await writeFile(config, "Host x\n");
    expect(await attempt(config)).toMatchObject({
      code: "unsupported",
      message: expect.stringContaining(config),
      hint: expect.stringContaining("OpenSSH client"),
    });
    await using connector = ssh({ host: "the-alias.invalid" });
    await expect(connector.exec(["true"])).rejects.toMatchObject({
      code: "name-not-found",
      hint: expect.stringMatching(/ssh_?\/?config was not read, since there is no program ssh/),
    });
  });

  test("options alone are enough", async () => {
    const target = { host: lab.address, port: lab.port, username: user.name, privateKeyPath: lab.key.path, knownHosts: lab.knownHosts };
    await using connector = ssh(target);
    expect(await connector.exec(["true"])).toMatchObject(good);
  });
});

test("~ in options is the account's home, whatever HOME says", async () => {
  const name = `.sremote-test-${process.pid}`;
  const home = join(userInfo().homedir, name);
  await mkdir(home);
  const before = process.env["HOME"];
  process.env["HOME"] = "/nonexistent";
  try {
    for (const file of ["key", "known", "config"]) await copyFile(file === "key" ? lab.key.path : lab.knownHosts, join(home, file));
    await writeFile(join(home, "config"), `Host the-alias\n  HostName ${lab.address}\n  Port ${lab.port}\n  User ${user.name}\n`);
    await run("chmod", ["600", join(home, "key")]);
    const options = { privateKeyPath: `~/${name}/key`, knownHosts: `~/${name}/known` };
    expect(await attempt(`~/${name}/config`, options)).toMatchObject(good);
    await rename(join(home, "known"), join(home, "away"));
    expect(await attempt(`~/${name}/config`, options)).toMatchObject({ code: "host-key-unknown" });
    expect(await attempt(`~/${name}/config`, { ...options, hostKey: "accept-new" })).toMatchObject(good);
    expect((await run("ssh-keygen", ["-F", `[${lab.address}]:${lab.port}`, "-f", join(home, "known")])).length).toBeGreaterThan(0);
  } finally {
    if (before !== undefined) process.env["HOME"] = before;
    await run("rm", ["-rf", home]);
  }
});

test("what a jump host lacks is said to belong into its own options", async () => {
  const jumper = await lab.addUser({ key: false, password: "jump" });
  const jump = { host: lab.address, port: lab.port, username: jumper.name, privateKeyPath: lab.key.path, knownHosts: lab.knownHosts };
  const target = { host: "127.0.0.1", port: lab.port, username: user.name, privateKeyPath: lab.key.path, knownHosts: lab.knownHosts };
  await using connector = ssh({ ...target, sshConfig: false, jump });
  await expect(connector.exec(["true"])).rejects.toMatchObject({ code: "auth-failed", hint: expect.stringContaining("jump: { host:") });
  await using unknown = ssh({ ...target, sshConfig: false, jump: { ...jump, knownHosts: "/nonexistent" } });
  await expect(unknown.exec(["true"])).rejects.toMatchObject({
    code: "host-key-unknown",
    hint: expect.stringMatching(/ssh-keyscan -p \d+ .*give the jump host options of its own: jump: \{ host: "127\.0\.0\.1", hostKey/),
  });
  await using inner = ssh({ ...target, sshConfig: false, knownHosts: "/nonexistent", jump: { ...jump, username: user.name } });
  await expect(inner.exec(["true"])).rejects.toMatchObject({
    code: "host-key-unknown",
    hint: expect.stringContaining(`ssh -p ${lab.port} ${user.name}@${lab.address} ssh-keyscan -p ${lab.port}`),
  });
});
