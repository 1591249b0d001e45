/* Agents that are slow, silent or gone, and the order of keys, against a real sshd with its MaxAuthTries of 6. */
import { rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AgentLab } from "../../../../scripts/labs/agent.ts";
import { startAgent } from "../../../../scripts/labs/agent.ts";
import type { KeyPair } from "../../../../scripts/labs/keys.ts";
import { makeKey } from "../../../../scripts/labs/keys.ts";
import { run } from "../../../../scripts/labs/run.ts";
import type { Lab } from "../../../../scripts/labs/sshd.ts";
import { startSshd } from "../../../../scripts/labs/sshd.ts";
import type { Account } from "../../../../scripts/labs/users.ts";
import { ssh } from "./index.ts";
import type { SshAgent, SshOptions } from "./index.ts";

let lab: Lab;
let user: Account;
let full: AgentLab;
let others: AgentLab;
const strangers: KeyPair[] = [];

/** An agent with seven keys that the host does not know, then the good one; and one without that. */
beforeAll(async () => {
  lab = await startSshd();
  user = await lab.addUser();
  full = await startAgent(join(lab.directory, "full"));
  others = await startAgent(join(lab.directory, "others"));
  for (let count = 0; count < 7; count += 1) strangers.push(await makeKey(join(lab.directory, `stranger-${count}`)));
  for (const { path } of strangers) await Promise.all([full.add(path), others.add(path)]);
  await full.add(lab.key.path);
});
afterAll(async () => {
  await full?.stop();
  await others?.stop();
  await lab?.stop();
});

let configs = 0;
/** Options by ssh_config, which is where key files are named without being the caller's. */
async function configured(lines: readonly string[], more: Partial<SshOptions> = {}): Promise<SshOptions> {
  const config = join(lab.directory, `agent-config-${(configs += 1)}`);
  const base = [`HostName ${lab.address}`, `Port ${lab.port}`, `User ${user.name}`, `UserKnownHostsFile ${lab.knownHosts}`];
  await writeFile(config, `Host t\n  ${[...lines, ...base].join("\n  ")}\n`);
  return { host: "t", sshConfig: config, ...more };
}

let halves = 0;
/** A file with the public half of the good key, away from the key. */
async function publicHalf(): Promise<string> {
  const path = join(lab.directory, `good-half-${(halves += 1)}.pub`);
  await writeFile(path, lab.key.publicKey);
  return path;
}

async function attempt(options: SshOptions): Promise<unknown> {
  await using connector = ssh(options);
  return await connector.exec(["true"]).catch((error: unknown) => error);
}

const good = { exitCode: 0 };
const refused = (text: RegExp): object => ({ code: "auth-failed", message: expect.stringMatching(text) });

describe("the order of keys", () => {
  test("a key that a file names comes before the agent's others, and each is offered once", async () => {
    const lines = [`IdentityAgent ${full.socket}`, `IdentityFile ${lab.key.path}`];
    expect(await attempt(await configured(lines))).toMatchObject(good);
    const first = strangers.slice(0, 3).map(({ path }) => `IdentityFile ${path}`);
    // Three in the agent and as files, then the good one: seven offers if each were made twice.
    await using few = await startAgent(join(lab.directory, "few"));
    for (const { path } of strangers.slice(0, 3)) await few.add(path);
    expect(await attempt(await configured([`IdentityAgent ${few.socket}`, ...first, `IdentityFile ${lab.key.path}`]))).toMatchObject(good);
  });

  test("too many keys are said to be too many, with the cure", async () => {
    const result = await attempt(await configured([`IdentityAgent ${others.socket}`, `IdentityFile ${lab.key.path}`]));
    expect(result).toMatchObject({ ...refused(/Too many authentication failures/), hint: expect.stringContaining("IdentitiesOnly yes") });
  });

  test("the same key twice is offered once", async () => {
    const before = (await lab.log()).length;
    const path = Array.from({ length: 5 }, () => strangers[0]?.path ?? "");
    const target = { host: lab.address, port: lab.port, username: user.name, knownHosts: lab.knownHosts, sshConfig: false as const };
    expect(await attempt({ ...target, privateKeyPath: path, agent: false })).toMatchObject({ code: "auth-failed" });
    const offers = (await lab.log()).slice(before).match(/userauth-request for user \S+ service ssh-connection method publickey/g);
    expect(offers).toHaveLength(1);
  });
});

describe("a key of which only the public half is there", () => {
  const kinds = ["a file with the public half", "a path whose .pub lies there alone", "an encrypted key without .pub"] as const;
  test.each(kinds)("is used from the agent: %s", async (kind) => {
    const key = await makeKey(join(lab.directory, `half-${kinds.indexOf(kind)}`));
    await full.add(key.path);
    const account = await lab.addUser({ key: false, publicKeys: [key.publicKey] });
    if (kind === "an encrypted key without .pub") {
      await run("ssh-keygen", ["-q", "-p", "-P", "", "-N", "secret", "-f", key.path]);
      await rm(`${key.path}.pub`);
    } else await rm(key.path);
    const path = kind === "a file with the public half" ? `${key.path}.pub` : key.path;
    const lines = [`User ${account.name}`, "IdentitiesOnly yes", `IdentityFile ${path}`];
    const own = await configured([...lines, `IdentityAgent ${full.socket}`]);
    expect(await attempt(own), "by ssh_config").toMatchObject(good);
    expect(await attempt({ ...own, privateKeyPath: path }), "named by the caller").toMatchObject(good);
    const lacking =
      kind === "an encrypted key without .pub" ? /no passphrase was given/ : /only the public half of a key, and .* the other/;
    for (const agent of [false, others.socket] as const) {
      expect(await attempt({ ...own, privateKeyPath: path, agent })).toMatchObject({ message: expect.stringMatching(lacking) });
      expect(await attempt(await configured([...lines, `IdentityAgent ${agent === false ? "none" : agent}`]))).toMatchObject(
        refused(lacking),
      );
    }
  });
});

type Meddle = (type: number, client: Socket, pass: () => void) => boolean;

/** Between client and agent: `meddle` sees each request's type, and returns true to keep it from the agent. */
async function betweenAgent(socket: string, meddle: Meddle): Promise<AsyncDisposable & { listening: boolean }> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const agent = connect(full.socket);
    for (const each of [client, agent]) {
      sockets.add(each);
      each.on("error", () => undefined);
    }
    agent.pipe(client);
    client.on("data", (chunk) => {
      if (!meddle(chunk[4] ?? 0, client, () => agent.write(chunk))) agent.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    listening: server.listening,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      for (const each of sockets) each.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const list = 11;
const signing = 13;
const answered = (client: Socket, answer: Buffer | string): boolean => {
  client.write(answer);
  return true;
};
const failure = Buffer.from([0, 0, 0, 1, 5]);
const cutList = Buffer.from([0, 0, 0, 6, 12, 0, 0, 0, 9, 1]);

const faults: Readonly<Record<string, [meddle: Meddle, said: string]>> = {
  "does not list its keys": [(type) => type === list, "did not list its keys within 300 ms"],
  "does not sign": [(type) => type === signing, "did not sign within 300 ms"],
  "refuses to list": [(type, client) => type === list && answered(client, failure), "refused to list its keys"],
  "refuses to sign": [(type, client) => type === signing && answered(client, failure), "refused to sign"],
  "closes the connection": [(_, client) => Boolean(client.end()), "closed the connection without an answer"],
  "speaks another protocol": [(_, client) => answered(client, "HTTP/1.1 400 Bad Request\r\n\r\n"), "does not speak the agent protocol"],
  "lists what is no list": [(type, client) => type === list && answered(client, cutList), "does not speak the agent protocol"],
};

describe.concurrent("an agent that does not do its part is named, and the next credential is used", () => {
  test.each(Object.keys(faults))("%s", async (fault) => {
    const [meddle, said] = faults[fault] ?? [() => false, ""];
    const socket = join(lab.directory, fault.replaceAll(" ", "-"));
    await using server = await betweenAgent(socket, meddle);
    const half = await publicHalf();
    expect(server.listening).toBe(true);
    const lines = ["IdentitiesOnly yes", `IdentityAgent "${socket}"`, `IdentityFile ${half}`];
    expect(await attempt(await configured(lines, { agentTimeout: 300 }))).toMatchObject({
      code: "auth-failed",
      message: expect.stringContaining(`the agent at ${socket} ${said}`),
    });
    const second = await makeKey(`${socket}-second`);
    const { name } = await lab.addUser({ publicKeys: [second.publicKey] });
    const both = await configured([`User ${name}`, ...lines, `IdentityFile ${second.path}`], { agentTimeout: 300 });
    expect(await attempt(both)).toMatchObject(good);
  });

  test("a signature may take longer than connectTimeout, as when a person has to touch a key", async () => {
    const socket = join(lab.directory, "slow");
    await using server = await betweenAgent(socket, (type, _client, pass) => {
      if (type !== signing) return false;
      setTimeout(pass, 1500);
      return true;
    });
    expect(server.listening).toBe(true);
    const lines = [`IdentityAgent ${socket}`, `IdentityFile ${await publicHalf()}`];
    expect(await attempt(await configured(lines, { connectTimeout: 1000 }))).toMatchObject(good);
  });
});

test("an agent given as an object signs, is named when it fails, and has a deadline", async () => {
  const inner = ssh2.createAgent(full.socket);
  const blob = Buffer.from(lab.key.publicKey.split(" ")[1] ?? "", "base64");
  const working: SshAgent = {
    getIdentities: (done) => done(null, [Uint8Array.from(blob)]),
    sign: (_key, data, _options, done) =>
      inner.sign(blob, Buffer.from(data), {}, (error, signature) => done(error ?? null, toBytes(signature))),
  };
  const silent: SshAgent = { getIdentities: (done) => done(null, [blob.toString("base64")]), sign: () => undefined };
  const target = { host: lab.address, port: lab.port, username: user.name, knownHosts: lab.knownHosts, sshConfig: false as const };
  const half = await publicHalf();
  expect(await attempt({ ...target, privateKeyPath: half, agent: working })).toMatchObject(good);
  expect(await attempt({ ...target, privateKeyPath: half, agent: silent, agentTimeout: 200, connectTimeout: 5000 })).toMatchObject(
    refused(/options\.agent did not sign within 200 ms/),
  );
});

function toBytes(signature: Buffer | string | undefined): Uint8Array {
  return typeof signature === "string" ? Buffer.from(signature, "latin1") : (signature ?? Buffer.alloc(0));
}
