/* The hosts that fleets are measured on: each address has an account of its own, so that what is copied there lies apart. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LabHost, startManyHosts } from "../../scripts/labs/many-hosts.ts";
import type { Account } from "../../scripts/labs/users.ts";

export interface Hosts extends AsyncDisposable {
  readonly hosts: readonly LabHost[];
  /** One for each host. */
  readonly accounts: readonly Account[];
  readonly knownHosts: string;
  /** What ssh gets with `-F`: its own choice of algorithms, and that of ssh2, which is faster here. */
  readonly config: string;
  readonly fairConfig: string;
  /** A place for files on this side. */
  readonly directory: string;
}

/** What ssh2 chooses by itself; ssh's own key exchange of today costs it several times as much. */
const fair = ["KexAlgorithms curve25519-sha256", "Ciphers aes128-gcm@openssh.com"];

export async function startHosts(count: number): Promise<Hosts> {
  await using stack = new AsyncDisposableStack();
  // All of them at once are what is measured, not sshd's defence against it.
  const many = stack.use(await startManyHosts({ count, config: ["MaxStartups 1000", "LogLevel ERROR"] }));
  const directory = await mkdtemp(join(tmpdir(), "sremote-bench-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const accounts: Account[] = [];
  for (let index = 0; index < count; index += 1) accounts.push(await many.lab.addUser());
  const hosts = many.hosts.map((host, index) => ({ ...host, username: accounts[index]!.name }));
  const write = async (name: string, more: readonly string[]): Promise<string> => {
    const path = join(directory, name);
    await writeFile(path, sshConfig(hosts, many.knownHosts, more));
    return path;
  };
  const config = await write("ssh_config", []);
  const fairConfig = await write("ssh_config_fair", fair);
  const kept = stack.move();
  return {
    hosts,
    accounts,
    knownHosts: many.knownHosts,
    config,
    fairConfig,
    directory,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** With no master connection, no compression, and nothing of the user's configuration. */
function sshConfig(hosts: readonly LabHost[], knownHosts: string, more: readonly string[]): string {
  const each = hosts.flatMap(({ name, address, port, username, privateKeyPath }) => [
    `Host ${name}`,
    `  HostName ${address}`,
    `  Port ${port}`,
    `  User ${username}`,
    `  IdentityFile ${privateKeyPath}`,
  ]);
  const all = [
    "IdentitiesOnly yes",
    "IdentityAgent none",
    `UserKnownHostsFile ${knownHosts}`,
    "GlobalKnownHostsFile /dev/null",
    "StrictHostKeyChecking yes",
    "BatchMode yes",
    "ControlMaster no",
    "ControlPath none",
    "LogLevel ERROR",
    ...more,
  ];
  return [...each, "Host *", ...all.map((line) => `  ${line}`), ""].join("\n");
}
