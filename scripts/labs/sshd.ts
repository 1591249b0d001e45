/* Real OpenSSH servers on loopback, with accounts, keys and files of their own. Needs root and /usr/sbin/sshd. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { KeyPair, KeyType } from "./keys.ts";
import { makeKey } from "./keys.ts";
import { freePort } from "./port.ts";
import { findProcesses, isAlive, processTree, signalEach } from "./processes.ts";
import type { Account } from "./users.ts";
import { createAccount, removeAccounts, sweepAccounts } from "./users.ts";
import { isListening, until } from "./wait.ts";

const sshd = "/usr/sbin/sshd";
const directoryPrefix = "sremote-lab-";

export interface SshdOptions {
  /** Loopback address to listen at. Default 127.0.0.1. */
  address?: string;
  /** Default: a free one. */
  port?: number;
  /** Host keys. Default: ed25519 alone. */
  hostKeys?: readonly KeyType[];
  /** Needed for keyboard-interactive. Default false. */
  pam?: boolean;
  /** Lines that come first in sshd_config, and so win over the lab's own. Limits are sshd's defaults. */
  config?: readonly string[];
}

export interface UserOptions {
  /** Authorizes the lab's key for the account. Default true. */
  key?: boolean;
  /** More public keys to authorize. */
  publicKeys?: readonly string[];
  /** Sets a password. */
  password?: string;
  /** Login shell. Default /bin/bash. */
  shell?: string;
  /** Files below the home directory, such as `.bashrc`. */
  files?: Readonly<Record<string, string | Uint8Array>>;
  /** Makes the home directory belong to root and unwritable for the user. */
  readOnlyHome?: boolean;
}

export interface Lab extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  readonly directory: string;
  /** Authorized for root and, unless asked otherwise, for each user. */
  readonly key: KeyPair;
  /** The keys the server shows now. */
  readonly hostKeys: readonly KeyPair[];
  /** A known_hosts file with the keys the server had at its first start. */
  readonly knownHosts: string;
  addUser(options?: UserOptions): Promise<Account>;
  /** What sshd logged so far, at DEBUG1. */
  log(): Promise<string>;
  /** Restarts on the same port with new host keys. */
  changeHostKeys(types?: readonly KeyType[]): Promise<void>;
  /** Ends the listener and every session. */
  halt(): Promise<void>;
  /** Starts again after `halt`. */
  resume(): Promise<void>;
  /** Ends sessions but not the listener. */
  endSessions(): Promise<void>;
  /** Ends everything and removes accounts and files. */
  stop(): Promise<void>;
}

export async function startSshd(options: SshdOptions = {}): Promise<Lab> {
  if (process.getuid?.() !== 0) throw new Error("the sshd lab needs root");
  if (!existsSync(sshd)) throw new Error(`the sshd lab needs ${sshd} (Debian: openssh-server)`);
  await sweepAccounts();
  await sweepServers();
  const directory = await mkdtemp(join(tmpdir(), `${directoryPrefix}${process.pid}-`));
  await chmod(directory, 0o755);
  const lab = new SshdLab(directory, options);
  try {
    await lab.prepare();
    await lab.resume();
  } catch (error) {
    await lab.stop();
    throw error;
  }
  return lab;
}

// A test run that was killed leaves its servers behind; their directory holds their pid and the name of their maker.
async function sweepServers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const maker = new RegExp(`^${directoryPrefix}(\\d+)-`).exec(name)?.[1];
    if (maker === undefined || isAlive(Number(maker))) continue;
    const directory = join(tmpdir(), name);
    const left = await findProcesses((entry) => entry.command.includes(`${directory}/`));
    signalEach(
      left.map((entry) => entry.pid),
      "SIGKILL",
    );
    await rm(directory, { recursive: true, force: true });
  }
}

class SshdLab implements Lab {
  readonly directory: string;
  readonly address: string;
  port = 0;
  key!: KeyPair;
  hostKeys: KeyPair[] = [];
  readonly knownHosts: string;
  readonly #options: SshdOptions;
  readonly #accounts: Account[] = [];
  #child: ChildProcess | undefined;
  #generation = 0;

  constructor(directory: string, options: SshdOptions) {
    this.directory = directory;
    this.address = options.address ?? "127.0.0.1";
    this.knownHosts = join(directory, "known_hosts");
    this.#options = options;
  }

  async prepare(): Promise<void> {
    await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
    await mkdir(join(this.directory, "authorized"), { mode: 0o755 });
    await mkdir(join(this.directory, "home"), { mode: 0o755 });
    this.port = this.#options.port ?? (await freePort(this.address));
    const hostKeys = this.#makeHostKeys(this.#options.hostKeys ?? ["ed25519"]);
    [this.key] = await Promise.all([makeKey(join(this.directory, "user_key")), hostKeys]);
    await writeFile(this.knownHosts, this.hostKeys.map((key) => `[${this.address}]:${this.port} ${key.publicKey}\n`).join(""));
    await writeFile(join(this.directory, "authorized", "root"), `${this.key.publicKey}\n`);
  }

  async addUser(options: UserOptions = {}): Promise<Account> {
    const home = await mkdtemp(join(this.directory, "home", "u-"));
    const account = await createAccount(home, options.shell ?? "/bin/bash", options.password);
    this.#accounts.push(account);
    for (const [name, content] of Object.entries(options.files ?? {})) {
      await mkdir(join(home, name, ".."), { recursive: true });
      await writeFile(join(home, name), content);
      for (let path = name; path !== "."; path = dirname(path)) await chown(join(home, path), account.uid, account.gid);
    }
    if (options.readOnlyHome === true) await chmod(home, 0o555);
    else {
      await chmod(home, 0o700);
      await chown(home, account.uid, account.gid);
    }
    const authorized = [...(options.key === false ? [] : [this.key.publicKey]), ...(options.publicKeys ?? [])];
    await writeFile(join(this.directory, "authorized", account.name), authorized.map((line) => `${line}\n`).join(""));
    return account;
  }

  async log(): Promise<string> {
    return await readFile(this.#logPath, "utf8");
  }

  async changeHostKeys(types: readonly KeyType[] = this.hostKeys.map((key) => key.type)): Promise<void> {
    await this.halt();
    await this.#makeHostKeys(types);
    await this.resume();
  }

  async resume(): Promise<void> {
    const config = join(this.directory, "sshd_config");
    await writeFile(config, this.#config());
    const log = await open(this.#logPath, "a");
    try {
      // sshd insists on an absolute path, to execute itself for each connection.
      this.#child = spawn(sshd, ["-D", "-e", "-f", config], { stdio: ["ignore", log.fd, log.fd] });
    } finally {
      await log.close();
    }
    const child = this.#child;
    await until(`sshd listening at ${this.address}:${this.port}`, async () => {
      if (child.exitCode !== null) throw new Error(`sshd exited with ${child.exitCode}:\n${await this.log()}`);
      return await isListening(this.address, this.port);
    });
  }

  async halt(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    this.#child = undefined;
    const tree = await processTree(child.pid);
    const exited = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
    signalEach(tree, "SIGKILL");
    await exited;
    await until("sshd's sessions to end", async () => {
      const left = await findProcesses((entry) => tree.includes(entry.pid));
      return left.length === 0;
    });
  }

  async endSessions(): Promise<void> {
    const listener = this.#child?.pid;
    if (listener === undefined) return;
    const [, ...sessions] = await processTree(listener);
    signalEach(sessions, "SIGKILL");
  }

  async stop(): Promise<void> {
    await this.halt();
    await removeAccounts(this.#accounts.splice(0));
    await rm(this.directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #logPath(): string {
    return join(this.directory, "sshd.log");
  }

  async #makeHostKeys(types: readonly KeyType[]): Promise<void> {
    this.#generation += 1;
    const path = (type: KeyType): string => join(this.directory, `host_${type}_${this.#generation}`);
    this.hostKeys = await Promise.all(types.map((type) => makeKey(path(type), type)));
  }

  #config(): string {
    return [
      ...(this.#options.config ?? []),
      `ListenAddress ${this.address}:${this.port}`,
      ...this.hostKeys.map((key) => `HostKey ${key.path}`),
      `AuthorizedKeysFile ${join(this.directory, "authorized", "%u")}`,
      // The lab's directories lie below /tmp, which everyone may write to.
      "StrictModes no",
      `PidFile ${join(this.directory, "sshd.pid")}`,
      `UsePAM ${this.#options.pam === true ? "yes" : "no"}`,
      "PermitRootLogin yes",
      "UseDNS no",
      "PrintMotd no",
      "LogLevel DEBUG1",
      "Subsystem sftp internal-sftp",
      "",
    ].join("\n");
  }
}
