/* What a fleet promises with the connectors that it makes by itself, as its configuration and the user's ssh_config say. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Fleet, fleet, type FleetOptions, insecureCluster } from "@sremote/fleet";
import { InvalidArgumentError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type AgentLab, startAgent } from "../../scripts/labs/agent.ts";
import { makeKey } from "../../scripts/labs/keys.ts";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import type { Account } from "../../scripts/labs/users.ts";
import { hostPath } from "../support/hosts.ts";

let lab: Lab;
let user: Account;
let agent: AgentLab;
let directory: string;
beforeAll(async () => {
  lab = await startSshd({ config: [`SetEnv PATH=${hostPath}`, "AllowAgentForwarding yes", "X11Forwarding yes"] });
  user = await lab.addUser();
  directory = await mkdtemp(join(tmpdir(), "sremote-default-"));
  agent = await startAgent(join(directory, "agent"));
  await agent.add(lab.key.path);
  vi.stubEnv("SSH_AUTH_SOCK", agent.socket);
  vi.stubEnv("DISPLAY", ":99");
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await agent?.stop();
  await lab?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** An ssh_config that asks for everything that may be forwarded. */
async function sshConfig(name: string, knownHosts: string): Promise<string> {
  const path = join(directory, name);
  const lines = [
    "Host node1",
    `  HostName ${lab.address}`,
    `  Port ${lab.port}`,
    `  User ${user.name}`,
    `  IdentityFile ${lab.key.path}`,
    `  UserKnownHostsFile ${knownHosts}`,
    "  GlobalKnownHostsFile /dev/null",
    "  ForwardAgent yes",
    "  ForwardX11 yes",
    "  RequestTTY force",
    "",
  ];
  await writeFile(path, lines.join("\n"), { mode: 0o600 });
  return path;
}

describe.each(["ssh", "openssh"] as const)("over %s", (connector) => {
  const open = async (knownHosts: string, more: FleetOptions = {}): Promise<Fleet> =>
    fleet("node1", { connector, sshConfig: await sshConfig(connector, knownHosts), logLevel: "silent", ...more });

  test("G36 neither processes nor calls have a terminal, an agent or a display", async () => {
    await using hosts = await open(lab.knownHosts);
    const [job] = (await hosts.run('tty; echo "display=$DISPLAY agent=$SSH_AUTH_SOCK tty=$SSH_TTY"')).jobs;
    expect([job!.reason, job!.stdout]).toEqual(["exit", "not a tty\ndisplay= agent= tty=\n"]);
    for (const name of ["SSH_AUTH_SOCK", "DISPLAY", "SSH_TTY"]) {
      const call = await hosts.call("os", "getenv", [name]).orThrow();
      expect(call.jobs[0]!.value, name).toBeNull();
    }
    expect((await hosts.call("os", "isatty", [1])).jobs[0]!.value).toBe(false);
    // It is the default alone that is off: a terminal is there for who asks.
    expect((await hosts.run("tty", { pty: true })).jobs[0]!.stdout).toMatch(/^\/dev\/pts\/\d+\r\n$/);
  });

  test("G04 an unknown and a changed key are refused, by runs, calls and transfers alike, and no credential is offered", async () => {
    const { publicKey } = await makeKey(join(directory, `other-${connector}`));
    const known = { unknown: join(directory, `${connector}-unknown`), changed: join(directory, `${connector}-changed`) };
    await writeFile(known.unknown, "");
    await writeFile(known.changed, `[${lab.address}]:${lab.port} ${publicKey}\n`);
    const logged = (await lab.log()).length;
    for (const [which, path] of Object.entries(known)) {
      await using hosts = await open(path);
      for (const run of [hosts.run("echo ran"), hosts.call("os", "getpid"), hosts.push(path, "there")]) {
        const [job] = (await run).jobs;
        expect([job!.reason, job!.error?.code, job!.stdout]).toEqual(["unreachable", `host-key-${which}`, ""]);
      }
    }
    const log = (await lab.log()).slice(logged);
    expect(log).toContain("Connection from");
    expect(log).not.toMatch(/userauth-request|Accepted|Failed/);
    expect(await readFile(known.unknown, "utf8"), "and nothing is believed from now on").toBe("");
    // Each other choice has to be made.
    await using believed = await open(known.changed, insecureCluster);
    expect((await believed.run("true")).ok).toBe(true);
    await using once = await open(known.unknown, { hostKey: "accept-new" });
    expect((await once.run("true")).ok).toBe(true);
    await using later = await open(known.unknown);
    expect((await later.run("true")).ok).toBe(true);
  });

  test("G08 G31 directories, values and file names of any kind reach no shell, of runs, calls and transfers alike", async () => {
    const odd = `it's "$(touch pwned)" \`touch pwned\`; touch pwned & *\n-rf é`;
    await using hosts = await open(lab.knownHosts);
    await hosts.run(["mkdir", "--", odd]).orThrow();
    const there = hosts.cd(odd);
    expect((await there.run("pwd; printf %s {{odd}}", { lists: { odd: [odd] } })).jobs[0]!.stdout).toBe(`${user.home}/${odd}\n${odd}`);
    expect((await there.call("os", "getcwd")).jobs[0]!.value).toBe(`${user.home}/${odd}`);
    expect((await there.call("os.path", "basename", [odd])).jobs[0]!.value).toBe(odd);
    const here = join(directory, `${connector} ${odd}`);
    await writeFile(here, "content");
    await hosts.push(here, `${odd}/${odd}`).orThrow();
    await hosts.pull(`${odd}/${odd}`, `${here} back`).orThrow();
    // What comes from a host is named after it, also where there is but one.
    expect(await readFile(`${here} back.node1`, "utf8")).toBe("content");
    expect((await readdir(user.home)).filter((name) => !name.startsWith("."))).toEqual([odd]);
    await hosts.run(["rm", "-r", "--", odd]).orThrow();
    for (const address of ["-oProxyCommand=touch pwned", "$(touch pwned)", "node1;touch pwned"]) {
      expect(() => fleet([{ address }], { connector })).toThrow(InvalidArgumentError);
      expect(() => fleet([{ address: "node1", username: address }], { connector })).toThrow(InvalidArgumentError);
    }
  });
});
