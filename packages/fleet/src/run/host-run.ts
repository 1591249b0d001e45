/* A run of one thing on each of many hosts. */
import { type Job, type KillOptions, OutputMemory, type Signal, type StopCause } from "@sremote/process";
import { Run, type RunSettings, withoutAborted } from "./run.ts";
import { Slots } from "@sremote/connectors";
import { Turn } from "./turn.ts";

/** How the job of a host is made. The turn is left while the host is only waited for; the memory keeps the output of all of them. */
export type MakeJob<J extends Job> = (turn: () => Turn, memory: OutputMemory) => J;

export interface HostRunSettings extends RunSettings {
  /** Bytes of output that all jobs together keep. */
  readonly totalOutputLimit: number;
}

export class HostRun<J extends Job = Job> extends Run<J> {
  readonly jobs: readonly J[];
  readonly #makers: readonly MakeJob<J>[];
  readonly #settings: HostRunSettings;
  readonly #watch: (run: Run<J>) => void;
  readonly #turns = new Map<number, Turn>();

  /** @param watch told of this run and of each that does it again, before it begins */
  constructor(settings: HostRunSettings, makers: readonly MakeJob<J>[], watch: (run: Run<J>) => void, autoStart = true) {
    super(settings, autoStart);
    this.#settings = settings;
    this.#makers = makers;
    this.#watch = watch;
    const memory = new OutputMemory(settings.totalOutputLimit, makers.length);
    this.jobs = makers.map((make, index) => make(() => this.#turns.get(index)!, memory));
    for (const job of this.jobs) job.schedule();
    watch(this);
  }

  get parts(): readonly Run<J>[] {
    return [];
  }

  again(isWanted: (job: J) => boolean, autoStart: boolean): HostRun<J> | undefined {
    const makers = this.#makers.filter((_, index) => isWanted(this.jobs[index]!));
    return makers.length === 0 ? undefined : new HostRun(withoutAborted(this.#settings), makers, this.#watch, autoStart);
  }

  protected makeSlots(): Slots {
    return new Slots(this.concurrency);
  }

  protected async carryOut(slots: Slots): Promise<void> {
    await Promise.all(this.jobs.map((job, index) => this.#carryOutOne(job, index, slots)));
  }

  protected async stopParts(cause: StopCause, signal: Signal, options: KillOptions): Promise<void> {
    await Promise.all(this.jobs.map((job) => job.stop(cause, signal, options)));
  }

  async #carryOutOne(job: J, index: number, slots: Slots): Promise<void> {
    const turn = new Turn(slots, this.signal);
    this.#turns.set(index, turn);
    try {
      await turn.take();
    } catch (error) {
      // Ended before its turn came; the end of the run has ended the job.
      if (!this.signal.aborted) throw error;
      return;
    }
    try {
      if (job.state === "idle") await job.run();
    } finally {
      turn.give();
    }
  }
}
