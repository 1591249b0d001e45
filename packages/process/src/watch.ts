/* How a process that runs is watched over, and what ends it: by the watchdog of its connection, or by one of its own. */
import type { Connector, SpawnedProcess } from "@sremote/connectors";
import { settledWithin } from "@sremote/connectors";
import { type Ended, Watchdog, period, type Signal } from "./watchdog.ts";

export interface Watch {
  /** Ends it with all below it: see Watchdog. Resolves with undefined where its end could not be checked. */
  end(signal: Signal, grace: number): Promise<Ended | undefined>;
  /** Resolves when the host says that it was sent to all. @throws ConnectError when the host does not answer */
  signal(signal: Signal): Promise<void>;
  /** The process is over. */
  release(): Promise<void>;
}

/** Told of the process, which reads its input itself. */
export class SharedWatch implements Watch {
  readonly #watchdog: Watchdog;
  readonly #pid: number;
  readonly #release: () => void;

  private constructor(watchdog: Watchdog, pid: number, release: () => void) {
    this.#watchdog = watchdog;
    this.#pid = pid;
    this.#release = release;
  }

  /** @param release gives back a hold on the watchdog @throws SremoteError when the host does not take it */
  static async add(watchdog: Watchdog, pid: number, release: () => void): Promise<SharedWatch> {
    await watchdog.add(pid);
    return new SharedWatch(watchdog, pid, release);
  }

  async end(signal: Signal, grace: number): Promise<Ended> {
    // The process itself may be over, and given back, before all below it is.
    const release = this.#watchdog.hold();
    try {
      return await this.#watchdog.end(this.#pid, signal, grace);
    } finally {
      release();
    }
  }

  async signal(signal: Signal): Promise<void> {
    await this.#watchdog.kill(this.#pid, signal);
  }

  async release(): Promise<void> {
    await this.#watchdog.forget(this.#pid);
    this.#release();
  }
}

/** Signals that a watchdog of its own sends. */
const ending: readonly Signal[] = ["SIGTERM", "SIGKILL", "SIGINT", "SIGHUP", "SIGQUIT"];
/** How long the shared watchdog may take to take over, in milliseconds, before a signal goes another way; and afterwards, to look for what is left. */
const [takeOverTime, lookTime] = [1000, 3000];
/** Most commands have ended until then, in milliseconds; what runs longer is worth a session of the shared watchdog. */
const settled = 1000;

/**
 * Its input is where its own watchdog waits. Once it has run for a second, or when an answer to a signal is wanted, the shared watchdog takes over, which
 * knows of what outlives a command and can be told of a command that was stopped. Where the host has no session for that, it stays as it is.
 */
export class OwnWatch implements Watch {
  readonly #process: SpawnedProcess;
  readonly #connector: Connector;
  readonly #pid: number;
  readonly #timers: NodeJS.Timeout[];
  #shared: Promise<SharedWatch> | undefined;
  #isOver = false;

  constructor(process: SpawnedProcess, connector: Connector, pid: number) {
    this.#process = process;
    this.#connector = connector;
    this.#pid = pid;
    const takeOver = (): void => void this.#share().catch(() => undefined);
    this.#timers = [setInterval(() => this.#tell("beat"), period * 1000).unref(), setTimeout(takeOver, settled).unref()];
  }

  async end(signal: Signal, grace: number): Promise<Ended | undefined> {
    const shared = this.#share();
    shared.catch(() => undefined);
    if (ending.includes(signal) && !(await settledWithin(shared, takeOverTime))) return await this.#endBlind(signal, grace);
    return await (await shared).end(signal, grace);
  }

  /** The host has no session for the shared watchdog now: its own sends the signals. When the command has ended, its session may be free to look for the rest. */
  async #endBlind(signal: Signal, grace: number): Promise<Ended | undefined> {
    const { exit } = this.#process;
    this.#tell(signal.slice("SIG".length));
    let forced = false;
    if (!(await settledWithin(exit, grace))) {
      forced = true;
      this.#tell("KILL");
      await settledWithin(exit, lookTime);
    }
    const shared = this.#share();
    shared.catch(() => undefined);
    if (!(await settledWithin(shared, lookTime))) return undefined;
    const rest = await (await shared).end("SIGKILL", 0);
    return { forced: forced || rest.forced, left: rest.left };
  }

  async signal(signal: Signal): Promise<void> {
    await (await this.#share()).signal(signal);
  }

  async release(): Promise<void> {
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#process.stdin.destroy();
    // A watchdog that is still being started is not waited for.
    this.#shared?.then(
      (shared) => shared.release(),
      () => undefined,
    );
  }

  #share(): Promise<SharedWatch> {
    this.#shared ??= this.#takeOver().catch((error: unknown) => {
      this.#shared = undefined;
      throw error;
    });
    return this.#shared;
  }

  async #takeOver(): Promise<SharedWatch> {
    const watchdog = Watchdog.on(this.#connector);
    const release = watchdog.hold();
    try {
      const shared = await SharedWatch.add(watchdog, this.#pid, release);
      if (!this.#isOver) this.#tell("bye");
      for (const timer of this.#timers) clearTimeout(timer);
      return shared;
    } catch (error) {
      release();
      throw error;
    }
  }

  #tell(line: string): void {
    if (this.#process.stdin.writable) this.#process.stdin.write(`${line}\n`);
  }
}
