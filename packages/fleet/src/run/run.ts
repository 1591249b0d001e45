/* Many things at once, or one after the other, as one thing. */
import { showAs, type Slots, warnOfHandler } from "@sremote/connectors";
import { hostLimits, InvalidArgumentError, given } from "@sremote/protocol";
import type { ColorChoice } from "../color.ts";
import type { HostSet } from "../host/index.ts";
import type { OutputGroup } from "../gather/index.ts";
import {
  after,
  itemWeight,
  type Job,
  type KillOptions,
  type Line,
  LineTap,
  Queue,
  type Signal,
  type StopCause,
  type WaitOptions,
  cancelledBy,
  checkAbortSignal,
  checkHandler,
  checkKill,
  checkWaitOptions,
  waitFor,
} from "@sremote/process";
import type { Reportable, Stats } from "../report/index.ts";
import { type Duration, parseDuration } from "../time/index.ts";
import { type GatherOptions, RunResult } from "./result.ts";
import { resultShown } from "./result-shown.ts";

/** A line of output and whose it is. */
export interface HostLine<J extends Job = Job> extends Line {
  /** The host's name, or `user@name:port` where another host of the fleet has that name. */
  readonly host: string;
  readonly job: J;
}

export interface RunSettings {
  readonly name: string;
  /** For all of it together, from its start. */
  readonly timeout: Duration | null | undefined;
  /** How many hosts are at work at once, unless it is a part of another run, whose limit holds. */
  readonly concurrency: number;
  /** Of its display and reports. */
  readonly color?: ColorChoice | undefined;
  /** Aborting ends all of it. */
  readonly signal?: AbortSignal | undefined;
}

/** For a run that does it again: a signal that was aborted would end it before it began. */
export function withoutAborted<T extends { readonly signal?: AbortSignal | undefined }>(settings: T): T {
  return settings.signal?.aborted === true ? { ...settings, signal: undefined } : settings;
}

/** Which parts to do again. */
export type Again<J extends Job = Job> = "failed" | "unreachable" | "all" | ((job: J) => boolean);

/** Characters on their way to an iterator. */
const queueCapacity = hostLimits.queue;

let runs = 0;

/**
 * A run begins by itself in the next turn, unless it is made a part of another one before. Awaiting it gives its result, and never rejects because
 * of what happened on a host; `orThrow` does. When its `signal` is aborted, all of it is ended, and awaiting it rejects with the code `cancelled`
 * at once: its `jobs` tell how they ended. Iterating gives the lines of all hosts as they come.
 */
export abstract class Run<J extends Job = Job>
  implements PromiseLike<RunResult<J>>, AsyncIterable<HostLine<J>>, AsyncDisposable, Reportable
{
  readonly id: string;
  readonly name: string;
  readonly concurrency: number;
  readonly #color: ColorChoice | undefined;
  readonly #timeout: number | null;
  readonly #over = Promise.withResolvers<void>();
  readonly #control = new AbortController();
  /** Of `never`, so that a run of processes is a run of jobs. */
  readonly #onJob = new Set<(job: never) => void>();
  readonly #onEnd = new Set<() => void>();
  #phase: "idle" | "started" | "ended" = "idle";
  #isPart = false;
  #stopped: StopCause | undefined;
  #failure: { error: unknown } | undefined;
  /** The caller's, and what those who wait get when it is aborted. */
  readonly #callers: AbortSignal | undefined;
  readonly #cancelled = Promise.withResolvers<never>();

  /** @internal */
  constructor({ name, timeout, concurrency, color, signal }: RunSettings, autoStart = true) {
    this.id = `run-${runs++}`;
    this.name = name;
    this.concurrency = concurrency;
    this.#color = color;
    this.#timeout = parseDuration(timeout, { argument: "options.timeout" });
    checkAbortSignal(signal);
    this.#callers = signal;
    this.#cancelled.promise.catch(() => undefined);
    signal?.addEventListener("abort", this.#cancel, { once: true });
    if (signal?.aborted === true) queueMicrotask(this.#cancel);
    if (!autoStart) return;
    queueMicrotask(() => {
      if (!this.#isPart && this.#phase === "idle") this.start();
    });
  }

  static {
    showAs(this, "Run", (self) => (self.ended ? resultShown(self.result) : { name: self.name, jobs: self.jobs.length, state: self.state }));
  }

  /** All processes and calls of it, in order; of one whose parts are made as it goes, those that there are. */
  abstract get jobs(): readonly J[];
  /** The runs it is made of. */
  abstract get parts(): readonly Run<J>[];
  protected abstract carryOut(slots: Slots): Promise<void>;
  protected abstract stopParts(cause: StopCause, signal: Signal, options: KillOptions): Promise<void>;
  /** The same again with the jobs that are wanted, not started; undefined where none is. @internal */
  abstract again(isWanted: (job: J) => boolean, autoStart: boolean): Run<J> | undefined;
  protected abstract makeSlots(): Slots;

  get state(): "idle" | "started" | "ended" {
    return this.#phase;
  }
  get ended(): boolean {
    return this.#phase === "ended";
  }
  /** How things stand now. */
  get result(): RunResult<J> {
    return new RunResult(this.name, this.jobs);
  }
  get ok(): boolean {
    return this.result.ok;
  }
  get failed(): HostSet {
    return this.result.failed;
  }
  get unreachable(): HostSet {
    return this.result.unreachable;
  }
  /** What the configuration says of colours; of a run of runs, that of the first part. */
  get color(): ColorChoice | undefined {
    return this.#color ?? this.parts.find(({ color }) => color !== undefined)?.color;
  }
  stats(): Stats {
    return this.result.stats();
  }
  reports(): readonly Reportable[] {
    return this.parts;
  }
  /** Hosts by equal output. @example for (const { names, lines } of run.gather()) console.log(names, lines); */
  gather(options?: GatherOptions): OutputGroup[] {
    return this.result.gather(options);
  }

  /** Begins now rather than in the next turn. @throws InvalidArgumentError when it has begun */
  start(): this {
    if (this.#phase !== "idle") throw new InvalidArgumentError("start cannot be called: the run was started before");
    this.begin(this.makeSlots()).catch((error: unknown) => this.#fail(error));
    return this;
  }

  /** @internal Makes it a part of another run, which begins it. */
  adopt(): this {
    if (this.#isPart || this.#phase !== "idle") {
      throw new InvalidArgumentError("runs", "Runs that have not started and are not parts of another", {
        hint: "make them where they are passed, or pass functions that make them",
      });
    }
    this.#isPart = true;
    return this;
  }

  /** @internal Resolves at its end. */
  async begin(slots: Slots): Promise<void> {
    this.#phase = "started";
    if (this.#callers?.aborted === true) this.#cancel();
    const clear = after(this.#timeout, () => this.#stopAlone("timeout"));
    try {
      if (this.#stopped === undefined) await this.carryOut(slots);
    } catch (error) {
      // Not of a host, but of a function that should have made a part.
      this.#failure = { error };
    } finally {
      clear();
      this.#end();
    }
  }

  /** It cannot be followed any more: those who wait for it are told. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#end();
  }

  /** Ends it without waiting for that. */
  #stopAlone(cause: StopCause): void {
    this.stop(cause).catch((error: unknown) => this.#fail(error));
  }

  /**
   * The exit statuses when all has ended; of what has not ended in time, null.
   *
   * @throws SremoteError `cancelled` as soon as the run's signal is aborted, or that of the options, which ends the waiting alone
   * @example const exitCodes = await run.wait({ timeout: "1m", kill: true });
   */
  async wait(options: WaitOptions = {}): Promise<(number | null)[]> {
    checkWaitOptions(options);
    const milliseconds = parseDuration(options.timeout, { argument: "options.timeout" });
    const limits = { milliseconds, signal: options.signal, stage: "wait" };
    const isOver = await Promise.race([this.#cancelled.promise, waitFor(this.untilEnded(), limits)]);
    if (!isOver && options.kill === true) await this.stop("timeout");
    return this.result.exitCodes;
  }

  /** @internal Starts it if need be, and resolves at its end. */
  untilEnded(): Promise<void> {
    if (this.#phase === "idle" && !this.#isPart) this.start();
    return this.#over.promise;
  }

  /** Ends all of it; what has not begun never will. @example await run.kill("SIGINT"); */
  async kill(signal: Signal = "SIGTERM", options: KillOptions = {}): Promise<RunResult<J>> {
    checkKill(signal, options);
    await this.stop("killed", signal, options);
    return this.result;
  }

  /** @internal */
  async stop(cause: StopCause, signal: Signal = "SIGTERM", options: KillOptions = {}): Promise<void> {
    this.#stopped ??= cause;
    this.#control.abort(new DOMException("the run was ended", "AbortError"));
    await this.stopParts(cause, signal, options);
    if (this.#phase === "idle") this.#end();
    await this.#over.promise;
  }

  /** The caller's signal was aborted: those who wait are told at once, however long the ending takes. */
  readonly #cancel = (): void => {
    if (this.ended) return;
    this.#cancelled.reject(cancelledBy(this.#callers?.reason, { stage: "run", host: undefined }));
    this.#stopAlone("killed");
  };

  protected get stopped(): StopCause | undefined {
    return this.#stopped;
  }

  /** Aborted when it is ended. */
  protected get signal(): AbortSignal {
    return this.#control.signal;
  }

  /** The result. @throws RunError if something failed or could not be reached @example const { exitCodes } = await run.orThrow(); */
  async orThrow(): Promise<RunResult<J>> {
    return (await this).orThrow();
  }

  /**
   * Does again what failed or was unreachable (default), or what is wanted, as a new run. @throws InvalidArgumentError when there is nothing
   *
   * @example await run.rerun("failed");
   */
  rerun(which?: Again<J>): Run<J> {
    const isWanted = wanted(which);
    const run = this.again(isWanted, true);
    if (run === undefined) throw new InvalidArgumentError("which selects no job of this run");
    return run;
  }

  /** Calls back with each job: those that there are, and those to come. @internal */
  onJob(callback: (job: J) => void): () => void {
    for (const job of this.jobs) callback(job);
    this.#onJob.add(callback);
    return () => this.#onJob.delete(callback);
  }

  protected added(job: J): void {
    for (const callback of this.#onJob) callback(job as never);
  }

  /**
   * Calls back when a job starts or ends, with each line, and when all has ended. Returns a function that removes the handler.
   *
   * @example run.on("line", ({ host, text }) => console.log(host, text));
   */
  on(event: "start" | "end", handler: (job: J) => void): () => void;
  on(event: "line", handler: (line: HostLine<J>) => void | Promise<void>): () => void;
  on(event: "over", handler: () => void): () => void;
  on(event: "start" | "end" | "line" | "over", handler: (value: never) => void | Promise<void>): () => void {
    checkHandler(event, handler, ["start", "end", "line", "over"]);
    if (event === "over") {
      const call = (): void => {
        (async () => (handler as () => unknown)())().catch((error: unknown) => warnOfHandler(event, error));
      };
      this.#onEnd.add(call);
      return () => this.#onEnd.delete(call);
    }
    const removers: (() => void)[] = [];
    const call = handler as (value: unknown) => void | Promise<void>;
    const listen = (job: J): void => {
      removers.push(
        event === "line" ? job.on("line", (line) => call({ ...line, host: hostOf(job), job })) : job.on(event, () => call(job)),
      );
    };
    removers.push(this.onJob(listen));
    return () => {
      for (const remove of removers) remove();
    };
  }

  /**
   * Lines of all hosts as they come; a slow host holds up no other. Ends when all has ended.
   *
   * @example for await (const { host, text } of run) console.log(host, text);
   */
  lines(): AsyncIterableIterator<HostLine<J>> {
    return this.#collect(
      ({ text }) => text.length + itemWeight,
      (job, queue) => job.tap(new LineTap((line) => queue.push({ ...line, host: hostOf(job), job }))),
    );
  }

  /** Processes and calls in the order in which they end. @example for await (const { label, ok } of run.completed()) console.log(label, ok); */
  completed(): AsyncIterableIterator<J> {
    return this.#collect(
      () => 0,
      (job, queue) => {
        if (job.ended) queue.add(job);
        return job.on("end", () => queue.add(job));
      },
    );
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<HostLine<J>> {
    return this.lines();
  }

  /** New output by host, since it was taken last. */
  readNew(): [host: string, output: string][] {
    return this.jobs.map((job): [string, string] => [hostOf(job), job.readNew()]).filter(([, output]) => output !== "");
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a run is a promise of its result, with more to it
  then<A = RunResult<J>, B = never>(
    fulfilled?: ((result: RunResult<J>) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#settled().then(fulfilled, rejected);
  }

  /** Ends it if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.ended) await this.kill();
  }

  async #settled(): Promise<RunResult<J>> {
    await Promise.race([this.#cancelled.promise, this.#over.promise]);
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.result;
  }

  #end(): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#callers?.removeEventListener("abort", this.#cancel);
    this.#over.resolve();
    for (const callback of this.#onEnd) callback();
  }

  #collect<T>(weigh: (item: T) => number, listen: (job: J, queue: Queue<T>) => () => void): AsyncIterableIterator<T> {
    const removers: (() => void)[] = [];
    const queue = new Queue<T>(queueCapacity, weigh, () => {
      for (const remove of removers) remove();
    });
    removers.push(this.onJob((job) => void removers.push(listen(job, queue))));
    const end = (): void => queue.end(this.#failure);
    if (this.ended) end();
    else this.#onEnd.add(end);
    return queue;
  }
}

export function hostOf({ label }: Job): string {
  return label;
}

function wanted<J extends Job>(which: Again<J> | undefined): (job: J) => boolean {
  if (typeof which === "function") return which;
  switch (which) {
    case undefined:
      return (job) => !job.ok;
    case "failed":
      return (job) => !job.ok && job.reason !== "unreachable";
    case "unreachable":
      return ({ reason }) => reason === "unreachable";
    case "all":
      return () => true;
    default:
      throw new InvalidArgumentError("which", `"failed", "unreachable", "all", or a function${given(which)}`);
  }
}
