/* What came of a run. */
import { formatDifferences, formatGathered, OutputTree } from "../gather/index.ts";
import type { FormatGatheredOptions, OutputGroup } from "../gather/index.ts";
import { type Host, HostSet } from "../host/index.ts";
import type { Job, Line } from "../process/index.ts";
import { LineTap } from "../process/lines.ts";
import { type Stats, statsOf } from "../report/index.ts";
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

  /** Hosts with the same output together, most hosts first. A host that ran several commands has their outputs one after the other. */
  gather({ stream = "stdout" }: GatherOptions = {}): OutputGroup[] {
    const tree = new OutputTree();
    for (const job of this.jobs) {
      const name = job.host?.name ?? job.name;
      tree.touch(name);
      for (const { text } of linesOf(job, stream)) tree.add(name, text);
    }
    return tree.groups();
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

function linesOf(job: Job, stream: "stdout" | "stderr" | "both"): Line[] {
  const lines: Line[] = [];
  const cut = new LineTap((line) => void lines.push(line));
  for (const chunk of job.output.chunks) if (stream === "both" || chunk.stream === stream) void cut.chunk(chunk);
  void cut.end();
  return lines;
}
