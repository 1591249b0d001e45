/* How the peers are called: for a command on many hosts, and for a file to many hosts. */
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type FleetPeerName, peersPython, type PeersSetup } from "../../scripts/setup-peers.ts";
import type { Program } from "./child.ts";
import type { Hosts } from "./hosts.ts";

export class FleetPeers {
  readonly #setup: PeersSetup<FleetPeerName>;
  readonly #hosts: Hosts;
  readonly #names: string;

  constructor(setup: PeersSetup<FleetPeerName>, hosts: Hosts) {
    this.#setup = setup;
    this.#hosts = hosts;
    this.#names = hosts.hosts.map(({ name }) => name).join(",");
  }

  /** Files that they read. */
  async prepare(): Promise<void> {
    const { hosts, directory } = this.#hosts;
    const lines = hosts.map(({ name }) => `${name} ansible_python_interpreter=/usr/bin/python3\n`);
    await writeFile(join(directory, "inventory"), lines.join(""));
    await writeFile(join(directory, "ansible.cfg"), "");
  }

  /** Of those that are there, by name; those over ssh with its own algorithms, and with those that ssh2 uses, too. */
  running(command: string): Record<string, Program> {
    const { hosts } = this.#hosts;
    const clush: MakeProgram = (config) => ({ command: [...this.#clush(config), command] });
    const taktuk: MakeProgram = (config) => {
      const machines = hosts.flatMap(({ name }) => ["-m", name]);
      // No tree: the accounts of one host cannot log in to the next.
      const flat = ["-d", "-1", "-w", String(hosts.length)];
      return { command: ["taktuk", "-c", `ssh -F ${config}`, ...flat, ...machines, "broadcast", "exec", "[", command, "]"] };
    };
    const ansible: MakeProgram = (config) => this.#ansible(config, ["-m", "raw", "-a", command]);
    const library = fileURLToPath(new URL("parallel_ssh.py", import.meta.url));
    return {
      ...this.#both("ClusterShell", "clush", clush),
      ...this.#both("taktuk", "taktuk", taktuk),
      ...this.#both("ansible-core", "ansible raw", ansible),
      ...(this.#has("parallel-ssh") && {
        [`parallel-ssh ${this.#setup.versions["parallel-ssh"]!}${fairMark}`]: {
          command: [peersPython, library, JSON.stringify({ hosts, command })],
        },
      }),
    };
  }

  /** @param target below each home directory */
  copying(source: string, target: string): Record<string, Program> {
    const clush: MakeProgram = (config) => ({ command: [...this.#clush(config), "--copy", source, "--dest", target] });
    const ansible: MakeProgram = (config) => this.#ansible(config, ["-m", "copy", "-a", `src=${source} dest=${target}`]);
    return { ...this.#both("ClusterShell", "clush --copy", clush), ...this.#both("ansible-core", "ansible copy", ansible) };
  }

  #has(name: FleetPeerName): boolean {
    return this.#setup.versions[name] !== undefined;
  }

  #both(peer: FleetPeerName, name: string, make: MakeProgram): Record<string, Program> {
    const version = this.#setup.versions[peer];
    if (version === undefined) return {};
    const { config, fairConfig } = this.#hosts;
    return { [`${name} ${version}`]: make(config), [`${name} ${version}${fairMark}`]: make(fairConfig) };
  }

  #clush(config: string): [string, ...string[]] {
    return [installed("clush"), "-q", "-f", String(this.#hosts.hosts.length), "-w", this.#names, "-o", `-F ${config}`];
  }

  #ansible(config: string, args: readonly string[]): Program {
    const { hosts, directory } = this.#hosts;
    const own = join(directory, "ansible");
    return {
      command: [installed("ansible"), "all", "-i", join(directory, "inventory"), "-f", String(hosts.length), ...args],
      env: {
        ANSIBLE_HOME: own,
        ANSIBLE_LOCAL_TEMP: join(own, "tmp"),
        ANSIBLE_CONFIG: join(directory, "ansible.cfg"),
        ANSIBLE_SSH_ARGS: `-F ${config}`,
      },
    };
  }
}

/** Behind the names of those that use the algorithms that ssh2 uses. */
export const fairMark = ", curve25519";

/** @param config path of an ssh_config */
type MakeProgram = (config: string) => Program;

function installed(name: string): string {
  return join(dirname(peersPython), name);
}
