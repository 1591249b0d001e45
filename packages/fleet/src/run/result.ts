/* What came of a run. */
import { formatDifferences, formatGathered } from "../gather/index.ts";
import type { FormatGatheredOptions, OutputGroup } from "../gather/index.ts";
import { type Host, HostSet } from "../host/index.ts";
import type { Job } from "../process/index.ts";
import { type Stats, statsOf } from "../report/index.ts";
import { gatherJobs } from "./gathered.ts";
import { RunError } from "./run-error.ts";

export interface GatherOptions {
  /** Default `stdout`. `both` are as they came. */
  stream?: "stdout" | "stderr" | "both" | undefined;
}

/** What is known of a run and its parts: at its end, or so far. */
export class RunResult<J extends Job = Job> {
  readonly name: string;
  /** In the order of the hosts. */
  readonly jobs: readonly J[];

  constructor(name: string, jobs: readonly J[]) {
    this.name = name;
    this.jobs = jobs;
  }

  /** Whether nothing has failed. */
  get ok(): boolean {
    return this.jobs.every(({ ok }) => ok);
  }

  /** Hosts on which something failed. Those that could not be reached are not among them. */
  get failed(): HostSet {
    return this.#hosts((job) => !job.ok && job.reason !== "unreachable");
  }

  get unreachable(): HostSet {
    return this.#hosts(({ reason }) => reason === "unreachable");
  }

  get succeeded(): HostSet {
    return this.#hosts((job) => job.ended && job.ok);
  }

  /** Exit statuses by host; null where there is none. */
  get exitCodes(): (number | null)[] {
    return this.jobs.map(({ exitCode }) => exitCode);
  }

  /** The highest exit status, as of `clush -S`; null where none exited. */
  get worst(): number | null {
    return this.exitCodes.reduce((worst, code) => (code === null || (worst !== null && worst >= code) ? worst : code), null);
  }

  stats(): Stats {
    return statsOf(this.jobs);
  }

  /**
   * Hosts with the same output together, most hosts first. A host that ran several commands has their outputs one after the other. Where more was
   * printed than is kept, the group is `truncated`. The lines of a group are made when they are asked for.
   */
  gather({ stream = "stdout" }: GatherOptions = {}): OutputGroup[] {
    return gatherJobs(this.jobs, stream === "both" ? undefined : stream);
  }

  /** {@link gather} as text. */
  format(options: GatherOptions & FormatGatheredOptions = {}): string {
    return formatGathered(this.gather(options), options);
  }

  /** Where the others differ from what most hosts print, as a unified diff. */
  differences(options: GatherOptions = {}): string {
    return formatDifferences(this.gather(options));
  }

  /** @throws RunError if something failed or could not be reached */
  orThrow(): this {
    if (!this.ok) throw new RunError(this);
    return this;
  }

  #hosts(isWanted: (job: J) => boolean): HostSet {
    return new HostSet(this.jobs.filter(isWanted).flatMap(({ host }): Host[] => (host === undefined ? [] : [host])));
  }
}
