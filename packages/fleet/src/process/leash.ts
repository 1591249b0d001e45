/* The client's end of the leash: see leash-script.ts. */
import { randomBytes } from "node:crypto";
import { type Connector, type RemoteProcess, settledWithin, shell } from "@sremote/connectors";
import { ConnectError, SremoteError } from "@sremote/protocol";
import { leashScript } from "./leash-script.ts";
import { LineTap } from "./lines.ts";

export const signals = ["SIGTERM", "SIGKILL", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGSTOP", "SIGCONT"] as const;
export type Signal = (typeof signals)[number];

/** Seconds between two signs of life. When three are missed, and a minute is not over, the host ends what it was told of. */
export const period = 15;
/** How long the host may take to answer, in milliseconds, as for the connectors' own kill. */
const patience = 10_000;
/** And how long to end the leash. */
const farewell = 1000;

const leashes = new WeakMap<Connector, Leash>();

/** One for each connector. It is there while somebody holds it, and then ends by itself. */
export class Leash {
  readonly #connector: Connector;
  #holders = 0;
  readonly #pids = new Set<number>();
  #running: Promise<Running> | undefined;
  #ending: Promise<void> | undefined;

  private constructor(connector: Connector) {
    this.#connector = connector;
  }

  static on(connector: Connector): Leash {
    const leash = leashes.get(connector) ?? new Leash(connector);
    leashes.set(connector, leash);
    return leash;
  }

  /** Keeps the leash for the processes to come. To be given back once; more calls do nothing. */
  hold(): () => void {
    this.#holders += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holders -= 1;
      if (this.#holders === 0) this.#end();
    };
  }

  /** Resolves when it watches. Only for a holder. @throws SremoteError when the host cannot be reached */
  async ready(): Promise<void> {
    await this.#get();
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
    const running = await Running.start(this.#connector);
    // Where somebody has ended the last one, those it knew are still there.
    await Promise.all([...this.#pids].map((pid) => running.ask("add", pid, "added")));
    return running;
  }

  /** Resolves when none is there any more, or after a moment. Only when nobody holds it. */
  async gone(): Promise<void> {
    await this.#ending;
  }

  #end(): void {
    const running = this.#running;
    this.#running = undefined;
    this.#ending = running?.then(
      (each) => each.end(),
      () => undefined,
    );
  }
}

/** A leash on the host that has said that it is ready. */
class Running {
  readonly #process: RemoteProcess;
  readonly #label: string;
  readonly #waiting = new Map<string, PromiseWithResolvers<void>[]>();
  readonly #beats: NodeJS.Timeout;
  #over = false;

  private constructor(process: RemoteProcess, nonce: string, label: string) {
    this.#process = process;
    this.#label = label;
    process.stderr.resume();
    process.stdin.on("error", () => this.#lost());
    process.stdout.on("error", () => this.#lost());
    process.exit.then(
      () => this.#lost(),
      () => this.#lost(),
    );
    const lines = new LineTap(({ text }) => {
      if (text.startsWith(`${nonce} `))
        this.#waiting
          .get(text.slice(nonce.length + 1))
          ?.shift()
          ?.resolve();
    });
    process.stdout.on("data", (bytes: Uint8Array) => void lines.chunk({ stream: "stdout", bytes }));
    this.#beats = setInterval(() => this.tell("beat"), period * 1000).unref();
  }

  static async start(connector: Connector): Promise<Running> {
    if (connector.spawn === undefined)
      throw new SremoteError("unsupported", "the connector starts no live processes", { host: connector.label });
    const nonce = randomBytes(16).toString("hex");
    const running = new Running(await connector.spawn(shell(leashScript(nonce, period))), nonce, connector.label);
    try {
      await running.#answer("ready");
      return running;
    } catch (error) {
      void running.end();
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

  async end(): Promise<void> {
    clearInterval(this.#beats);
    this.tell("bye");
    this.#process.stdin.end();
    await settledWithin(this.#process.exit, farewell);
  }

  async #answer(line: string): Promise<void> {
    if (this.#over) throw this.#error();
    const waiting = Promise.withResolvers<void>();
    this.#waiting.set(line, [...(this.#waiting.get(line) ?? []), waiting]);
    const timer = setTimeout(() => waiting.reject(this.#error(`the host did not answer within ${patience} ms`)), patience);
    try {
      await waiting.promise;
    } finally {
      clearTimeout(timer);
      const left = this.#waiting.get(line)?.filter((each) => each !== waiting) ?? [];
      if (left.length > 0) this.#waiting.set(line, left);
      else this.#waiting.delete(line);
    }
  }

  #lost(): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#beats);
    for (const waiting of [...this.#waiting.values()].flat()) waiting.reject(this.#error());
  }

  #error(summary = "the process that watches over the others on the host has ended"): ConnectError {
    return new ConnectError("connection-lost", summary, { stage: "leash", host: this.#label });
  }
}
