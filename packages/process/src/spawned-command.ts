/* A command that runs over a connector that starts live processes. */
import type { Readable, Writable } from "node:stream";
import { type Connector, type SpawnedProcess, settledWithin } from "@sremote/connectors";
import { ConnectError, SremoteError } from "@sremote/protocol";
import { readBegun } from "./gated-command.ts";
import type { Ended, Signal } from "./watchdog.ts";
import { type ExitStatus, type StartedProcess, type StartOptions, patience } from "./started-process.ts";
import { type Watch, OwnWatch } from "./watch.ts";
import type { StreamName } from "./output.ts";
import { holdSession } from "./sessions.ts";

/** How long a broken stream waits for the exit status to say why, in milliseconds. */
const explanation = 1000;

export class SpawnedCommand implements StartedProcess {
  readonly stdin: Writable | undefined;
  readonly exited: Promise<ExitStatus>;
  readonly done: Promise<ExitStatus>;
  readonly #process: SpawnedProcess;
  readonly #watch: Watch | undefined;
  readonly #abandoned = Promise.withResolvers<never>();
  #isAbandoned = false;

  /** @param marker of a command behind a gate: it says that it has begun. Without it, there was none to say so */
  constructor(process: SpawnedProcess, connector: Connector, options: StartOptions, watch: Watch | undefined, marker?: string) {
    const { label } = connector;
    this.#process = process;
    this.#watch = watch;
    const giveBack = holdSession(connector);
    process.stdin.on("error", () => undefined); // An input that is not read is the command's affair; its exit tells of a lost link.
    this.stdin = options.stdin === undefined ? process.stdin : undefined;
    // On a terminal the end of input is a character, and the end of the stream would be the terminal's end.
    if (watch instanceof OwnWatch) this.stdin = undefined;
    else if (options.stdin !== undefined && options.pty !== undefined) process.stdin.write(options.stdin);
    else if (options.stdin !== undefined) process.stdin.end(options.stdin);
    this.#abandoned.promise.catch(() => undefined);
    const begun = marker === undefined ? Promise.resolve(true) : this.#begun(marker, label);
    this.exited = Promise.race([this.#status(begun, label), this.#abandoned.promise]);
    this.exited.catch(() => undefined);
    const read = Promise.all([this.#read("stdout", options, begun), this.#read("stderr", options, begun)]);
    this.done = this.#finish(label, read).finally(giveBack);
    this.done.catch(() => undefined);
  }

  async end(signal: Signal, grace: number): Promise<Ended | undefined> {
    if (this.#watch !== undefined) return await this.#watch.end(signal, grace);
    await this.signal(signal);
    return undefined;
  }

  async signal(signal: Signal): Promise<void> {
    if (this.#watch !== undefined) return await this.#watch.signal(signal);
    if (signal !== "SIGTERM" && signal !== "SIGKILL" && signal !== "SIGINT" && signal !== "SIGHUP") {
      throw new SremoteError("unsupported", `${signal} cannot be sent without a watchdog`, { stage: "kill" });
    }
    await this.#process.kill(signal);
  }

  /** Closes its terminal, which sends SIGHUP to all that have it. */
  async hangUp(): Promise<void> {
    await this.#dispose();
  }

  abandon(why: SremoteError): void {
    this.#isAbandoned = true;
    this.#abandoned.reject(why);
    this.#process.stdout.destroy();
    this.#process.stderr.destroy();
    this.#dispose().catch(() => undefined); // Why it is given up was said.
  }

  /** Whether the command has said that it begins. What does not say so for long is given up. */
  async #begun(marker: string, label: string): Promise<boolean> {
    const late = setTimeout(() => {
      this.abandon(
        new ConnectError("channel-failed", `the host's shell did not begin the command within ${patience} ms`, {
          stage: "start",
          host: label,
        }),
      );
    }, patience);
    try {
      return await readBegun(this.#process.stdout, marker, label);
    } finally {
      clearTimeout(late);
    }
  }

  /** An exit status counts from when the command has begun: before, it is that of the shell that was to begin it. */
  async #status(begun: Promise<boolean>, label: string): Promise<ExitStatus> {
    const [{ exitCode, signal }, hasBegun] = await Promise.all([this.#process.exit, begun]);
    if (hasBegun) return { exitCode, signal };
    throw new ConnectError("channel-failed", `the command did not start: the host's shell ended before it, with ${exitCode ?? signal}`, {
      stage: "start",
      host: label,
      hint: "a start-up file that reads the shell's input, or ends the shell, takes what starts the command",
    });
  }

  async #dispose(): Promise<void> {
    try {
      await this.#process[Symbol.asyncDispose]();
    } catch (error) {
      // A link that is silent gives no answer; what is wrong with it was said.
      if (!(error instanceof SremoteError)) throw error;
    }
  }

  async #read(name: StreamName, { deliver }: StartOptions, begun: Promise<boolean>): Promise<void> {
    const stream: Readable = this.#process[name];
    try {
      if (name === "stdout") await begun;
      for await (const bytes of stream as AsyncIterable<Uint8Array>) await deliver({ stream: name, bytes });
    } catch (error) {
      if (!this.#isAbandoned) throw error;
    }
  }

  async #finish(label: string, read: Promise<unknown>): Promise<ExitStatus> {
    try {
      const [status] = await Promise.all([this.exited, read]);
      return status;
    } catch (error) {
      if (error instanceof SremoteError) throw error;
      if (await settledWithin(this.exited, explanation)) await this.exited;
      throw new ConnectError("connection-lost", "the command's output broke off", { stage: "run", host: label, cause: error });
    } finally {
      this.#process.stdin.destroy();
      await this.#watch?.release();
    }
  }
}
