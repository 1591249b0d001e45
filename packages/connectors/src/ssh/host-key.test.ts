/* G04: who the host is, against real servers; that no credential was offered, the server's own log proves. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConnectError } from "@sremote/protocol";
import { afterAll, assert, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../../../scripts/labs/run.ts";
import type { Lab } from "../../../../scripts/labs/sshd.ts";
import { startSshd } from "../../../../scripts/labs/sshd.ts";
import type { Account } from "../../../../scripts/labs/users.ts";
import { openssh } from "../openssh/index.ts";
import { ssh } from "./index.ts";
import type { HostKeyPolicy, SshOptions } from "./index.ts";

let lab: Lab;
let user: Account;
let file: string;
let logged = 0;

beforeAll(async () => {
  lab = await startSshd({ hostKeys: ["rsa", "ecdsa", "ed25519"] });
  user = await lab.addUser();
  file = join(lab.directory, "known");
});
afterAll(() => lab?.stop());
beforeEach(async () => {
  logged = (await lab.log()).length;
});

const options = (more: Partial<SshOptions> = {}): SshOptions => ({
  host: lab.address,
  port: lab.port,
  username: user.name,
  privateKeyPath: lab.key.path,
  password: "canary-password",
  knownHosts: file,
  sshConfig: false,
  ...more,
});
const name = (): string => `[${lab.address}]:${lab.port}`;
const hostKey = (type: string): string => lab.hostKeys.find((key) => key.type === type)?.publicKey ?? "";
const fingerprint = (type: string): string => lab.hostKeys.find((key) => key.type === type)?.fingerprint ?? "";

/** Connects and runs a command, or returns the error. */
async function attempt(more: Partial<SshOptions> = {}): Promise<unknown> {
  await using connector = ssh(options(more));
  return await connector.exec(["true"]).catch((error: unknown) => error);
}

async function expectRefusal(result: unknown, code: string): Promise<ConnectError> {
  assert(result instanceof ConnectError, String(result));
  const error = result;
  expect(error.code).toBe(code);
  const log = (await lab.log()).slice(logged);
  expect(log, "the server saw the connection").toContain("Connection from");
  expect(log, "no user name, let alone a credential, was sent").not.toMatch(/userauth-request|Accepted|Failed|Invalid user/);
  expect(String(error.stack)).not.toContain("canary");
  return error;
}

describe("G04 a key that is not the known one is refused before credentials are offered", () => {
  test("unknown: the error has the fingerprint and says how to add the key", async () => {
    await writeFile(file, "");
    const error = await expectRefusal(await attempt(), "host-key-unknown");
    expect(error.message).toContain(fingerprint("ed25519"));
    expect(error.hint).toContain(`ssh-keyscan -p ${lab.port} -t ed25519`);
    expect(error.hint).toContain(file);
  });

  test("unknown: what the hint says helps", async () => {
    const type = "ed25519";
    await writeFile(file, await run("ssh-keyscan", ["-p", String(lab.port), "-t", type, lab.address]));
    expect(await attempt()).toMatchObject({ exitCode: 0 });
    expect((await lab.log()).slice(logged), "the log shows when a credential is offered").toMatch(/userauth-request/);
  });

  test("changed: the error names file and line", async () => {
    await writeFile(file, `# comment\n${name()} ${hostKey("ed25519").slice(0, -4)}AAAA\n`);
    const error = await expectRefusal(await attempt(), "host-key-changed");
    expect(error.message).toContain(`${file}:2`);
    expect(error.message).toContain(fingerprint("ed25519"));
    expect(error.hint).toContain(`ssh-keygen -R '${name()}'`);
  });

  test("changed: accept-new does not take it, and leaves the file as it was", async () => {
    const before = `${name()} ${hostKey("ed25519").slice(0, -4)}AAAA\n`;
    await writeFile(file, before);
    await expectRefusal(await attempt({ hostKey: "accept-new" }), "host-key-changed");
    expect(await readFile(file, "utf8")).toBe(before);
  });

  test("revoked: refused though it is known, and though accept-new is chosen", async () => {
    await writeFile(file, `${name()} ${hostKey("ed25519")}\n@revoked * ${hostKey("ed25519")}\n`);
    const error = await expectRefusal(await attempt({ hostKey: "accept-new" }), "host-key-revoked");
    expect(error.message).toContain(`${file}:2`);
  });

  test("only certified: the error says that openssh() can check certificates", async () => {
    await writeFile(file, `@cert-authority ${name()} ${hostKey("rsa")}\n`);
    const error = await expectRefusal(await attempt(), "host-key-unknown");
    expect(error.message).toContain("openssh()");
  });

  test("another fingerprint than the expected", async () => {
    const wanted = `SHA256:${"A".repeat(43)}`;
    const error = await expectRefusal(await attempt({ hostKey: { fingerprint: wanted } }), "host-key-changed");
    expect(error.message).toContain(wanted);
    expect(error.message).toContain(fingerprint("ed25519"));
  });

  // oxlint-disable-next-line typescript/no-explicit-any -- what a caller without types may do
  const verifiers: Record<string, any> = {
    "a function that throws": () => {
      throw new Error("boom");
    },
    "a function that returns a promise of true": () => Promise.resolve(true),
    "a function that returns a rejecting promise": () => Promise.reject(new Error("boom")),
    "a function that returns undefined": () => undefined,
    "a function that returns 1": () => 1,
    'a function that returns "true"': () => "true",
    "a function that returns an object": () => ({}),
    "a function that returns false": () => false,
  };
  test.each(Object.keys(verifiers))("%s refuses", async (verifier) => {
    await writeFile(file, `${name()} ${hostKey("ed25519")}\n`);
    await expectRefusal(await attempt({ hostKey: verifiers[verifier] }), "host-key-unknown");
  });

  test("the same for openssh", async () => {
    const over = async (): Promise<unknown> => {
      const target = { host: lab.address, port: lab.port, username: user.name, privateKeyPath: lab.key.path };
      await using connector = openssh({ ...target, knownHosts: file, sshConfig: false, hostKey: "strict" });
      return await connector.exec(["true"]).catch((error: unknown) => error);
    };
    await writeFile(file, "");
    await expectRefusal(await over(), "host-key-unknown");
    await writeFile(file, `${name()} ${lab.key.publicKey}\n`);
    const changed = await expectRefusal(await over(), "host-key-changed");
    expect(changed.message).toContain(`${file}:1`);
    await writeFile(file, `@revoked * ${hostKey("ed25519")}\n`);
    await expectRefusal(await over(), "host-key-revoked");
    await writeFile(file, `${name()} ${hostKey("ed25519")}\n`);
    expect(await over()).toMatchObject({ exitCode: 0 });
  });
});

describe("a known key is accepted", () => {
  test.each(["rsa", "ecdsa", "ed25519"])("of type %s, also when the host prefers another", async (type) => {
    await writeFile(file, `${name()} ${hostKey(type)}\n`);
    expect(await attempt()).toMatchObject({ exitCode: 0 });
  });

  test("under a hashed name, a wildcard, or in the second file", async () => {
    await writeFile(file, `${name()} ${hostKey("rsa")}\n`);
    await run("ssh-keygen", ["-q", "-H", "-f", file]);
    expect(await attempt()).toMatchObject({ exitCode: 0 });
    await writeFile(file, `[127.*]:* ${hostKey("rsa")}\n`);
    expect(await attempt()).toMatchObject({ exitCode: 0 });
    expect(await attempt({ knownHosts: [join(lab.directory, "missing"), file] })).toMatchObject({ exitCode: 0 });
  });

  test.each(["rsa", "ecdsa", "ed25519"])("by the fingerprint of its %s key", async (type) => {
    expect(await attempt({ hostKey: { fingerprint: fingerprint(type) }, knownHosts: "/nonexistent" })).toMatchObject({ exitCode: 0 });
  });

  test("by a function that returns true, which sees type, fingerprint and key", async () => {
    const seen: unknown[] = [];
    const accept: HostKeyPolicy = (key) => {
      seen.push(key.type, key.fingerprint, Buffer.from(key.key).toString("base64"));
      return true;
    };
    expect(await attempt({ hostKey: accept })).toMatchObject({ exitCode: 0 });
    expect(seen).toEqual(["ssh-ed25519", fingerprint("ed25519"), hostKey("ed25519").split(" ")[1]]);
  });

  test("by accept-new, which writes it down; afterwards strict is enough", async () => {
    await writeFile(file, "# mine");
    expect(await attempt({ hostKey: "accept-new" })).toMatchObject({ exitCode: 0 });
    expect(await readFile(file, "utf8")).toBe(`# mine\n${name()} ${hostKey("ed25519")}\n`);
    expect(await attempt()).toMatchObject({ exitCode: 0 });
  });
});

test("G04 a new key that could not be written down is still the only one accepted later", async () => {
  await using changing = await startSshd();
  const account = await changing.addUser();
  const target = { host: changing.address, port: changing.port, username: account.name, privateKeyPath: changing.key.path };
  // A directory is in the way of the file's own directory, so that not even root can make it.
  await writeFile(join(changing.directory, "blocked"), "");
  await using connector = ssh({
    ...target,
    knownHosts: join(changing.directory, "blocked", "known"),
    hostKey: "accept-new",
    sshConfig: false,
  });
  const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
  expect(await connector.exec(["true"])).toMatchObject({ exitCode: 0 });
  expect((await warned).message).toMatch(/could not be added/);
  await changing.changeHostKeys(["ed25519"]);
  await expect(connector.exec(["true"])).rejects.toMatchObject({ code: "host-key-changed" });
});

test("G04 a host that changes its key between two uses of one connector is refused", async () => {
  await using changing = await startSshd();
  const account = await changing.addUser();
  const target = { host: changing.address, port: changing.port, username: account.name, privateKeyPath: changing.key.path };
  const known = join(changing.directory, "accepted");
  await using connector = ssh({ ...target, knownHosts: known, hostKey: "accept-new", sshConfig: false });
  expect(await connector.exec(["true"])).toMatchObject({ exitCode: 0 });
  await changing.changeHostKeys(["ecdsa"]);
  await expect(connector.exec(["true"])).rejects.toMatchObject({ code: "host-key-changed" });
  expect(await connector.status()).toMatchObject({ ok: false, error: { code: "host-key-changed" } });
});
