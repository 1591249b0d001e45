/* What processes and calls have in common: a life of states, output on its way to its readers, and an end that can be waited for. */
import { settledWithin, warnOfHandler } from "@sremote/connectors";
import { hostLimits, InvalidArgumentError, parseDuration, SremoteError } from "@sremote/protocol";
import type { Host } from "./host.ts";
import { checkKill, checkWaitOptions, type JobSettings, type KillOptions, type WaitOptions } from "./job-options.ts";
import { compactOutput } from "./compact-output.ts";
import { type EndReason, type Ignorable, isOk, type ProcessRecord } from "./process-record.ts";
import { describeEnd } from "./describe-end.ts";
import { Handlers, type JobEvents } from "./handlers.ts";
import type { Signal } from "./watchdog.ts";
import { type Line, LineTap } from "./lines.ts";
import type { ExitStatus } from "./started-process.ts";
import { OutputMemory } from "./output-memory.ts";
import { CollectedOutput, defaultOutputLimit, type OutputChunk, type Tap, Taps } from "./output.ts";
import { itemWeight, Queue } from "./queue.ts";
import { Round } from "./round.ts";
import { waitFor } from "./wait-for.ts";
import { idleState, nextState, type Phase, type ProcessEvent, type ProcessState, type StopCause } from "./state.ts";

/** Characters or bytes on their way to an iterator; what comes after has to wait. */
const queueCapacity = hostLimits.queue;
/** How long output that was written before an end that was asked for is waited for, in milliseconds. */
const lastOutput = 1000;

/** How long a start may wait before the log says so, in milliseconds. */
const longWait = 2000;

let jobs = 0;

export abstract class Job implements ProcessRecord, AsyncIterable<Line>, AsyncDisposable {
  /** Its name and a number that no other of this program has: `node1-0`. It is the same after `reset`; one of a run that does it again has another. */
  readonly id: string;
  readonly name: string;
  /** What lines, logs and groups of equal output call its host: its name, or `user@name:port` where another host of the fleet has that name. */
  readonly label: string;
  /** Where it runs; undefined for one that was made without a fleet. */
  readonly host: Host | undefined;
  readonly ignore: readonly Ignorable[];
  protected readonly settings: JobSettings;
  #state: ProcessState = idleState;
  #output: CollectedOutput;
  readonly #taps = new Taps((error) => this.#tapFailed(error));
  readonly #queues = new Set<{ release(): void; end(): void }>();
  readonly #handlers = new Handlers<Job>((tap) => this.tap(tap, false));
  #round = new Round();
  #waitsFor: string | undefined;
  #step = "";
  #isScheduled = false;

  /** @internal */
  constructor(settings: JobSettings) {
    this.id = `${settings.name}-${jobs++}`;
    this.name = settings.name;
    this.host = settings.host;
    this.label = settings.label ?? settings.host?.name ?? settings.name;
    this.ignore = settings.ignore;
    this.settings = settings;
    this.#output = this.#newOutput();
  }

  /** Does the work. Calls `began` when it runs on the host, and ends soon once the signal is aborted before that. */
  protected abstract carryOut(signal: AbortSignal): Promise<ExitStatus>;
  /** Ends what runs: a signal, and SIGKILL after so many milliseconds. */
  protected abstract terminate(signal: Signal, delay: number): Promise<void>;

  get state(): Phase {
    return this.#state.phase;
  }
  get startDate(): Date | null {
    return this.#state.startDate;
  }
  get endDate(): Date | null {
    return this.#state.endDate;
  }
  /** Why it is no longer running; null while it has not ended. */
  get reason(): EndReason | null {
    return this.#state.reason;
  }
  get exitCode(): number | null {
    return this.#state.exitCode;
  }
  get signal(): string | null {
    return this.#state.signal;
  }
  /** Whether SIGKILL was needed; null where the effect of the first signal is unknown. */
  get forcedKill(): boolean | null {
    return this.#state.forcedKill;
  }
  /** What stands behind the reasons `unreachable` and `error`, or why an end that was asked for is not confirmed. */
  get error(): SremoteError | undefined {
    return this.#state.error;
  }
  get ended(): boolean {
    return this.#state.phase === "ended";
  }
  /** Whether nothing has gone wrong (yet): see `isOk`. */
  get ok(): boolean {
    return isOk(this);
  }
  /** What it has written, as far as it is kept. */
  get output(): CollectedOutput {
    return this.#output;
  }
  /** Standard output so far, as UTF-8. */
  get stdout(): string {
    return this.#output.text("stdout");
  }
  get stderr(): string {
    return this.#output.text("stderr");
  }
  /** Whether output was cut off, or dropped because it was not read. */
  get truncated(): boolean {
    return this.#output.truncated;
  }

  /** Starts it, and does not wait. @throws InvalidArgumentError when it was started before @example process.start(); */
  start(): this {
    if (this.#state.phase !== "idle") throw new InvalidArgumentError(`start cannot be called: the process is ${this.#state.phase}`);
    this.#apply({ type: "start" });
    this.#round.keepDeadline(this.settings.timeout, () => this.end("timeout"));
    this.#handlers.begin();
    this.#handlers.tell("start", this);
    const round = this.#round;
    this.#run(round).catch((error: unknown) => this.#fail(round, error));
    return this;
  }

  /** @internal Its start is another's affair, and will come. */
  schedule(): void {
    this.#isScheduled = true;
  }

  /**
   * Its exit status when it has ended; null when it has none, or has not ended in time. One of a run may be waited for before its turn has come.
   *
   * @throws InvalidArgumentError for one that was not started, and is no part of a run
   * @example const exitCode = await process.start().wait({ timeout: "1m" });
   */
  async wait(options: WaitOptions = {}): Promise<number | null> {
    checkWaitOptions(options);
    if (this.#state.phase === "idle" && !this.#isScheduled) throw new InvalidArgumentError("wait cannot be called before start()");
    const timeout = parseDuration(options.timeout, { argument: "options.timeout" });
    const limits = { milliseconds: timeout, signal: options.signal, stage: "wait", host: this.label };
    if (!(await waitFor(this.#round.over.promise, limits)) && options.kill === true) await this.stop("timeout");
    return this.exitCode;
  }

  /** Starts it and waits for its end. An abort of the signal ends the waiting alone. @example const { stdout, exitCode } = await process.run(); */
  async run(options?: WaitOptions): Promise<this> {
    await this.start().wait(options);
    return this;
  }

  /**
   * Ends it with everything below it: the signal, and SIGKILL after a grace. Resolves when it has ended, or when the host does not confirm it.
   * What has not been started will not be. @throws InvalidArgumentError
   * @example await process.kill("SIGTERM", { forceKillAfterDelay: "5s" });
   */
  async kill(signal: Signal = "SIGTERM", options: KillOptions = {}): Promise<this> {
    checkKill(signal, options);
    await this.stop("killed", signal, options);
    return this;
  }

  /** Ends it if need be, and makes it as if it had never been started. */
  async reset(): Promise<this> {
    if (this.#state.phase !== "idle" && !this.ended) await this.kill();
    this.#apply({ type: "reset" });
    this.#round = new Round();
    this.#waitsFor = undefined;
    this.#output.release();
    this.#output = this.#newOutput();
    this.#taps.reopen();
    this.#handlers.tell("reset", this);
    return this;
  }

  /** Output since the last time it was taken; empty when there is none. */
  readNew(): string {
    return this.#output.readNew();
  }

  /** Calls back at its start, end or reset, or with output. Returns a function that removes the handler. @example process.on("end", ({ ok }) => console.log(ok)); */
  on<Name extends keyof JobEvents<this>>(event: Name, handler: (value: JobEvents<this>[Name]) => void | Promise<void>): () => void {
    return this.#handlers.add(event, handler, this.#state.phase !== "idle" && !this.ended);
  }

  /** Lines as they come, after those that are kept. Ends with the output. @example for await (const { text } of process.lines()) console.log(text); */
  lines(): AsyncIterableIterator<Line> {
    return this.#iterate<Line>(
      ({ text }) => text.length + itemWeight,
      (queue) => new LineTap((line) => queue.push(line)),
    );
  }

  /** Bytes as they come, as {@link lines}. */
  chunks(): AsyncIterableIterator<OutputChunk> {
    return this.#iterate<OutputChunk>(
      ({ bytes }) => bytes.length + itemWeight,
      (queue) => ({ chunk: (chunk) => queue.push(chunk) }),
    );
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Line> {
    return this.lines();
  }

  /** Ends it if it runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state.phase !== "idle") await this.kill();
  }

  /** @internal Adds a reader of all output, also of what came before as far as it is kept. */
  tap(tap: Tap, replay = true): () => void {
    const remove = this.#taps.add(tap, replay ? this.#output.chunks : []);
    this.#round.reader.resolve();
    return remove;
  }

  /** @internal Ends it for a reason. */
  async stop(
    cause: StopCause,
    signal: Signal = "SIGTERM",
    options: KillOptions & { error?: SremoteError | undefined } = {},
  ): Promise<void> {
    const delay =
      parseDuration(options.forceKillAfterDelay, { argument: "options.forceKillAfterDelay" }) ?? this.settings.forceKillAfterDelay;
    const round = this.#round;
    const { phase } = this.#state;
    if (phase === "ended") return;
    this.#apply({ type: "stop", cause, error: options.error ?? this.#notBegun(cause) });
    if (phase === "idle") {
      await this.#taps.end();
      this.#over(round);
    } else if (phase === "starting") {
      round.control.abort();
    } else if (phase === "running" || signal === "SIGKILL") {
      await this.terminate(signal, delay);
    }
    await round.over.promise;
  }

  /** Ends it for a reason, without waiting: what keeps it from ending is its own error, and its end. */
  protected end(cause: StopCause, error?: SremoteError): void {
    const round = this.#round;
    this.stop(cause, "SIGTERM", { error }).catch((failure: unknown) => this.#fail(round, failure));
  }

  #notBegun(cause: StopCause): SremoteError | undefined {
    const reason = this.waitsFor ?? (cause === "timeout" && this.#state.phase === "starting" ? this.#step : undefined);
    if (reason === undefined || cause === "error") return undefined;
    return new SremoteError(cause === "timeout" ? "timeout" : "cancelled", `it had not started: it was waiting for ${reason}`, {
      stage: "start",
      host: this.name,
    });
  }

  /** What a start that is under way waits for, for the error of a deadline that passes meanwhile. */
  protected step(name: string): void {
    this.#step = name;
  }

  /** Milliseconds that are left of its deadline, which the caller keeps from now on; undefined: it has none. */
  protected takeDeadline(): number | undefined {
    return this.#round.takeDeadline();
  }

  /** It runs on the host. */
  protected began(): void {
    this.#apply({ type: "started" });
    this.#round.began.resolve();
  }

  /** Resolves when it runs on the host, or has ended without. */
  protected async whenBegun(): Promise<void> {
    await Promise.race([this.#round.began.promise, this.#round.over.promise]);
  }

  protected forced(): void {
    this.#apply({ type: "forced" });
  }

  /** The host has looked, and found nothing of it. */
  protected checked(): void {
    this.#apply({ type: "checked" });
  }

  /** What the start waits for, such as a session of the connection; undefined when it does not, or no more. */
  get waitsFor(): string | undefined {
    return this.#state.phase === "starting" ? this.#waitsFor : undefined;
  }

  /** To be called when the start has to wait. After a moment, the log says so. */
  protected waits(reason: string): void {
    if (this.#waitsFor === undefined) {
      const tell = (): void => {
        if (this.waitsFor !== undefined) this.#log("warn", `${this.name}: not begun, as it waits for ${this.waitsFor}`);
      };
      setTimeout(tell, longWait).unref();
    }
    this.#waitsFor = reason;
  }

  /** Takes output; resolves when all who want it have taken it. Never rejects. */
  protected async deliver(chunk: OutputChunk): Promise<void> {
    const round = this.#round;
    if (this.settings.output === "live" && this.#taps.size === 0) await Promise.race([round.reader.promise, round.dropped.promise]);
    if (round.isDropping) {
      this.#output.drop();
      return;
    }
    this.#output.chunk(chunk);
    if (this.#taps.size > 0) await Promise.race([this.#taps.chunk(chunk), round.dropped.promise]);
  }

  /** Waits a moment for the last output of a job that is being ended, then drops the rest. */
  protected async drain(done: Promise<unknown>): Promise<boolean> {
    if (await settledWithin(done, lastOutput)) return true;
    this.#round.isDropping = true;
    this.#round.dropped.resolve();
    for (const queue of this.#queues) queue.release();
    return await settledWithin(done, lastOutput);
  }

  async #run(round: Round): Promise<void> {
    let event: ProcessEvent;
    try {
      event = { type: "exit", ...(await this.carryOut(round.control.signal)) };
    } catch (error) {
      // A start that was cancelled fails by our own doing.
      const taken = round.control.signal.aborted ? new SremoteError("cancelled", "cancelled before it started", { cause: error }) : error;
      event = { type: "fail", error: SremoteError.from(taken, "channel-failed", { stage: "run" }) };
    }
    // Readers have all output when the end is told. One that stopped reading is not waited for once the end was asked for.
    await Promise.race([this.#taps.end(), round.dropped.promise.then(() => settledWithin(this.#taps.end(), lastOutput))]);
    this.#apply(event);
    this.#over(round);
  }

  /** Where it cannot be followed any more. */
  #fail(round: Round, error: unknown): void {
    if (round !== this.#round || this.ended) return;
    this.#apply({ type: "fail", error: SremoteError.from(error, "channel-failed", { stage: "run", host: this.name }) });
    this.#over(round);
  }

  #over(round: Round): void {
    this.#output.settle();
    round.takeDeadline();
    const how = `${this.name}: ${describeEnd(this)}`;
    if (this.ok) this.#log("debug", how);
    else this.#log("warn", `${how}\n${compactOutput(this.#output.text(), this.settings.outputInLog)}`);
    round.over.resolve();
    for (const queue of this.#queues) queue.end();
    this.#handlers.tell("end", this);
  }

  #apply(event: ProcessEvent): void {
    this.#state = nextState(this.#state, event);
  }

  /** A logger that throws changes nothing of what it is told. */
  #log(level: "debug" | "warn", text: string): void {
    try {
      this.settings.logger?.[level](text);
    } catch (error) {
      warnOfHandler("logger", error);
    }
  }

  #newOutput(): CollectedOutput {
    const { output, outputLimit = defaultOutputLimit, memory = new OutputMemory() } = this.settings;
    return new CollectedOutput(output === "collect" ? outputLimit : 0, memory);
  }

  #iterate<T>(weigh: (item: T) => number, makeTap: (queue: Queue<T>) => Tap): AsyncIterableIterator<T> {
    let remove: () => void = () => undefined;
    const queue = new Queue<T>(queueCapacity, weigh, () => {
      remove();
      this.#queues.delete(queue);
    });
    this.#queues.add(queue);
    const tap = makeTap(queue);
    remove = this.tap({
      chunk: (chunk) => tap.chunk(chunk),
      end: async () => {
        await tap.end?.();
        // Who iterates finds the exit status when there is nothing more to be had.
        if (this.ended) queue.end();
      },
    });
    return queue;
  }

  #tapFailed(cause: unknown): void {
    const summary = `an output handler threw: ${cause instanceof Error ? cause.message : String(cause)}`;
    this.end("error", new SremoteError("cancelled", summary, { stage: "output", cause }));
  }
}
