/* What a connector's `spawn` gives: a process on the host and the two pipes to it, which can be cut, stalled and damaged. */
import { Readable } from "node:stream";
import type { SpawnedProcess } from "@sremote/connectors";
import { ConnectError } from "@sremote/protocol";
import { Pipe, readableOf, type Surroundings, writableOf } from "./pipe.ts";
import { running, type SimProcess } from "./virtual-clock.ts";

interface Ending {
  exitCode: number | null;
  signal: string | null;
}

export class SimLink {
  readonly name: string;
  /** To the host, and from there. */
  readonly up: Pipe;
  readonly down: Pipe;
  /** Set by the host: the client's side has hung up, or asks for the process's end. */
  onHangUp: ((signal: string) => void) | undefined;
  /** The connector has given it to the client. */
  isMade = false;
  readonly remote: SpawnedProcess;
  readonly #around: Surroundings;
  readonly client: SimProcess;
  readonly #exit = Promise.withResolvers<Ending>();
  #isOver = false;
  #isEnded = false;

  constructor(name: string, around: Surroundings, client: SimProcess, delay: () => number) {
    this.name = name;
    this.#around = around;
    this.client = client;
    this.up = new Pipe(around, delay);
    this.down = new Pipe(around, delay);
    this.#exit.promise.catch(() => undefined);
    const stdin = writableOf(this.up);
    const stdout = readableOf(this.down, client);
    const stderr = new Readable({ read: () => undefined });
    // A connector's own promise: nothing of it depends on who asked.
    this.remote = {
      stdin,
      stdout,
      stderr,
      exit: this.#exit.promise,
      kill: async (signal = "SIGTERM") => this.#tell(signal),
      [Symbol.asyncDispose]: async () => {
        this.#tell("SIGTERM");
        stdin.destroy();
        stdout.destroy();
        this.#end(() => this.#exit.resolve({ exitCode: null, signal: "SIGTERM" }));
      },
    };
  }

  /** Whether the client's side is over. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether nobody uses it any more, at either end. */
  get isLeft(): boolean {
    return this.#isOver || this.remote.stdin.destroyed;
  }

  #tell(signal: string): void {
    this.up.behind(() => this.onHangUp?.(signal));
  }

  #end(settle: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    running.run(this.client, () => {
      settle();
      this.remote.stderr.destroy();
    });
  }

  /** The host's process has ended: the client hears of it behind all that was printed. */
  processEnded(ending: Ending): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.down.end();
    this.down.behind(() => {
      if (!this.client.isGone) this.#end(() => this.#exit.resolve(ending));
    });
  }

  /**
   * The link is cut. Each side notices after so many milliseconds, or never by itself.
   * @param arrives whether what is on its way still arrives
   */
  cut(clientAfter: number | undefined, hostAfter: number | undefined, arrives: boolean): void {
    this.up.cut(arrives);
    this.down.cut(arrives);
    const { clock } = this.#around;
    if (clientAfter !== undefined) clock.after(clientAfter, this.client, () => this.#lost());
    if (hostAfter !== undefined) clock.after(hostAfter, undefined, () => this.up.endNow());
  }

  #lost(): void {
    const error = new ConnectError("connection-lost", "the link was cut (simulated)");
    const { stdin, stdout } = this.remote;
    this.#end(() => this.#exit.reject(error));
    stdin.destroy();
    stdout.destroy();
  }
}
