/* G36 for what a fleet starts, with the connectors that it makes by itself: whatever the user's ssh_config asks for. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fleet } from "@sremote/fleet";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type AgentLab, startAgent } from "../../scripts/labs/agent.ts";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import { hostPath } from "../support/hosts.ts";

let lab: Lab;
let agent: AgentLab;
let directory: string;
let sshConfig: string;
beforeAll(async () => {
  lab = await startSshd({ config: [`SetEnv PATH=${hostPath}`, "AllowAgentForwarding yes", "X11Forwarding yes"] });
  const user = await lab.addUser();
  directory = await mkdtemp(join(tmpdir(), "sremote-default-"));
  agent = await startAgent(join(directory, "agent"));
  await agent.add(lab.key.path);
  vi.stubEnv("SSH_AUTH_SOCK", agent.socket);
  vi.stubEnv("DISPLAY", ":99");
  sshConfig = join(directory, "config");
  const lines = [
    "Host node1",
    `  HostName ${lab.address}`,
    `  Port ${lab.port}`,
    `  User ${user.name}`,
    `  IdentityFile ${lab.key.path}`,
    `  UserKnownHostsFile ${lab.knownHosts}`,
    "  ForwardAgent yes",
    "  ForwardX11 yes",
    "  RequestTTY force",
    "",
  ];
  await writeFile(sshConfig, lines.join("\n"), { mode: 0o600 });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await agent?.stop();
  await lab?.stop();
  await rm(directory, { recursive: true, force: true });
});

test.each(["ssh", "openssh"] as const)(
  "G36 neither processes nor calls have a terminal, an agent or a display over %s",
  async (connector) => {
    await using hosts = fleet("node1", { connector, sshConfig, logLevel: "silent" });
    const run = await hosts.run('tty; echo "display=$DISPLAY agent=$SSH_AUTH_SOCK tty=$SSH_TTY"');
    expect(run.jobs[0]).toMatchObject({ reason: "exit", stdout: "not a tty\ndisplay= agent= tty=\n" });
    for (const name of ["SSH_AUTH_SOCK", "DISPLAY", "SSH_TTY"]) {
      const call = await hosts.call("os", "getenv", [name]).orThrow();
      expect(call.jobs[0]!.value, name).toBeNull();
    }
    expect((await hosts.call("os", "isatty", [1])).jobs[0]!.value).toBe(false);
    // It is the default alone that is off: a terminal is there for who asks.
    expect((await hosts.run("tty", { pty: true })).jobs[0]!.stdout).toMatch(/^\/dev\/pts\/\d+\r\n$/);
  },
);
