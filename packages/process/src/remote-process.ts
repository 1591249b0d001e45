/* One command on one host, or on this machine. */
import { ownBytes, programOf, settledWithin, showAs, checkConnectorShape } from "@sremote/connectors";
import type { Command, Connector } from "@sremote/connectors";
import {
  ConnectError,
  type Duration,
  InvalidArgumentError,
  parseDuration,
  SremoteError,
  checkOptionNames,
  type OptionNames,
  given,
} from "@sremote/protocol";
import { toCommand } from "./command.ts";
import { Expectation, type Match, type Pattern } from "./expect.ts";
import { Job } from "./job.ts";
import { jobShown } from "./job-shown.ts";
import { checkSignal, type JobSettings } from "./job-options.ts";
import type { Ended, Signal } from "./watchdog.ts";
import { startProcess } from "./start-process.ts";
import type { ExitStatus, StartedProcess } from "./started-process.ts";
import { checkProcessOptions, defaultForceKillDelay, defaultPty, type ProcessOptions } from "./options.ts";
import { defaultOutputLimit, type StreamName } from "./output.ts";
import { place } from "./placement.ts";
import { StillRunning } from "./state.ts";
import { decodeStatus } from "./status.ts";
import { checkAbortSignal } from "./wait-for.ts";
import { writeTo } from "./write.ts";

/** What gives a connector when the process is started; it waits for nothing longer once the signal is aborted. */
export type Reach = (signal: AbortSignal) => Promise<Connector>;

/** How long the exit status of what the host says has ended may take, in milliseconds, and what the end of a terminal ends. */
const [lastWord, hangUpTime] = [5000, 1000];

export interface ExpectOptions {
  /** How long to wait, in milliseconds, or text with a unit; then the answer is null. @default none: until the output ends */
  timeout?: Duration | null | undefined;
  /** Where to look. @default "stdout" */
  stream?: StreamName | "both" | undefined;
  /** Aborting ends the waiting, not the process: it rejects with the code `cancelled` at once. @default none */
  signal?: AbortSignal | undefined;
}

const ofExpect: OptionNames<ExpectOptions> = { timeout: true, stream: true, signal: true };

/**
 * A command, and what becomes of it. It can be started once, and after `reset` again.
 *
 * Works over every connector. Where one starts no live processes (`spawn`), the command runs to its end: its output comes then, all at once, and
 * nothing can be written to it.
 */
export class RemoteProcess extends Job {
  readonly command: Command;
  /** Without what its options put before it. */
  readonly #given: Command;
  readonly #reach: Reach;
  readonly #options: ProcessOptions;
  #started: StartedProcess | undefined;
  #sent: Signal | undefined;
  #left: StillRunning | undefined;
  #looking: Promise<unknown> | undefined;
  /** Whether all had ended when its terminal was closed. */
  #hungUp: Promise<boolean> | undefined;
  readonly #expectations = new Map<string, Expectation>();

  /**
   * @param command text is a script for the host's `sh`; a list is a program and its arguments
   * @param shared what it has in common with others: what their output is kept in, and what its host is called @internal
   * @throws InvalidArgumentError
   */
  constructor(
    on: Connector | Reach,
    command: string | Command,
    options: ProcessOptions = {},
    shared: Partial<Pick<JobSettings, "memory" | "label">> = {},
  ) {
    checkProcessOptions(options);
    if (typeof on !== "function") checkConnectorShape(on, "on");
    const {
      name = typeof on === "function" ? "process" : on.label,
      forceKillAfterDelay = defaultForceKillDelay,
      ignore = [],
      output = "collect",
    } = options;
    const { host, outputLimit, logger, outputInLog, signal } = options;
    const times = { forceKillAfterDelay: parseDuration(forceKillAfterDelay), timeout: parseDuration(options.timeout) };
    super({ name, host, ignore, output, outputLimit, ...shared, ...times, logger, outputInLog });
    this.#given = toCommand(command);
    this.command = place(this.#given, options);
    this.#reach = typeof on === "function" ? on : async () => on;
    const { stdin } = options;
    this.#options = stdin instanceof Uint8Array ? { ...options, stdin: ownBytes(stdin) } : { ...options };
    if (signal?.aborted === true) this.end("killed");
    else if (signal !== undefined) {
      const stop = (): void => this.end("killed");
      this.on("start", () => signal.addEventListener("abort", stop, { once: true }));
      this.on("end", () => signal.removeEventListener("abort", stop));
    }
  }

  /**
   * Writes to its standard input, and waits until it takes more. @throws SremoteError (`closed`) when it no longer takes input
   *
   * @example await process.write("yes\n");
   */
  async write(data: string | Uint8Array): Promise<void> {
    if (typeof data !== "string" && !(data instanceof Uint8Array))
      throw new InvalidArgumentError("data", `a string or a Uint8Array${given(data)}`);
    const own = typeof data === "string" ? data : ownBytes(data);
    const stdin = await this.#input();
    if (stdin === undefined) throw new SremoteError("closed", "the process no longer takes input", { host: this.name });
    await writeTo(stdin, own, "the process");
  }

  /** Ends its standard input. On a terminal that is the character Control-D, at the beginning of a line. @example await process.endInput(); */
  async endInput(): Promise<void> {
    const stdin = await this.#input();
    if (stdin === undefined || stdin.destroyed) return;
    if (this.#pty === undefined) stdin.end();
    else await writeTo(stdin, "\u0004", "the process");
  }

  /**
   * Sends a signal to it and everything below it, and does nothing else. @throws InvalidArgumentError when it does not run
   *
   * @example await process.sendSignal("SIGUSR1");
   */
  async sendSignal(signal: Signal): Promise<void> {
    checkSignal(signal);
    if (this.#started === undefined || this.ended) throw new InvalidArgumentError("signal cannot be sent: the process is not running");
    await this.#started.signal(signal);
  }

  /**
   * The first place behind the last match where one of the patterns is found; text is found as it is. Null when the output ends, or at the
   * deadline, without.
   * @example const match = await process.expect(/listening on (\d+)/, { timeout: "10s" });
   */
  async expect(patterns: Pattern | readonly Pattern[], options: ExpectOptions = {}): Promise<Match | null> {
    const all: readonly Pattern[] = typeof patterns === "string" || patterns instanceof RegExp ? [patterns] : patterns;
    if (
      !Array.isArray(all) ||
      all.length === 0 ||
      !all.every((each) => (typeof each === "string" && each !== "") || each instanceof RegExp)
    ) {
      throw new InvalidArgumentError("patterns", `text, a regular expression, or a list of them${given(patterns)}`);
    }
    checkOptionNames(options, ofExpect);
    const timeout = parseDuration(options.timeout, { argument: "options.timeout" });
    const { stream = "stdout", signal } = options;
    checkAbortSignal(signal);
    const expectation = this.#expectations.get(stream) ?? new Expectation(stream === "both" ? ["stdout", "stderr"] : [stream]);
    if (!this.#expectations.has(stream)) {
      this.#expectations.set(stream, expectation);
      this.tap(expectation);
    }
    return await expectation.find(all, { milliseconds: timeout, signal, stage: "expect", host: this.label });
  }

  override async reset(): Promise<this> {
    await super.reset();
    this.#started = undefined;
    this.#sent = undefined;
    this.#left = undefined;
    this.#looking = undefined;
    this.#hungUp = undefined;
    this.#expectations.clear();
    return this;
  }

  static {
    showAs(this, "RemoteProcess", jobShown);
  }

  protected async carryOut(signal: AbortSignal): Promise<ExitStatus> {
    this.step("the host to be reached");
    const connector = await this.#reach(signal);
    this.step("the host to start it");
    const { killOnDisconnect: watchdog = true, env, outputLimit = defaultOutputLimit, stdin = "" } = this.#options;
    try {
      const started = await startProcess(connector, this.command, {
        watchdog,
        env: env === undefined || Object.keys(env).length === 0 ? undefined : env,
        pty: this.#pty,
        stdin: stdin === true ? undefined : typeof stdin === "string" ? Buffer.from(stdin) : stdin,
        outputLimit,
        deliver: (chunk) => this.deliver(chunk),
        signal,
        purpose: programOf(this.#given),
        onWait: (reason) => this.waits(reason),
      });
      this.#started = started;
      this.began();
      // It was ended just when it began.
      if (this.state === "ending") {
        this.terminate("SIGTERM", this.settings.forceKillAfterDelay).catch((error: unknown) =>
          started.abandon(SremoteError.from(error, "connection-lost")),
        );
      }
      const status = await started.done.catch(async (error: unknown) => {
        // Without its terminal nothing tells an exit status; that it has ended, the host has seen.
        if ((await this.#hungUp) === true) return { exitCode: null, signal: null };
        throw error;
      });
      // It has ended; whether all that it started has, the host may still be looking.
      await this.#looking;
      if (this.#left !== undefined) throw this.#left;
      return decodeStatus(status, this.#sent);
    } finally {
      // What the connector holds of it is not held any longer: streams, or its whole output.
      this.#started = undefined;
    }
  }

  protected async terminate(signal: Signal, delay: number): Promise<void> {
    const started = this.#started;
    // It has ended just now, and only its output is on its way.
    if (started === undefined) return;
    const unconfirmed = (cause?: unknown): SremoteError =>
      new ConnectError("connection-lost", "the host has not confirmed that the process ended", { stage: "kill", host: this.name, cause });
    this.#sent = signal;
    const looking = this.#look(started, signal, delay);
    this.#looking = Promise.allSettled([this.#looking, looking]);
    try {
      await looking;
    } catch (error) {
      return started.abandon(unconfirmed(error));
    }
    if (this.#left !== undefined) return started.abandon(this.#left);
    if (!(await settledWithin(started.exited, lastWord)) || !(await this.drain(started.done))) started.abandon(unconfirmed());
  }

  /** Has it ended, and finds out what came of it. @throws SremoteError when the host does not answer */
  async #look(started: StartedProcess, signal: Signal, delay: number): Promise<void> {
    let ended = await started.end(signal, delay);
    if (ended === undefined) return await this.#endUnseen(started, signal, delay);
    if (ended.left.length > 0) ended = await this.#endLeft(started, ended);
    if (ended.forced) {
      this.#sent = "SIGKILL";
      if (signal !== "SIGKILL") this.forced();
    }
    this.checked();
    if (ended.left.length > 0) this.#left = new StillRunning(ended.left, this.name);
  }

  /** The effect of the signal shows only in the process itself. */
  async #endUnseen(started: StartedProcess, signal: Signal, delay: number): Promise<void> {
    if (signal === "SIGKILL" || (await settledWithin(started.exited, delay))) return;
    this.forced();
    this.#sent = "SIGKILL";
    await started.end("SIGKILL", 0);
  }

  /** What the account may not signal, the end of its terminal may still reach. */
  async #endLeft(started: StartedProcess, ended: Ended): Promise<Ended> {
    if (this.#pty === undefined || started.hangUp === undefined) return ended;
    const verdict = Promise.withResolvers<boolean>();
    this.#hungUp = verdict.promise;
    try {
      await started.hangUp();
      const { left } = (await started.end("SIGKILL", hangUpTime)) ?? ended;
      verdict.resolve(left.length === 0);
      return { forced: true, left };
    } finally {
      verdict.resolve(false);
    }
  }

  get #pty(): (ProcessOptions["pty"] & object) | undefined {
    const { pty = false } = this.#options;
    return pty === true ? defaultPty : pty === false ? undefined : pty;
  }

  async #input(): Promise<StartedProcess["stdin"]> {
    if (this.#options.stdin !== true) throw new InvalidArgumentError("options.stdin must be true to write to the process");
    await this.whenBegun();
    return this.#started?.stdin;
  }
}
