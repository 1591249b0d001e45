/* Runs made of runs. */
import { InvalidArgumentError, checkOptionNames, type OptionNames, given, checkList } from "@sremote/protocol";
import type { Job, KillOptions, Signal, StopCause } from "@sremote/process";
import type { Duration } from "../time/index.ts";
import { Run, withoutAborted } from "./run.ts";
import type { RunResult } from "./result.ts";
import { Slots } from "@sremote/connectors";

/**
 * A run that has not begun, or a function that makes one when its turn comes, or does something else and may take its time. It gets the results of
 * those before. An async function cannot make a run: it would be awaited, and so begin, before it could be made a part.
 */
export type Step = Run | ((before: readonly RunResult[]) => Run | undefined | void | Promise<void>);

export interface CompositeOptions {
  /** How reports call it. @default `parallel` or `sequence` */
  name?: string | undefined;
  /** Milliseconds, or text with a unit, for all of it together. @default none */
  timeout?: Duration | null | undefined;
  /** How many hosts are at work at once, over all parts. @default the largest of the parts */
  concurrency?: number | undefined;
  /** Aborting ends all of it; awaiting it rejects with the code `cancelled` at once. @default none */
  signal?: AbortSignal | undefined;
}

export interface SequenceOptions extends CompositeOptions {
  /** After a part in which something failed or could not be reached. @default `stop`: the others are not begun */
  onError?: "stop" | "continue" | undefined;
}

const ofComposites: OptionNames<CompositeOptions> = { name: true, timeout: true, concurrency: true, signal: true };

const ofSequences: OptionNames<SequenceOptions> = { ...ofComposites, onError: true };

/** Where neither the options nor parts say anything, as the configuration's default. */
const defaultConcurrency = 64;

abstract class Composite extends Run {
  readonly parts: Run[] = [];
  readonly #given: number | undefined;

  constructor(name: string, { timeout, concurrency, signal }: CompositeOptions, autoStart: boolean) {
    if (concurrency !== undefined && !(Number.isSafeInteger(concurrency) && concurrency >= 1)) {
      throw new InvalidArgumentError("options.concurrency", "a whole number, 1 or more");
    }
    super({ name, timeout, concurrency: concurrency ?? defaultConcurrency, signal }, autoStart);
    this.#given = concurrency;
  }

  get jobs(): readonly Job[] {
    return this.parts.flatMap(({ jobs }) => jobs);
  }

  protected makeSlots(): Slots {
    return new Slots(
      this.#given ?? Math.max(...this.parts.map(({ concurrency }) => concurrency), this.parts.length === 0 ? defaultConcurrency : 1),
    );
  }

  protected adoptPart(part: Run): Run {
    this.parts.push(part.adopt());
    part.onJob((job) => this.added(job));
    return part;
  }

  protected async stopParts(cause: StopCause, signal: Signal, options: KillOptions): Promise<void> {
    await Promise.all(this.parts.map((part) => part.stop(cause, signal, options)));
  }

  /** The parts that are wanted again, not begun. */
  protected partsAgain(isWanted: (job: Job) => boolean): Run[] {
    return this.parts.map((part) => part.again(isWanted, false)).filter((part) => part !== undefined);
  }
}

const isRun = (part: unknown): boolean => part instanceof Run;

class Parallel extends Composite {
  readonly #options: CompositeOptions;

  constructor(runs: readonly Run[], options: CompositeOptions, autoStart: boolean) {
    checkOptionNames(options, ofComposites);
    super(options.name ?? "parallel", options, autoStart);
    this.#options = options;
    for (const run of checkList(runs, "runs", "a Run", isRun)) this.adoptPart(run);
  }

  again(isWanted: (job: Job) => boolean, autoStart: boolean): Parallel | undefined {
    const parts = this.partsAgain(isWanted);
    return parts.length === 0 ? undefined : new Parallel(parts, withoutAborted(this.#options), autoStart);
  }

  protected async carryOut(slots: Slots): Promise<void> {
    await Promise.all(this.parts.map((part) => part.begin(slots)));
    await Promise.all(this.parts); // One that could not be made is told of.
  }
}

class Sequence extends Composite {
  readonly #options: SequenceOptions;
  readonly #steps: readonly Step[];

  constructor(steps: readonly Step[], options: SequenceOptions, autoStart: boolean) {
    checkOptionNames(options, ofSequences);
    const { onError } = options;
    if (onError !== undefined && onError !== "stop" && onError !== "continue")
      throw new InvalidArgumentError("options.onError", `"stop" or "continue"${given(onError)}`);
    super(options.name ?? "sequence", options, autoStart);
    this.#options = options;
    this.#steps = checkList(steps, "steps", "a Run, or a function that returns one", (step) => typeof step === "function" || isRun(step));
    for (const step of this.#steps) if (typeof step !== "function") this.adoptPart(step);
  }

  again(isWanted: (job: Job) => boolean, autoStart: boolean): Sequence | undefined {
    const parts = this.partsAgain(isWanted);
    return parts.length === 0 ? undefined : new Sequence(parts, withoutAborted(this.#options), autoStart);
  }

  protected async carryOut(slots: Slots): Promise<void> {
    const results: RunResult[] = [];
    for (const step of this.#steps) {
      const part = typeof step === "function" ? await this.#make(step, results) : { run: step };
      if (part === undefined) continue;
      const { run } = part;
      if (this.stopped !== undefined) return await run.stop(this.stopped);
      await run.begin(slots);
      results.push(await run);
      if (this.stopped !== undefined) return;
      if (!results.at(-1)!.ok && this.#options.onError !== "continue") return;
    }
  }

  /** In an object: a run itself would be awaited. */
  async #make(step: Exclude<Step, Run>, before: readonly RunResult[]): Promise<{ run: Run } | undefined> {
    const made = step(before);
    if (made instanceof Run) return { run: this.adoptPart(made) };
    const left: unknown = await made;
    if (left === undefined) return undefined;
    throw new InvalidArgumentError("runs", "functions that return a Run, not a promise of one");
  }
}

/**
 * All at once, within one limit of concurrency.
 *
 * @throws InvalidArgumentError for a run that has begun
 *
 * @example
 * ```ts
 * import { fleet, parallel } from "sremote/fleet";
 *
 * await using nodes = fleet("server,client");
 * await parallel([nodes.at("server").run("iperf -s"), nodes.at("client").run("iperf -c server")], { timeout: "1m" });
 * ```
 */
export function parallel(runs: readonly Run[], options: CompositeOptions = {}): Run {
  return new Parallel(runs, options, true);
}

/**
 * One after the other; each begins when the one before has ended on all its hosts.
 *
 * @throws InvalidArgumentError for a run that has begun
 *
 * @example
 * ```ts
 * import { fleet, sequence } from "sremote/fleet";
 *
 * await using nodes = fleet("node[1-3]");
 * await sequence([nodes.push("app.tar", "/srv/"), nodes.run("tar -xf /srv/app.tar")]);
 * ```
 */
export function sequence(steps: readonly Step[], options: SequenceOptions = {}): Run {
  return new Sequence(steps, options, true);
}
