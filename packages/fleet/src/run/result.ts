/* What came of a run. */
import { showAs } from "@sremote/connectors";
import { SremoteError, checkOptionNames, type OptionNames, checkObject, given, InvalidArgumentError } from "@sremote/protocol";
import { formatDifferences, formatGathered, type FormatGatheredOptions, type OutputGroup } from "../gather/index.ts";
import { type Host, HostSet } from "../host/index.ts";
import { compactOutput } from "../log/index.ts";
import { fold } from "../node-set/index.ts";
import { describeEnd, type Job } from "@sremote/process";
import { type Stats, statsOf } from "../report/index.ts";
import { gatherJobs } from "./gathered.ts";
import { resultShown } from "./result-shown.ts";

export interface GatherOptions {
  /** `both` are as they came. @default `stdout` */
  stream?: "stdout" | "stderr" | "both" | undefined;
}

const ofGather: OptionNames<GatherOptions> = { stream: true };

/** What is known of a run and its parts: at its end, or so far. */
export class RunResult<J extends Job = Job> {
  readonly name: string;
  /** In the order of the hosts. */
  readonly jobs: readonly J[];

  /** @internal */
  constructor(name: string, jobs: readonly J[]) {
    this.name = name;
    this.jobs = jobs;
  }

  static {
    showAs(this, "RunResult", (self) => resultShown(self));
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
  gather(options: GatherOptions = {}): OutputGroup[] {
    checkOptionNames(options, ofGather);
    const { stream = "stdout" } = options;
    return gatherJobs(this.jobs, stream === "both" ? undefined : stream);
  }

  /** {@link gather} as text. */
  format(options: GatherOptions & FormatGatheredOptions = {}): string {
    checkObject(options, "options");
    const { stream, ...format } = options;
    return formatGathered(this.gather({ stream }), format);
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

/** Kinds of failure that are told one by one. */
const mostKinds = 10;

/** Thrown by `orThrow`: on which hosts what went wrong. */
export class RunError extends SremoteError {
  override get name(): string {
    return "RunError";
  }
  readonly #result: RunResult;

  constructor(result: RunResult) {
    if (!(result instanceof RunResult)) throw new InvalidArgumentError("result", `a RunResult${given(result)}`);
    const failed = result.jobs.filter(({ ok }) => !ok);
    const kinds = [...Map.groupBy(failed, kindOf)].toSorted(([, left], [, right]) => right.length - left.length);
    const shown = kinds.slice(0, mostKinds).map(([, jobs]) => `${fold(jobs.map(({ label }) => label))}: ${describeEnd(jobs[0]!)}`);
    const more = kinds.length > mostKinds ? [`and ${kinds.length - mostKinds} other kinds of failure`] : [];
    super(codeOf(failed), `${result.name}: ${failed.length} of ${result.jobs.length} failed\n${[...shown, ...more].join("\n")}`, {
      stage: "run",
      lastLines: compactOutput(
        failed
          .find((job) => job.reason === "exit")
          ?.output.text()
          .trimEnd() ?? "",
        1000,
      ),
      cause: failed.find(({ error }) => error !== undefined)?.error,
    });
    this.#result = result;
  }

  /** Not enumerable, so that logs are not filled with it. */
  get result(): RunResult {
    return this.#result;
  }
}

/** What is the same but for addresses and the like is told once. */
function kindOf(job: Job): string {
  return job.error === undefined ? describeEnd(job) : `${job.reason} ${job.error.code}`;
}

/** A status counts for more than a host that was not there: something has run. */
function codeOf(failed: readonly Job[]): SremoteError["code"] {
  if (failed.some(({ reason }) => reason === "exit")) return "exited";
  if (failed.some(({ reason }) => reason === "timeout")) return "timeout";
  return failed.find(({ error }) => error !== undefined)?.error?.code ?? "exited";
}
