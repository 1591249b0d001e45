/* Hosts that want more than one credential, some that want none, and what they say to people, against real servers. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
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
import type { SshOptions } from "./index.ts";

const password = "canary-right-password";
const keyboardInteractive = (): string[] => [password];
const good = { exitCode: 0 };

async function attempt(options: SshOptions): Promise<unknown> {
  await using connector = ssh(options);
  return await connector.exec(["true"]).catch((error: unknown) => error);
}

const refused = (summary: RegExp, hint: RegExp): object => ({
  code: "auth-failed",
  message: expect.stringMatching(summary),
  hint: expect.stringMatching(hint),
});

const orders = [
  "publickey,password",
  "publickey,keyboard-interactive",
  "password,publickey",
  "keyboard-interactive,publickey",
  "publickey,publickey",
  "publickey,keyboard-interactive:pam publickey,password",
] as const;

describe.concurrent.each(orders)("a host with AuthenticationMethods %s", (methods) => {
  let lab: Lab;
  let user: Account;
  let agent: AgentLab;
  let second: KeyPair;

  beforeAll(async () => {
    lab = await startSshd({ pam: methods.includes("keyboard"), config: [`AuthenticationMethods ${methods}`] });
    second = await makeKey(join(lab.directory, "second"));
    user = await lab.addUser({ password, publicKeys: [second.publicKey] });
    agent = await startAgent(join(lab.directory, "agent"));
    for (const path of [second.path, lab.key.path]) await agent.add(path);
  });
  afterAll(async () => {
    await agent?.stop();
    await lab?.stop();
  });

  const answers: Partial<SshOptions> = methods === "publickey,publickey" ? {} : { password };

  test("takes keys named by the caller, by ssh_config, and of an agent, with the other factor", async () => {
    const target = { host: lab.address, port: lab.port, username: user.name, knownHosts: lab.knownHosts, sshConfig: false as const };
    expect(await attempt({ ...target, ...answers, privateKeyPath: [lab.key.path, second.path] }), "named").toMatchObject(good);
    expect(await attempt({ ...target, ...answers, agent: agent.socket }), "agent").toMatchObject(good);
    if (methods.includes("keyboard")) {
      expect(await attempt({ ...target, keyboardInteractive, agent: agent.socket }), "callback").toMatchObject(good);
    }
    const config = join(lab.directory, "config");
    await writeFile(config, `Host *\n  IdentityAgent none\n  IdentityFile ${lab.key.path}\n  IdentityFile ${second.path}\n`);
    expect(await attempt({ ...target, ...answers, sshConfig: config }), "ssh_config").toMatchObject(good);
  });

  test("says what was accepted and what is lacking", async () => {
    const target = { host: lab.address, port: lab.port, username: user.name, knownHosts: lab.knownHosts, sshConfig: false as const };
    if (methods.startsWith("publickey")) {
      const result = await attempt({ ...target, privateKeyPath: lab.key.path });
      const summary = /the host accepted publickey \(.*user_key\) of \S+, and wants another credential as well/;
      expect(result).toMatchObject(refused(summary, methods === "publickey,publickey" ? /./ : /pass (?:password|keyboardInteractive)/));
      if (methods === "publickey,publickey") return;
      // Also of an agent's key, after which no other is offered.
      const byAgent = await attempt({ ...target, agent: agent.socket });
      expect(byAgent).toMatchObject(
        refused(/the host accepted agent key \S+ of .*: tried agent key \S+; the host offers (?!publickey)/, /pass /),
      );
    } else {
      const result = await attempt({ ...target, password, agent: false });
      expect(result).toMatchObject(refused(/the host accepted (?:password|keyboard-interactive) of/, /no key|check the user name/));
    }
  });
});

describe("what a host says to people is in the error", () => {
  let lab: Lab;
  let banner: string;
  beforeAll(async () => {
    lab = await startSshd({ pam: true, config: ["Banner /nonexistent"] });
    banner = join(lab.directory, "banner");
  });
  afterAll(() => lab?.stop());

  test("an account that has expired", async () => {
    const { name } = await lab.addUser({ password });
    await run("chage", ["-E", "1", name]);
    const target = { host: lab.address, port: lab.port, username: name, knownHosts: lab.knownHosts, sshConfig: false as const };
    expect(await attempt({ ...target, privateKeyPath: lab.key.path })).toMatchObject({
      lastLines: expect.stringContaining("Your account has expired"),
    });
  });

  test("a banner before a refusal, without control sequences and not endless", async () => {
    await using strict = await startSshd({ config: [`Banner ${banner}`] });
    await writeFile(
      banner,
      `see https://example.org/access\n${"x".repeat(20_000)}\nask \u001B[31mdesk@example.org\u001B]0;title\u0007 for access\n`,
    );
    const { name } = await strict.addUser({ key: false });
    const target = { host: strict.address, port: strict.port, username: name, knownHosts: strict.knownHosts, sshConfig: false as const };
    const result = await attempt({ ...target, privateKeyPath: strict.key.path });
    expect(result).toMatchObject({ code: "auth-failed", lastLines: expect.stringMatching(/^see https:.*desk@example.org/s) });
    const { lastLines = "" } = result as { lastLines?: string };
    expect(lastLines.length).toBeLessThan(3000);
    expect(lastLines).not.toMatch(/[^\P{Cc}\n]/u);
  });
});
