/* What a case of a fault needs: an account on a real sshd, a proxy in front of it, a client through the proxy, and a place where functions leave traces. */
import { existsSync } from "node:fs";
import { chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RemoteClient, type RemoteClientOptions } from "@sremote/client";
import { ssh } from "@sremote/connectors";
import { SremoteError } from "@sremote/protocol";
import { type Proxy, startProxy } from "../../scripts/labs/proxy.ts";
import type { Lab, UserOptions } from "../../scripts/labs/sshd.ts";
import type { Account } from "../../scripts/labs/users.ts";
import { until } from "../../scripts/labs/wait.ts";
import type { Runtime } from "../support/effects.ts";
import { faultModule, plantFaultModules } from "./fault-module.ts";

/** Milliseconds. The lease is long enough for every fault that is lifted, and short enough to wait for. */
export const heartbeat = 300;
export const lease = 8000;

/** Accounts that cases use in turn: as many cases run at once. */
export class Accounts {
  readonly all: Account[] = [];
  readonly #free: Account[] = [];
  readonly #waiting: ((account: Account) => void)[] = [];

  async prepare(lab: Lab, count: number, options: UserOptions = {}): Promise<void> {
    for (let each = 0; each < count; each++) {
      const account = await lab.addUser(options);
      await plantFaultModules(account.home);
      this.all.push(account);
      this.#free.push(account);
    }
  }

  /** One that nobody uses, until it is given back. */
  async take(): Promise<Account> {
    return this.#free.shift() ?? (await new Promise<Account>((resolve) => this.#waiting.push(resolve)));
  }

  giveBack(account: Account): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(account);
    else next(account);
  }
}

let places = 0;

export class Bench implements AsyncDisposable {
  readonly proxy: Proxy;
  readonly client: RemoteClient;
  readonly runtime: Runtime;
  readonly module: string;
  /** The directory for traces. */
  readonly place: string;
  readonly #giveBack: () => void;

  private constructor(proxy: Proxy, client: RemoteClient, runtime: Runtime, place: string, giveBack: () => void) {
    this.proxy = proxy;
    this.client = client;
    this.runtime = runtime;
    this.module = faultModule[runtime];
    this.place = place;
    this.#giveBack = giveBack;
  }

  /** Waits for a free account. */
  static async start(lab: Lab, accounts: Accounts, runtime: Runtime, options: RemoteClientOptions = {}): Promise<Bench> {
    const account = await accounts.take();
    const place = join(account.home, `place-${++places}`);
    await mkdir(place, { mode: 0o755 });
    await chown(place, account.uid, account.gid);
    const proxy = await startProxy({ host: lab.address, port: lab.port });
    return new Bench(proxy, Bench.#connect(lab, account, proxy.port, runtime, options), runtime, place, () => accounts.giveBack(account));
  }

  static #connect(lab: Lab, account: Account, port: number, runtime: Runtime, options: RemoteClientOptions): RemoteClient {
    const connector = ssh({
      host: lab.address,
      port,
      username: account.name,
      privateKeyPath: lab.key.path,
      hostKey: { fingerprint: lab.hostKeys.map(({ fingerprint }) => fingerprint) },
      sshConfig: false,
      connectTimeout: 3000,
    });
    return new RemoteClient(connector, {
      runtime,
      pwdDir: "steps",
      workers: 1,
      heartbeatInterval: heartbeat,
      resumeTimeout: lease,
      ...options,
    });
  }

  /** How often a function that traces has run. */
  async effects(): Promise<number> {
    const file = join(this.place, "effects");
    return existsSync(file) ? (await readFile(file, "utf8")).split("\n").length - 1 : 0;
  }

  /** Resolves when the function says that it runs. @returns its process id */
  async running(): Promise<number> {
    return await until("the function to run", async () => {
      const file = join(this.place, "running");
      // Between its making and its writing it is empty.
      return existsSync(file) && (Number(await readFile(file, "utf8")) || undefined);
    });
  }

  /** Lets functions that wait for it go on. */
  async go(): Promise<void> {
    await writeFile(join(this.place, "go"), "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.proxy.restore();
    this.proxy.setDelay(0);
    await this.client.close();
    await this.proxy.stop();
    this.#giveBack();
  }
}

/** How a case ended: with a value, or with an error of ours and its code. Anything else is thrown on. */
export type Outcome = { value: unknown } | { code: string; message: string };

export async function outcomeOf(promise: PromiseLike<unknown>): Promise<Outcome> {
  try {
    return { value: await promise };
  } catch (error) {
    if (error instanceof SremoteError) return { code: error.code, message: error.message };
    throw error;
  }
}
