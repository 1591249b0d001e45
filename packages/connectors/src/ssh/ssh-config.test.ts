/* The user's ssh_config, read by `ssh -G`, against real servers. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startAgent } from "../../../../scripts/labs/agent.ts";
import { makeKey } from "../../../../scripts/labs/keys.ts";
import type { Lab } from "../../../../scripts/labs/sshd.ts";
import { startSshd } from "../../../../scripts/labs/sshd.ts";
import type { Account } from "../../../../scripts/labs/users.ts";
import { openssh } from "../openssh/index.ts";
import { ssh } from "./index.ts";
import type { SshOptions } from "./index.ts";

let lab: Lab;
let jumpLab: Lab;
let user: Account;
let jumper: Account;
let config: string;
let files = 0;

beforeAll(async () => {
  lab = await startSshd();
  jumpLab = await startSshd({ address: "127.0.0.2" });
  user = await lab.addUser();
  jumper = await jumpLab.addUser();
});
afterAll(async () => {
  await lab?.stop();
  await jumpLab?.stop();
});

const block = (name: string, of: Lab, account: Account, more: readonly string[] = []): string =>
  [
    `Host ${name}`,
    ...more,
    `HostName ${of.address}`,
    `Port ${of.port}`,
    `User ${account.name}`,
    `IdentityFile ${of.key.path}`,
    `UserKnownHostsFile ${of.knownHosts}`,
    "",
  ].join("\n  ");

async function write(...blocks: string[]): Promise<void> {
  files += 1;
  config = join(lab.directory, `config-${files}`);
  await writeFile(config, blocks.join("\n"));
}

async function whoami(host: string, more: Partial<SshOptions> = {}): Promise<string> {
  await using connector = ssh({ host, sshConfig: config, agent: false, ...more });
  return Buffer.from((await connector.exec(["id", "-un"])).stdout)
    .toString()
    .trim();
}

describe("ssh_config", () => {
  test("gives address, port, user, key and known hosts for an alias", async () => {
    await write(block("my-alias", lab, user));
    expect(await whoami("my-alias")).toBe(user.name);
    await using connector = openssh({ host: "my-alias", sshConfig: config });
    expect(
      Buffer.from((await connector.exec(["id", "-un"])).stdout)
        .toString()
        .trim(),
    ).toBe(user.name);
  });

  test("is overridden by options, and not read with sshConfig: false", async () => {
    await write(block("my-alias", lab, user));
    expect(await whoami("my-alias", { username: "root", privateKeyPath: lab.key.path })).toBe("root");
    await expect(whoami("my-alias.invalid", { sshConfig: false })).rejects.toMatchObject({ code: "name-not-found" });
  });

  test("leads through jump hosts, each with its own user and known hosts; jump: false goes straight", async () => {
    await write(block("inner", lab, user, ["ProxyJump outer"]), block("outer", jumpLab, jumper));
    const before = (await jumpLab.log()).length;
    expect(await whoami("inner")).toBe(user.name);
    expect((await jumpLab.log()).slice(before)).toContain(`Accepted publickey for ${jumper.name}`);
    const between = (await jumpLab.log()).length;
    expect(await whoami("inner", { jump: false })).toBe(user.name);
    expect((await jumpLab.log()).slice(between)).not.toContain("Accepted");
    expect(
      await whoami("my-inner", {
        jump: "outer",
        host: lab.address,
        port: lab.port,
        username: user.name,
        privateKeyPath: lab.key.path,
        knownHosts: [lab.knownHosts, jumpLab.knownHosts],
      }),
    ).toBe(user.name);
  });

  test("HostKeyAlias and StrictHostKeyChecking accept-new", async () => {
    const known = join(lab.directory, "alias-known");
    const lines = ["HostKeyAlias the-alias", "StrictHostKeyChecking accept-new", `UserKnownHostsFile ${known}`, "HashKnownHosts no"];
    await write(block("new", lab, user, lines));
    expect(await whoami("new")).toBe(user.name);
    expect(await readFile(known, "utf8")).toBe(`the-alias ${lab.hostKeys[0]?.publicKey}\n`);
    await writeFile(known, `the-alias ${lab.key.publicKey}\n`);
    await write(block("new", lab, user, ["StrictHostKeyChecking no", ...lines]));
    await expect(whoami("new"), "even `no` takes no changed key").rejects.toMatchObject({ code: "host-key-changed" });
  });

  test("IdentityAgent and IdentitiesOnly", async () => {
    await using agent = await startAgent(join(lab.directory, "config-agent"));
    await agent.add(lab.key.path);
    const stranger = await makeKey(join(lab.directory, "config-stranger"));
    await agent.add(stranger.path);
    const alone = block("agent", lab, user, [`IdentityAgent ${agent.socket}`]).replace(/IdentityFile .*/, "IdentityFile /nonexistent");
    await write(alone);
    expect(await whoami("agent", { agent: undefined })).toBe(user.name);
    await write(alone.replace("IdentityFile /nonexistent", `IdentityFile ${stranger.path}\n  IdentitiesOnly yes`));
    await expect(whoami("agent", { agent: undefined })).rejects.toMatchObject({ code: "auth-failed" });
  });

  test.each(["ProxyCommand nc %h %p", "CertificateFile /tmp/cert", "KnownHostsCommand /bin/true %H"])(
    "%s is an error that names openssh()",
    async (line) => {
      await write(block("special", lab, user, [line]));
      await expect(whoami("special")).rejects.toMatchObject({ code: "unsupported", hint: expect.stringContaining("openssh()") });
    },
  );

  test("ciphers and key exchanges are restricted, or refused when none is left", async () => {
    await write(block("cipher", lab, user, ["Ciphers aes256-ctr", "KexAlgorithms ecdh-sha2-nistp384"]));
    const before = (await lab.log()).length;
    expect(await whoami("cipher")).toBe(user.name);
    const log = (await lab.log()).slice(before);
    expect(log).toMatch(/client->server cipher: aes256-ctr/);
    expect(log).toMatch(/kex: algorithm: ecdh-sha2-nistp384/);
    await write(block("cipher", lab, user, ["KexAlgorithms sntrup761x25519-sha512@openssh.com"]));
    await expect(whoami("cipher")).rejects.toMatchObject({ code: "unsupported", hint: expect.stringContaining("openssh()") });
  });

  test("a file with errors is said to have them", async () => {
    await write("Host x\n  NoSuchOption yes\n");
    await expect(whoami("x")).rejects.toMatchObject({
      code: "connect-failed",
      lastLines: expect.stringMatching(/NoSuchOption|nosuchoption/i),
    });
  });
});
