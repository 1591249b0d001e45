/* Many hosts on loopback addresses, served by real sshd, and hosts in trouble among them. Needs root. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeKey } from "./keys.ts";
import { freePort } from "./port.ts";
import { type Proxy, startProxy } from "./proxy.ts";
import { type Lab, startSshd } from "./sshd.ts";
import type { Account } from "./users.ts";

/** sshd's MAX_LISTEN_SOCKS. */
const mostListeners = 16;

export interface ManyHostsOptions {
  /** Hosts that work, up to sixteen served by one sshd and with one host key: `node1`, … at 127.0.1.1, …. Default 64. */
  count?: number;
  /** They are all one sshd, so that its limits are theirs together. Default false. */
  behindOne?: boolean;
  /** More that work, each with an sshd and a host key of its own: `own1`, …. Default 0. */
  own?: number;
  /** Nothing listens there: `dead1`, …. Default 0. */
  dead?: number;
  /** Connections are accepted and never answered: `hole1`, …. Default 0. */
  holes?: number;
  /** Each packet takes a while, 50 ms in each direction: `slow1`, …. Default 0. */
  slow?: number;
  /** They show another key than the known one: `wrong1`, …. Default 0. */
  wrong?: number;
  /** Lines of sshd_config. */
  config?: readonly string[];
}

/** How a host is reached, as `Host` of a fleet takes it. */
export interface LabHost {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly username: string;
  readonly privateKeyPath: string;
}

export interface ManyHosts extends AsyncDisposable {
  /** By kind and number: `hosts.filter(({ name }) => name.startsWith("node"))`. */
  readonly hosts: readonly LabHost[];
  readonly knownHosts: string;
  readonly account: Account;
  readonly lab: Lab;
}

export async function startManyHosts(options: ManyHostsOptions = {}): Promise<ManyHosts> {
  const directory = await mkdtemp(join(tmpdir(), "sremote-many-"));
  const started: AsyncDisposable[] = [];
  const stop = async (): Promise<void> => {
    for (const each of started.toReversed()) await each[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    return { ...(await start(options, directory, started)), [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: ManyHostsOptions,
  directory: string,
  started: AsyncDisposable[],
): Promise<Omit<ManyHosts, keyof AsyncDisposable>> {
  const { count = 64, behindOne = false, own = 0, dead = 0, holes = 0, slow = 0, wrong = 0, config = [] } = options;
  const use = <T extends AsyncDisposable>(each: T): T => {
    started.push(each);
    return each;
  };
  const known: string[] = [];
  const hosts: LabHost[] = [];
  const lab = use(await startSshd({ config }));
  const account = await lab.addUser();
  const add = (
    name: string,
    address: string,
    at: number,
    publicKey: string | undefined,
    user = account.name,
    privateKeyPath = lab.key.path,
  ): void => {
    hosts.push({ name, address, port: at, username: user, privateKeyPath });
    if (publicKey !== undefined) known.push(`[${address}]:${at} ${publicKey}\n`);
  };
  const shown = lab.hostKeys[0]?.publicKey;
  const addresses = Array.from({ length: count }, (_, index) => `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`);
  if (behindOne) {
    for (const [index, address] of addresses.entries()) {
      const proxy = use(await startProxy({ host: lab.address, port: lab.port }, { address }));
      add(`node${index + 1}`, address, proxy.port, shown);
    }
  } else {
    const accounts = `AuthorizedKeysFile ${join(lab.directory, "authorized", "%u")}`;
    for (let begin = 0; begin < count; begin += mostListeners) {
      const [address, ...others] = addresses.slice(begin, begin + mostListeners) as [string, ...string[]];
      const port = await freePort(address);
      const listen = others.map((each) => `ListenAddress ${each}:${port}`);
      const server = use(await startSshd({ address, port, config: [...config, accounts, ...listen] }));
      for (const [index, each] of [address, ...others].entries())
        add(`node${begin + index + 1}`, each, port, server.hostKeys[0]?.publicKey);
    }
  }
  for (let index = 1; index <= own; index += 1) {
    const server = use(await startSshd({ address: `127.0.10.${index}`, config }));
    const user = await server.addUser();
    add(`own${index}`, server.address, server.port, server.hostKeys[0]?.publicKey, user.name, server.key.path);
  }
  for (let index = 1; index <= dead; index += 1) add(`dead${index}`, `127.0.11.${index}`, await freePort(`127.0.11.${index}`), shown);
  const proxied = async (name: string, address: string, publicKey: string | undefined): Promise<Proxy> => {
    const proxy = use(await startProxy({ host: lab.address, port: lab.port }, { address }));
    add(name, address, proxy.port, publicKey);
    return proxy;
  };
  for (let index = 1; index <= holes; index += 1) (await proxied(`hole${index}`, `127.0.12.${index}`, shown)).blackhole();
  for (let index = 1; index <= slow; index += 1) (await proxied(`slow${index}`, `127.0.13.${index}`, shown)).setDelay(50);
  const other = wrong > 0 ? (await makeKey(join(directory, "other"))).publicKey : undefined;
  for (let index = 1; index <= wrong; index += 1) await proxied(`wrong${index}`, `127.0.14.${index}`, other);
  const knownHosts = join(directory, "known_hosts");
  await writeFile(knownHosts, known.join(""));
  return { hosts, knownHosts, account, lab };
}
