/* An author's live process, whose input waits until the host's shell has started the command. */
import { DeadlineTimer, hostLimits } from "@sremote/protocol";
import type { Readable, Writable } from "node:stream";
import type { SpawnedProcess } from "../connector.ts";
import { brokenRule, doubtStart, GatedInput, MarkerFilter, notStarted, type RunLine, type StartLine } from "../process/index.ts";

const stdoutBuffer = hostLimits.unreadStdout;
/** Milliseconds for the host's shell to start a command. */
const startTimeout = 20_000;

export class GatedProcess implements SpawnedProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<Awaited<SpawnedProcess["exit"]>>;
  readonly #process: SpawnedProcess;
  readonly #out: MarkerFilter;
  readonly #label: string;

  constructor(process: SpawnedProcess, { marker, script }: StartLine, ask: RunLine, label: string) {
    this.#process = process;
    this.#label = label;
    const { stdin, stdout } = process;
    const input = new GatedInput(stdin, script, () => stdin.destroy());
    this.#out = new MarkerFilter(marker, stdoutBuffer);
    this.stdin = input;
    this.stdout = this.#out;
    this.stderr = process.stderr;
    // A program that does not listen to a stream must not be ended by its error.
    for (const stream of [stdin, stdout, process.stderr, input, this.#out]) stream.on("error", () => undefined);
    stdin.once("close", () => input.close());
    const late = Promise.withResolvers<never>();
    late.promise.catch(() => undefined);
    const end = (why: Error): void => {
      stopClocks();
      late.reject(why);
      for (const stream of [input, this.#out]) stream.destroy(why);
      (async () => process[Symbol.asyncDispose]())().catch(() => undefined); // An author's function may throw at once, too.
    };
    const giveUp = (how: string): void => end(this.#notStarted(how));
    // A host that keeps to no rule waits to be read, and would not end by itself.
    this.#out.once("error", (error) => {
      const broken = brokenRule(error, label);
      if (broken !== undefined) end(broken);
    });
    const timer = new DeadlineTimer(startTimeout, () => giveUp(` within ${startTimeout} ms`));
    const stopDoubt = doubtStart(ask, () => !this.#out.found && input.isHeld, giveUp);
    const stopClocks = (): void => {
      timer.stop();
      stopDoubt();
    };
    this.#out.once("marker", () => {
      stopClocks();
      input.open();
    });
    const over = new Promise<void>((resolve) => void this.#out.once("finish", resolve).once("close", resolve));
    // A stream that breaks off does so for its reader, too.
    stdout.once("close", () => {
      if (!stdout.readableEnded) this.#out.destroy(stdout.errored ?? new Error("the process's output broke off"));
    });
    stdout.pipe(this.#out);
    this.exit = Promise.race([this.#wait(over), late.promise]).finally(stopClocks);
    this.exit.catch(() => undefined);
  }

  kill(signal?: Parameters<SpawnedProcess["kill"]>[0]): Promise<void> {
    return this.#process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#process[Symbol.asyncDispose]();
    } finally {
      this.stdin.destroy();
      this.stdout.resume();
    }
  }

  async #wait(over: Promise<void>): Promise<Awaited<SpawnedProcess["exit"]>> {
    const status = await this.#process.exit;
    // What it printed may still be on its way.
    if (!this.#out.found) await over;
    if (!this.#out.found) throw this.#notStarted(`; it ended with ${status.exitCode ?? status.signal}`);
    return status;
  }

  #notStarted(how: string): Error {
    return notStarted(how, this.#out.noise, Buffer.alloc(0), this.#label);
  }
}
