/* What all benchmarks of one run share: one sshd, accounts on it, and ways to reach them. */
import { realpathSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RemoteClient, type RemoteClientOptions } from "@sremote/client";
import { ssh } from "@sremote/connectors";
import { run } from "../scripts/labs/run.ts";
import { type Lab, startSshd } from "../scripts/labs/sshd.ts";
import type { Account } from "../scripts/labs/users.ts";
import { ensurePeers, type PeerName, peerNames, peersPython, type PeersSetup } from "../scripts/setup-peers.ts";
import { ensureSystemPackages } from "../scripts/setup-system.ts";
import { Peer } from "./peer.ts";

/** The interpreter on the host, of all alike. */
export const hostPython = "/usr/bin/python3";

export class Setting implements AsyncDisposable {
  readonly lab: Lab;
  /** The account that most figures are measured with. */
  readonly account: Account;
  readonly setup: PeersSetup;

  private constructor(lab: Lab, account: Account, setup: PeersSetup) {
    this.lab = lab;
    this.account = account;
    this.setup = setup;
  }

  static async open(): Promise<Setting> {
    ensureSystemPackages();
    const setup = ensurePeers();
    const lab = await startSshd();
    const setting = new Setting(lab, await lab.addUser(), setup);
    await setting.#prepareForRpyc(setting.account);
    return setting;
  }

  /** Our connector. @param port another one, such as a proxy's */
  connector(account: Account = this.account, port: number = this.lab.port): ReturnType<typeof ssh> {
    const hostKey = { fingerprint: this.lab.hostKeys.map(({ fingerprint }) => fingerprint) };
    return ssh({ host: this.lab.address, port, username: account.name, privateKeyPath: this.lab.key.path, hostKey, sshConfig: false });
  }

  client(options: RemoteClientOptions = {}, account: Account = this.account, port: number = this.lab.port): RemoteClient {
    return new RemoteClient(this.connector(account, port), options);
  }

  /** Rejects unless the client's calls run in the interpreter that the floors and the peers use. */
  async checkPython(client: RemoteClient): Promise<void> {
    const { value } = await client.doRemoteCall("os.path", "realpath", ["/proc/self/exe"]);
    if (value !== realpathSync(hostPython)) throw new Error(`the client's calls run in ${String(value)}, not in ${hostPython}`);
  }

  hasPeer(name: PeerName): boolean {
    return this.setup.versions[name] !== undefined;
  }

  /** Drivers of the peers that are there and wanted, not yet connected. */
  async peers(wanted: readonly PeerName[] = peerNames, account: Account = this.account, port: number = this.lab.port): Promise<Peer[]> {
    const config = join(this.lab.directory, `ssh_config_${account.name}_${port}`);
    await writeFile(config, this.#sshConfig(account, port));
    return wanted.filter((name) => this.hasPeer(name)).map((name) => new Peer(name, "bench", config, hostPython));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.stop();
  }

  /** With no master connection, no compression of its own, and nothing of the user's configuration. */
  #sshConfig(account: Account, port: number): string {
    const options = {
      HostName: this.lab.address,
      Port: port,
      User: account.name,
      IdentityFile: this.lab.key.path,
      IdentitiesOnly: "yes",
      IdentityAgent: "none",
      UserKnownHostsFile: this.lab.knownHosts,
      GlobalKnownHostsFile: "/dev/null",
      HostKeyAlias: `[${this.lab.address}]:${this.lab.port}`,
      StrictHostKeyChecking: "yes",
      BatchMode: "yes",
      ControlMaster: "no",
      ControlPath: "none",
      LogLevel: "ERROR",
    };
    return ["Host bench", ...Object.entries(options).map(([name, value]) => `  ${name} ${value}`), ""].join("\n");
  }

  /** rpyc must be installed on its host; it is copied there as its own zerodeploy would do. */
  async #prepareForRpyc(account: Account): Promise<void> {
    if (!this.hasPeer("rpyc")) return;
    const program = "import os, rpyc; print(os.path.dirname(os.path.dirname(rpyc.__file__)))";
    const packages = (await run(peersPython, ["-c", program])).trim();
    const target = join(account.home, "rpyc-host");
    await run("mkdir", [target]);
    await run("sh", ["-c", 'cd "$1" && cp -r rpyc plumbum typing_extensions.py "$2"', "sh", packages, target]);
    await run("chown", ["-R", `${account.uid}:${account.gid}`, target]);
  }
}
