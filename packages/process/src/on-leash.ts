/* How a process that runs is watched over, and what ends it: by the leash of its connection, or by one of its own. */
import type { Connector, RemoteProcess } from "@sremote/connectors";
import { settledWithin } from "@sremote/connectors";
import { type Ended, Leash, period, type Signal } from "./leash.ts";

export interface OnLeash {
  /** Ends it with all below it: see Leash. Resolves with undefined where nobody could look what came of it. */
  end(signal: Signal, grace: number): Promise<Ended | undefined>;
  /** Resolves when the host says that it was sent to all. @throws ConnectError when the host does not answer */
  signal(signal: Signal): Promise<void>;
  /** The process is over. */
  release(): Promise<void>;
}

/** Told of the process, which reads its input itself. */
export class OnSharedLeash implements OnLeash {
  readonly #leash: Leash;
  readonly #pid: number;
  readonly #release: () => void;

  private constructor(leash: Leash, pid: number, release: () => void) {
    this.#leash = leash;
    this.#pid = pid;
    this.#release = release;
  }

  /** @param release gives back a hold on the leash @throws SremoteError when the host does not take it */
  static async add(leash: Leash, pid: number, release: () => void): Promise<OnSharedLeash> {
    await leash.add(pid);
    return new OnSharedLeash(leash, pid, release);
  }

  async end(signal: Signal, grace: number): Promise<Ended> {
    // The process itself may be over, and given back, before all below it is.
    const release = this.#leash.hold();
    try {
      return await this.#leash.end(this.#pid, signal, grace);
    } finally {
      release();
    }
  }

  async signal(signal: Signal): Promise<void> {
    await this.#leash.kill(this.#pid, signal);
  }

  async release(): Promise<void> {
    await this.#leash.forget(this.#pid);
    this.#release();
  }
}

/** Signals that a leash of its own sends. */
const ending: readonly Signal[] = ["SIGTERM", "SIGKILL", "SIGINT", "SIGHUP", "SIGQUIT"];
/** How long the shared leash may take to take over, in milliseconds, before a signal goes another way; and afterwards, to look for what is left. */
const [takeOverTime, lookTime] = [1000, 3000];
/** Most commands have ended until then, in milliseconds; what runs longer is worth a session of the shared leash. */
const settled = 1000;

/**
 * Its input is where its own leash waits. Once it has run for a second, or when an answer to a signal is wanted, the shared leash takes over, which
 * knows of what outlives a command and can be told of a command that was stopped. Where the host has no session for that, it stays as it is.
 */
export class OnOwnLeash implements OnLeash {
  readonly #process: RemoteProcess;
  readonly #connector: Connector;
  readonly #pid: number;
  readonly #timers: NodeJS.Timeout[];
  #shared: Promise<OnSharedLeash> | undefined;
  #isOver = false;

  constructor(process: RemoteProcess, connector: Connector, pid: number) {
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

  /** The host has no session for the shared leash now: its own sends the signals. When the command has ended, its session may be free to look for the rest. */
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
    // Nobody has to wait for a leash that is still being started.
    void this.#shared?.then(
      (shared) => shared.release(),
      () => undefined,
    );
  }

  #share(): Promise<OnSharedLeash> {
    this.#shared ??= this.#takeOver().catch((error: unknown) => {
      this.#shared = undefined;
      throw error;
    });
    return this.#shared;
  }

  async #takeOver(): Promise<OnSharedLeash> {
    const leash = Leash.on(this.#connector);
    const release = leash.hold();
    try {
      const shared = await OnSharedLeash.add(leash, this.#pid, release);
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
