/* The client's end of the watchdog: see watchdog-script.ts. */
import { randomBytes } from "node:crypto";
import { type Connector, type SpawnedProcess, settledWithin, shell } from "@sremote/connectors";
import { ConnectError, DeadlineTimer, SremoteError } from "@sremote/protocol";
import { isScarce, spawnInTurn, whenScarce } from "./sessions.ts";
import { watchdogScript } from "./watchdog-script.ts";
import { LineCutter } from "./lines.ts";

export const signals = ["SIGTERM", "SIGKILL", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGSTOP", "SIGCONT"] as const;
export type Signal = (typeof signals)[number];

/** Seconds between two signs of life. When three are missed, and a minute is not over, the host ends what it was told of. */
export const period = 15;
/** How long the host may take to answer, in milliseconds, as for the connectors' own kill. */
const patience = 10_000;
/** After which a host that has not answered is asked whether it is there, and how long it may take to say so, in milliseconds. */
const [doubt, proof] = [2000, 3000];
/** And how long to end the watchdog. */
const farewell = 1000;

/** Tenths of a second that the host's shell can count, about seven years. */
const mostTenths = 2 ** 31 - 1;
/** How long the host looks for what is left after SIGKILL, in milliseconds: see watchdog-script.ts. */
const lastLook = 2000;

/** What the host found after it had ended a process and all below it. */
export interface Ended {
  /** Whether SIGKILL was needed. */
  readonly forced: boolean;
  /** The pids of what still runs. */
  readonly left: readonly number[];
}

const watchdogs = new WeakMap<Connector, Watchdog>();

/** One for each connector. It is there while it is held, and then ends by itself. */
export class Watchdog {
  readonly #connector: Connector;
  #holders = 0;
  #keepers = 0;
  readonly #pids = new Set<number>();
  readonly #onWait = new Set<() => void>();
  #isWaiting = false;
  #running: Promise<Running> | undefined;
  #ending: Promise<void> | undefined;

  private constructor(connector: Connector) {
    this.#connector = connector;
    whenScarce(connector, () => this.#endUnlessNeeded());
  }

  static on(connector: Connector): Watchdog {
    const watchdog = watchdogs.get(connector) ?? new Watchdog(connector);
    watchdogs.set(connector, watchdog);
    return watchdog;
  }

  /** Keeps the watchdog while it is needed. To be given back once; more calls do nothing. */
  hold(): () => void {
    this.#holders += 1;
    return this.#onceOnly(() => (this.#holders -= 1));
  }

  /** Keeps it for processes to come, unless sessions are scarce. To be given back as {@link hold}. */
  keep(): () => void {
    this.#keepers += 1;
    return this.#onceOnly(() => (this.#keepers -= 1));
  }

  #onceOnly(giveBack: () => void): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      giveBack();
      this.#endUnlessNeeded();
    };
  }

  #endUnlessNeeded(): void {
    if (this.#holders === 0 && (this.#keepers === 0 || isScarce(this.#connector))) this.#end();
  }

  /**
   * Resolves when it watches. Only for a holder. @throws SremoteError when the host cannot be reached
   *
   * @param onWait called when it has to wait for a session of the connection
   */
  async ready(onWait: () => void = () => undefined): Promise<void> {
    this.#onWait.add(onWait);
    try {
      if (this.#isWaiting) onWait();
      await this.#get();
    } finally {
      this.#onWait.delete(onWait);
    }
  }

  /** The host ends the process and all below it when we are gone. Only for a holder. @throws SremoteError when the host cannot be reached */
  async add(pid: number): Promise<void> {
    await (await this.#get()).ask("add", pid, "added");
    this.#pids.add(pid);
  }

  /** It has ended; its pid may become another's. */
  async forget(pid: number): Promise<void> {
    this.#pids.delete(pid);
    const running = await this.#running?.catch(() => undefined);
    running?.tell(`forget ${pid}`);
  }

  /**
   * Ends a process and all below it: the signal, and SIGKILL for what is left after so many milliseconds. Resolves when the host has found nothing any more,
   * or says what is left. @throws ConnectError when the host does not answer
   */
  async end(pid: number, signal: Signal, grace: number): Promise<Ended> {
    return await (await this.#get()).end(pid, signal, grace);
  }

  /** Signals a process and all below it; resolves when that is done. @throws ConnectError when the host does not answer */
  async kill(pid: number, signal: Signal): Promise<void> {
    await (await this.#get()).ask(signal.slice("SIG".length), pid, "killed");
  }

  async #get(): Promise<Running> {
    if (this.#running !== undefined) {
      const running = await this.#running.catch(() => undefined);
      if (running?.isOver === false) return running;
    }
    const starting = this.#start();
    starting.catch(() => undefined);
    this.#running = starting;
    return await starting;
  }

  async #start(): Promise<Running> {
    const wait = (): void => {
      this.#isWaiting = true;
      for (const each of this.#onWait) each();
    };
    const running = await Running.start(this.#connector, wait).finally(() => (this.#isWaiting = false));
    // If the last one was ended, the processes it knew are still there.
    await Promise.all([...this.#pids].map((pid) => running.ask("add", pid, "added")));
    return running;
  }

  /** Resolves when none is there any more, or after a moment. Only when it is not held. */
  async gone(): Promise<void> {
    // One that is still being started is not waited for: who closes the connection ends it.
    if (this.#ending !== undefined) await settledWithin(this.#ending, 2 * farewell);
  }

  #end(): void {
    const running = this.#running;
    this.#running = undefined;
    this.#ending = running?.then(
      (each) => each.close(),
      () => undefined,
    );
  }
}

/** A watchdog on the host that has said that it is ready. */
class Running {
  readonly #process: SpawnedProcess;
  readonly #connector: Connector;
  /** By the answer, or the beginning of one that says more. */
  readonly #waiting = new Map<string, PromiseWithResolvers<string>[]>();
  readonly #beats: NodeJS.Timeout;
  #over = false;
  /** Why it has ended, where the connector knows. */
  #reason: ConnectError | undefined;

  private constructor(process: SpawnedProcess, nonce: string, connector: Connector) {
    this.#process = process;
    this.#connector = connector;
    process.stderr.resume();
    process.stdin.on("error", (error) => this.#lost(error));
    process.stdout.on("error", (error) => this.#lost(error));
    process.exit.then(
      () => this.#lost(),
      (error: unknown) => this.#lost(error),
    );
    const lines = new LineCutter();
    process.stdout.on("data", (bytes: Uint8Array) => {
      for (const { text } of lines.chunk({ stream: "stdout", bytes })) {
        if (text.startsWith(`${nonce} `)) this.#take(text.slice(nonce.length + 1));
      }
    });
    this.#beats = setInterval(() => this.tell("beat"), period * 1000).unref();
  }

  static async start(connector: Connector, onWait: () => void): Promise<Running> {
    if (connector.spawn === undefined)
      throw new SremoteError("unsupported", "the connector cannot start live processes", { host: connector.label });
    const nonce = randomBytes(16).toString("hex");
    const running = new Running(
      await spawnInTurn(connector, shell(watchdogScript(nonce, period)), { onWait, purpose: "the watchdog" }),
      nonce,
      connector,
    );
    try {
      await running.#answer("ready");
      return running;
    } catch (error) {
      running.close().catch(() => undefined); // The error says why it is of no use.
      throw error;
    }
  }

  get isOver(): boolean {
    return this.#over;
  }

  tell(line: string): void {
    if (!this.#over) this.#process.stdin.write(`${line}\n`);
  }

  async ask(word: string, pid: number, answer: string): Promise<void> {
    const answered = this.#answer(`${answer} ${pid}`);
    this.tell(`${word} ${pid}`);
    await answered;
  }

  async end(pid: number, signal: Signal, grace: number): Promise<Ended> {
    const answered = this.#answer(`ended ${pid}`, grace + lastLook + patience);
    this.tell(`end ${pid} ${signal.slice("SIG".length)} ${Math.min(Math.ceil(grace / 100), mostTenths)}`);
    const [forced, ...left] = (await answered).split(" ");
    return { forced: forced === "1", left: left.filter((each) => each !== "").map(Number) };
  }

  async close(): Promise<void> {
    clearInterval(this.#beats);
    this.tell("bye");
    this.#process.stdin.end();
    await settledWithin(this.#process.exit, farewell);
  }

  /** Answers to what was asked first come first. */
  #take(line: string): void {
    const [ended, more = ""] =
      /^ended \d+(?= )/.exec(line) === null ? [line] : [/^ended \d+/.exec(line)![0], line.replace(/^ended \d+ /, "")];
    this.#waiting.get(ended)?.shift()?.resolve(more);
  }

  async #answer(line: string, milliseconds = patience): Promise<string> {
    if (this.#over) throw this.#ended();
    const waiting = Promise.withResolvers<string>();
    this.#waiting.set(line, [...(this.#waiting.get(line) ?? []), waiting]);
    const timers = [
      new DeadlineTimer(milliseconds, () => waiting.reject(this.#error(`the host did not answer within ${milliseconds} ms`))),
      new DeadlineTimer(doubt, () => this.#proveThere(waiting)),
    ];
    try {
      return await waiting.promise;
    } finally {
      for (const timer of timers) timer.stop();
      const left = this.#waiting.get(line)?.filter((each) => each !== waiting) ?? [];
      if (left.length > 0) this.#waiting.set(line, left);
      else this.#waiting.delete(line);
    }
  }

  /** A host that works has its time; one that is gone is not waited for as long. */
  #proveThere(waiting: PromiseWithResolvers<string>): void {
    const fail = (error: unknown): void =>
      waiting.reject(this.#error("the host does not answer any more", SremoteError.from(error, "connection-lost")));
    this.#connector.status({ timeout: proof }).then(({ ok, error }) => (ok ? undefined : fail(error)), fail);
  }

  /** @param reason where the connector says why, such as a login shell that did not start it */
  #lost(reason?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#beats);
    if (reason instanceof ConnectError) this.#reason = reason;
    for (const waiting of [...this.#waiting.values()].flat()) waiting.reject(this.#ended());
  }

  #ended(): ConnectError {
    return this.#reason ?? this.#error();
  }

  #error(summary = "the process that watches over the others on the host has ended", cause?: Error): ConnectError {
    return new ConnectError("connection-lost", summary, { stage: "watchdog", host: this.#connector.label, cause });
  }
}
