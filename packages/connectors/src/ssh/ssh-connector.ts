/* The connector over ssh2. */
import { ConnectError, hostLimits, SremoteError } from "@sremote/protocol";
import type { Command, OperationOptions, SpawnedProcess, SpawnOptions } from "../connector.ts";
import { orAborted, settledWithin, withDeadline } from "../deadline.ts";
import { endProcess, type KillSignal, plainLine, ProcessConnector, startLine, Tail } from "../process/index.ts";
import { ChannelProcess } from "./channel-process.ts";
import { type Connection, suspicious } from "./connection.ts";
import { destinationLabel } from "./destination.ts";
import { killScript } from "./kill-script.ts";
import { defaultStartTimeout } from "./options.ts";
import type { SshOptions } from "./options.ts";
import { resolveSettings } from "./settings.ts";
import type { Settings } from "./settings.ts";
import { shellText } from "../command-line.ts";
import { programOf } from "../sessions-in-use.ts";
import { Slots } from "../slots.ts";

/** How long ending a command may take once the link is up, in milliseconds. */
const killTimeout = 10_000;
/** How long an orderly end may take, in milliseconds. Then links are cut. */
const closeTimeout = 5000;
/** What is kept of what a command of our own prints, in bytes. */
const keptOutput = hostLimits.lastLines;
/** How often a connector that closes looks whether the host still answers, in milliseconds. */
const watchInterval = 250;

/** Connections at the same time to a host that serves one channel for each: as many as channels with others. */
const mostSingle = 8;

export class SshConnector extends ProcessConnector {
  readonly #options: SshOptions;
  readonly #processes = new Set<ChannelProcess>();
  /** Commands that were given up before they had begun. */
  readonly #ending = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  readonly #single = new Slots(mostSingle);
  #settings: Promise<Settings> | undefined;
  #connecting: Promise<Connection> | undefined;
  #connection: Connection | undefined;
  /** Connections that get no new commands, while some still run on them. */
  readonly #retired = new Set<Connection>();

  /** @param options checked before */
  constructor(options: SshOptions) {
    super(destinationLabel(options));
    this.#options = options;
  }

  protected reach(options: OperationOptions): Promise<unknown> {
    const waitsFor = (): string | undefined => {
      if (this.#connection === undefined) return "the host to let us in";
      return `a sign of life from the host, which has sent nothing for ${(this.#connection.silence / 1000).toFixed(1)} s`;
    };
    return this.lifetime.run(options, (own) =>
      withDeadline({ ...own, waitsFor }, { label: this.label, stage: "status" }, (signal) => orAborted(this.#reach(), signal)),
    );
  }

  /** A connection that was there before may be dead, which only a request can show. */
  async #reach(): Promise<void> {
    const before = this.#connection;
    const connection = await this.#connect();
    if (connection !== before || ((await settledWithin(connection.answers(), suspicious)) && connection.isOpen)) return;
    // Another one takes its place; whether that can be made, is the answer.
    if (this.#connection === connection) this.#setAside(connection);
    await this.#connect();
  }

  protected override get occupation(): string {
    return this.#connection?.occupation ?? "";
  }

  async close(): Promise<void> {
    await this.lifetime.close();
    const connections = new Set([...this.#retired, ...(this.#connection === undefined ? [] : [this.#connection])]);
    // Nothing can be ended over a connection that is silent; without it, its callers stop waiting.
    const endSilent = (): void => {
      for (const connection of connections) {
        if (!connection.isSilent) continue;
        connections.delete(connection);
        connection.endAlone();
      }
    };
    endSilent();
    const watch = setInterval(endSilent, watchInterval);
    const disposed = [...this.#processes].map((each) => each[Symbol.asyncDispose]());
    await settledWithin(Promise.allSettled([...this.#ending, ...disposed]), closeTimeout);
    clearInterval(watch);
    this.#closing.abort(new SremoteError("closed", "the connector was closed", { host: this.label }));
    await settledWithin(this.#connecting ?? Promise.resolve(), closeTimeout);
    await Promise.all([this.#connection?.end(), ...Array.from(connections, (connection) => connection.end())]);
  }

  protected async start(command: Command, { signal, pty, onWait, purpose = programOf(command) }: SpawnOptions): Promise<SpawnedProcess> {
    const announced = startLine(command, { pty: pty !== undefined });
    const startTimeout = this.#options.startTimeout ?? defaultStartTimeout;
    const connection = await (signal === undefined ? this.#claim() : orAborted(this.#claim(signal), signal));
    let isLate = false;
    const started = connection.exec(announced.line, { signal, pty, startTimeout, onWait, purpose }, (channel, release) => {
      const process = new ChannelProcess({
        channel,
        connection,
        command: announced,
        startTimeout,
        ask: (line) => runToEnd(connection, line),
        release: () => {
          release();
          this.#processes.delete(process);
          this.#endIfUnused(connection);
        },
        signal: (pid, name) => this.#signal(connection, pid, name),
      });
      this.#processes.add(process);
      if (isLate) {
        const disposing = process[Symbol.asyncDispose]().catch(() => undefined); // The caller has its error; the channel is closed.
        const ending: Promise<unknown> = disposing.then(() => this.#ending.delete(ending));
        this.#ending.add(ending);
      }
      return process;
    });
    started.catch(() => (isLate = true));
    if (signal === undefined) return await started;
    try {
      return await orAborted(started, signal);
    } catch (error) {
      // The request is on its way: what it starts is ended as soon as it answers, with time to clean up after itself.
      if (signal.aborted) {
        const ending = started.then(endProcess, () => false).finally(() => this.#ending.delete(ending));
        this.#ending.add(ending);
      }
      throw error;
    }
  }

  /** A connection for a command: with a host that serves one channel for each, one that no other command has. */
  async #claim(signal?: AbortSignal): Promise<Connection> {
    for (;;) {
      const connection = await this.#connect();
      if (!connection.isSingle) return connection;
      const release = await this.#single.acquire(signal);
      if (connection.isOpen && connection.claim()) {
        connection.onLost(release);
        return connection;
      }
      release();
    }
  }

  #connect(): Promise<Connection> {
    const connection = this.#connection;
    if (connection?.isOpen === true) {
      if (!connection.isSilent && !connection.isSpent) return Promise.resolve(connection);
      this.#setAside(connection);
    }
    this.#connecting ??= this.#makeConnection().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** New commands get another one. Keepalive takes a minute to give this one up; it may also come to life again for those that use it. */
  #setAside(connection: Connection): void {
    this.#connection = undefined;
    this.#retired.add(connection);
  }

  #endIfUnused(connection: Connection): void {
    if (!this.#retired.has(connection) || (connection.isOpen && connection.inUse > 0)) return;
    this.#retired.delete(connection);
    connection.endAlone();
  }

  /** ssh2 takes longer to load than all the rest of the packages. A program that connects to no host does without it. */
  async #open(): Promise<Connection> {
    const [settings, { connect }] = await Promise.all([this.#resolve(), import("./connect.ts")]);
    return await connect(settings, this.#closing.signal);
  }

  async #makeConnection(): Promise<Connection> {
    const connection = await this.#open();
    this.#connection = connection;
    return connection;
  }

  async #resolve(): Promise<Settings> {
    this.#settings ??= resolveSettings(this.#options);
    try {
      return await this.#settings;
    } catch (error) {
      // ssh_config may be corrected before the next use.
      this.#settings = undefined;
      throw error;
    }
  }

  async #signal(connection: Connection, pid: number, signal: KillSignal): Promise<void> {
    const line = plainLine(shellText(killScript(pid, signal)));
    const timeout = AbortSignal.timeout(killTimeout);
    try {
      await orAborted(this.#runKill(connection, line), timeout);
    } catch (error) {
      if (!timeout.aborted) throw error;
      throw new ConnectError("connection-lost", `the host did not take ${signal} within ${killTimeout} ms`, {
        stage: "kill",
        host: this.label,
      });
    }
  }

  async #runKill(connection: Connection, line: string): Promise<void> {
    try {
      if (connection.isSingle) throw new ConnectError("channel-failed", "the host serves one channel for each connection");
      await runToEnd(connection, line);
    } catch (error) {
      if (!connection.isOpen) throw error;
      // The host allows fewer sessions for one connection than are in use; another connection has its own.
      const own = await this.#open();
      try {
        await runToEnd(own, line);
      } finally {
        await own.end();
      }
    }
  }
}

/** @returns the end of what it printed */
async function runToEnd(connection: Connection, line: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const output = new Tail(keptOutput);
  const forget = connection.onLost(reject);
  // Callers that wait for the start learn of a lost link there.
  promise.catch(() => undefined);
  return await connection
    .execAtOnce(line, (channel) => {
      channel.stderr.resume();
      channel.on("data", (chunk: Buffer) => output.add(chunk));
      channel.once("close", () => resolve(Buffer.from(output.bytes)));
      channel.end();
    })
    .then(() => promise)
    .finally(forget);
}
