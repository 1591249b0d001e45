/* Credentials against a real sshd: what is offered, in which order, and what is said when none is taken. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { ConnectError } from "@sremote/protocol";
import { afterAll, assert, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startAgent } from "../../../../scripts/labs/agent.ts";
import type { KeyPair } from "../../../../scripts/labs/keys.ts";
import { makeKey } from "../../../../scripts/labs/keys.ts";
import type { Lab } from "../../../../scripts/labs/sshd.ts";
import { startSshd } from "../../../../scripts/labs/sshd.ts";
import type { Account } from "../../../../scripts/labs/users.ts";
import { ssh } from "./index.ts";
import type { SshOptions } from "./index.ts";

const password = "canary-right-password";
const wrong = "canary-wrong-password";
const passphrase = "canary-passphrase";

let lab: Lab;
let keyUser: Account;
let passwordUser: Account;
let encrypted: KeyPair;
let stranger: KeyPair;
let logged = 0;

beforeAll(async () => {
  lab = await startSshd();
  encrypted = await makeKey(join(lab.directory, "encrypted"), "ed25519", passphrase);
  stranger = await makeKey(join(lab.directory, "stranger"));
  keyUser = await lab.addUser({ publicKeys: [encrypted.publicKey] });
  passwordUser = await lab.addUser({ key: false, password });
});
afterAll(() => lab?.stop());
beforeEach(async () => {
  logged = (await lab.log()).length;
});

async function attempt(more: Partial<SshOptions>, at: Lab = lab): Promise<unknown> {
  await using connector = ssh({ host: at.address, port: at.port, sshConfig: false, knownHosts: at.knownHosts, ...more });
  const result = await connector.exec(["true"]).catch((error: unknown) => error);
  // G27: whatever happens, no secret is in what can be printed.
  expect(inspect([result, connector], { depth: 10, showHidden: true }) + String(result instanceof Error && result.stack)).not.toMatch(
    /canary/,
  );
  return result;
}

const newLog = async (): Promise<string> => (await lab.log()).slice(logged);
const good = { exitCode: 0 };

describe("keys", () => {
  test("by path, by text, and encrypted with its passphrase", async () => {
    const username = keyUser.name;
    expect(await attempt({ username, privateKeyPath: lab.key.path })).toMatchObject(good);
    expect(await attempt({ username, privateKey: await readFile(lab.key.path, "utf8") })).toMatchObject(good);
    expect(await attempt({ username, privateKey: await readFile(lab.key.path) })).toMatchObject(good);
    expect(await attempt({ username, privateKeyPath: encrypted.path, passphrase })).toMatchObject(good);
    expect(await attempt({ username, privateKeyPath: [stranger.path, lab.key.path] })).toMatchObject(good);
  });

  test("of every type", async () => {
    for (const type of ["rsa", "ecdsa"] as const) {
      const key = await makeKey(join(lab.directory, `user-${type}`), type);
      const { name } = await lab.addUser({ key: false, publicKeys: [key.publicKey] });
      expect(await attempt({ username: name, privateKeyPath: key.path })).toMatchObject(good);
    }
  });

  test("a missing or wrong passphrase is said before anything is sent", async () => {
    const missing = await attempt({ username: keyUser.name, privateKeyPath: encrypted.path });
    expect(missing).toMatchObject({ code: "auth-failed", message: expect.stringContaining("no passphrase was given") });
    const unfit = await attempt({ username: keyUser.name, privateKeyPath: encrypted.path, passphrase: wrong });
    expect(unfit).toMatchObject({ code: "auth-failed", message: expect.stringContaining("does not fit") });
    expect(await newLog()).not.toContain("Connection from");
  });

  test("a file that is missing or no key is an invalid argument", async () => {
    const missing = await attempt({ username: keyUser.name, privateKeyPath: join(lab.directory, "missing") });
    expect(missing).toMatchObject({
      code: "invalid-argument",
      message: expect.stringMatching(/^options\.privateKeyPath must be a readable file, .*ENOENT/),
    });
    const none = await attempt({ username: keyUser.name, privateKeyPath: lab.knownHosts });
    expect(none).toMatchObject({ code: "invalid-argument", message: expect.stringMatching(/^options\.privateKeyPath/) });
    const text = await attempt({ username: keyUser.name, privateKey: "canary" });
    expect(text).toMatchObject({ code: "invalid-argument", message: expect.stringMatching(/^options\.privateKey must be /) });
  });
});

describe("an agent", () => {
  test("signs with its keys; without the right one the host refuses", async () => {
    await using agent = await startAgent(join(lab.directory, "agent"));
    await agent.add(stranger.path);
    const refused = await attempt({ username: keyUser.name, agent: agent.socket });
    expect(refused).toMatchObject({ code: "auth-failed", message: expect.stringContaining("tried agent") });
    await agent.add(lab.key.path);
    expect(await attempt({ username: keyUser.name, agent: agent.socket })).toMatchObject(good);
    // G36: the host cannot use it unless that is asked for.
    for (const [forwardAgent, expected] of [
      [undefined, "none"],
      [true, "socket"],
    ] as const) {
      const options = { host: lab.address, port: lab.port, sshConfig: false, knownHosts: lab.knownHosts, username: keyUser.name };
      await using connector = ssh({ ...options, agent: agent.socket, ...(forwardAgent === undefined ? {} : { forwardAgent }) });
      const { stdout } = await connector.exec(["sh", "-c", 'if [ -S "$SSH_AUTH_SOCK" ]; then echo socket; else echo none; fi']);
      expect(Buffer.from(stdout).toString().trim()).toBe(expected);
    }
  });

  test("that is not there is passed over for the next credential", async () => {
    const options = { username: keyUser.name, agent: join(lab.directory, "no-agent"), password: wrong };
    expect(await attempt(options)).toMatchObject({
      code: "auth-failed",
      message: expect.stringMatching(/tried password;.*not used: the agent at .*no-agent cannot be reached/),
    });
    expect(await attempt({ ...options, privateKeyPath: lab.key.path })).toMatchObject(good);
  });
});

describe("passwords", () => {
  test("the right one opens, a wrong one is tried once", async () => {
    expect(await attempt({ username: passwordUser.name, password })).toMatchObject(good);
    logged = (await lab.log()).length;
    const refused = await attempt({ username: passwordUser.name, password: wrong });
    assert(refused instanceof ConnectError);
    expect(refused).toMatchObject({ code: "auth-failed", message: expect.stringContaining("tried password") });
    expect(refused.message).toContain("the host offers publickey,");
    expect((await newLog()).match(/Failed password for/g)).toHaveLength(1);
  });

  test("keys come before the password", async () => {
    expect(await attempt({ username: passwordUser.name, privateKeyPath: stranger.path, password })).toMatchObject(good);
    expect(await newLog()).toMatch(/userauth-request [^\n]* method publickey[\s\S]*userauth-request [^\n]* method password/);
  });

  test("an unknown user, and no credential at all, are refused alike", async () => {
    expect(await attempt({ username: "srl-nobody", password })).toMatchObject({ code: "auth-failed" });
    const nothing = await attempt({ username: passwordUser.name, agent: false, keyboardInteractive: () => [] });
    expect(nothing).toMatchObject({ code: "auth-failed" });
  });

  test("status says whether the credentials work", async () => {
    const options = { host: lab.address, port: lab.port, sshConfig: false, knownHosts: lab.knownHosts, username: passwordUser.name };
    await using right = ssh({ ...options, password });
    expect(await right.status()).toMatchObject({ ok: true });
    await using unfit = ssh({ ...options, password: wrong });
    expect(await unfit.status()).toMatchObject({ ok: false, error: { code: "auth-failed" } });
  });
});

describe("keyboard-interactive", () => {
  let interactive: Lab;
  let account: Account;

  beforeAll(async () => {
    interactive = await startSshd({ pam: true, config: ["PasswordAuthentication no", "PubkeyAuthentication no"] });
    account = await interactive.addUser({ key: false, password });
  });
  afterAll(() => interactive?.stop());

  test("the password answers the one hidden question, and a wrong one is tried once", async () => {
    expect(await attempt({ username: account.name, password }, interactive)).toMatchObject(good);
    const before = (await interactive.log()).length;
    const refused = await attempt({ username: account.name, password: wrong }, interactive);
    expect(refused).toMatchObject({ code: "auth-failed", message: expect.stringContaining("tried keyboard-interactive") });
    // sshd writes its log in its own time.
    await expect.poll(async () => (await interactive.log()).slice(before), { timeout: 10_000 }).toMatch(/Failed keyboard-interactive\/pam/);
    const log = (await interactive.log()).slice(before);
    expect(log.match(/Failed keyboard-interactive\/pam/g)).toHaveLength(1);
    expect(log).not.toMatch(/method password/);
  });

  test("a callback sees the question and answers it", async () => {
    const asked: unknown[] = [];
    const keyboardInteractive: SshOptions["keyboardInteractive"] = async (prompts) => {
      asked.push(...prompts);
      return [password];
    };
    expect(await attempt({ username: account.name, keyboardInteractive }, interactive)).toMatchObject(good);
    expect(asked).toEqual([{ prompt: expect.stringMatching(/password/i), echo: false }]);
  });

  test("a callback that throws or answers wrongly is refused", async () => {
    for (const keyboardInteractive of [() => Promise.reject(new Error("canary")), () => [], () => [wrong]]) {
      const refused = await attempt({ username: account.name, keyboardInteractive }, interactive);
      expect(refused).toMatchObject({ code: "auth-failed" });
    }
  });
});

test("a host that wants a key and a password gets both", async () => {
  await using both = await startSshd({ config: ["AuthenticationMethods publickey,password"] });
  const account = await both.addUser({ password });
  const username = account.name;
  expect(await attempt({ username, privateKeyPath: both.key.path, password }, both)).toMatchObject(good);
  expect(await attempt({ username, privateKeyPath: both.key.path }, both)).toMatchObject({ code: "auth-failed" });
});

test("too many keys for the host are an authentication failure that says so", async () => {
  const keys = await Promise.all(Array.from({ length: 8 }, (_, index) => makeKey(join(lab.directory, `many-${index}`))));
  const refused = await attempt({ username: keyUser.name, privateKeyPath: keys.map((key) => key.path) });
  expect(refused).toMatchObject({ code: "auth-failed", message: expect.stringContaining("Too many authentication failures") });
});

test("G27 no password or passphrase is in an argument list, a log or a file of the host's", async () => {
  const { name } = passwordUser;
  await using connector = ssh({ host: lab.address, port: lab.port, knownHosts: lab.knownHosts, username: name, password, passphrase });
  // Every process of the machine, this one included, which is both ends.
  const { stdout } = await connector.exec(["ps", "-A", "-o", "args="]);
  expect(Buffer.from(stdout).toString()).toContain(`sshd: ${name}`);
  expect(Buffer.from(stdout).toString()).not.toContain("canary");
  const environment = await connector.exec(["env"]);
  expect(Buffer.from(environment.stdout).toString()).not.toContain("canary");
  expect((await connector.exec(["grep", "-r", "canary", passwordUser.home])).exitCode).toBe(1);
  expect(await lab.log()).not.toContain("canary");
});
