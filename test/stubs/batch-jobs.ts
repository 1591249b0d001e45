/* Batch jobs without a scheduler: each is a process of this machine, in a sandbox, which waits for a while in no queue. */
import { readdir, readFile } from "node:fs/promises";
import { launch } from "../../scripts/labs/launcher.ts";
import type { OutputLoss } from "./hostile-server.ts";
import type { Sandbox } from "./sandbox.ts";

export interface JobDescription {
  readonly name?: string | null;
  readonly workingDirectory: string;
  readonly standardOutput?: string | null;
  readonly standardError?: string | null;
  readonly script?: string;
}

interface Job {
  readonly id: string;
  readonly description: JobDescription;
  readonly loss: OutputLoss | undefined;
  state: string;
  exitCode: number | null;
  signal: number | null;
  /** Looks at it that tell its name as `allocation`. */
  nameless: number;
  /** Looks at it that still tell the state before. */
  lag: number;
  shown: string;
  timer: NodeJS.Timeout | undefined;
}

/** What the service says of a job: its `JobModel`. */
export interface JobModel {
  readonly jobId: string;
  readonly name: string;
  readonly status: {
    readonly state: string;
    readonly stateReason: string | null;
    readonly exitCode: number | null;
    readonly interruptSignal: number | null;
  };
  readonly [other: string]: unknown;
}

export class BatchJobs {
  readonly #sandbox: Sandbox;
  readonly #isHostile: boolean;
  readonly #jobs = new Map<string, Job>();

  constructor(sandbox: Sandbox, isHostile: boolean) {
    this.#sandbox = sandbox;
    this.#isHostile = isHostile;
  }

  /** @param loss `queue`: it never starts. `no-exit-code`: how it ended is told wrongly. */
  submit(description: JobDescription, loss: OutputLoss | undefined): string {
    const count = this.#jobs.size + 1;
    const id = String(4000 + count);
    const lag = this.#isHostile && count % 5 === 0 ? 1 : 0;
    const nameless = this.#isHostile && count % 3 === 0 ? 1 : 0;
    const start = { state: "PENDING", exitCode: null, signal: null, shown: "PENDING", timer: undefined };
    const job: Job = { id, description, loss, nameless, lag, ...start };
    this.#jobs.set(id, job);
    if (loss === "queue") return id;
    // Every fourth waits for its turn.
    if (this.#isHostile && count % 4 === 0) job.timer = setTimeout(() => this.#start(job), 300);
    else this.#start(job);
    return id;
  }

  find(id: string): JobModel | undefined {
    const job = this.#jobs.get(id);
    return job === undefined ? undefined : this.#model(job);
  }

  /** @param name undefined or null: all */
  all(name?: string | null): JobModel[] {
    const wanted = [...this.#jobs.values()].filter(({ description }) => (name ?? description.name) === description.name);
    return wanted.map((job) => this.#model(job));
  }

  /** Ends all its processes, as a scheduler with process tracking does. @returns what `scancel` says of a job that cannot be cancelled */
  async cancel(id: string): Promise<string | undefined> {
    const job = this.#jobs.get(id);
    if (job === undefined) return "Invalid job id specified";
    if (!/^(PENDING|RUNNING)/.test(job.state)) return "Job/step already completing or completed";
    clearTimeout(job.timer);
    job.state = "CANCELLED by 0";
    for (let round = 0; round < 3; round += 1) {
      for (const pid of await processesOf(id, this.#sandbox.home)) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has ended by itself.
        }
      }
    }
    return undefined;
  }

  stop(): void {
    for (const { timer } of this.#jobs.values()) clearTimeout(timer);
  }

  #start(job: Job): void {
    const { workingDirectory, standardOutput, standardError, script = "" } = job.description;
    job.state = "RUNNING";
    const ended = launch("/bin/sh", ["-c", script], {
      cwd: workingDirectory,
      env: { ...this.#sandbox.env, SLURM_JOB_ID: job.id },
      detached: true,
      files: [standardOutput ?? "/dev/null", standardError ?? "/dev/null"],
    });
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (job.state !== "RUNNING") return;
      job.state = code === 0 ? "COMPLETED" : "FAILED";
      job.exitCode = code ?? 0;
      job.signal = signal === null ? 0 : 9;
    };
    ended.then(
      ({ code, signal }) => end(code, signal),
      () => end(1, null),
    );
  }

  #model(job: Job): JobModel {
    // Accounting tells of an end later than it was.
    if (job.shown === "RUNNING" && job.state !== "RUNNING" && job.lag > 0) job.lag -= 1;
    else job.shown = job.state;
    const isOver = !/^(PENDING|RUNNING)/.test(job.shown);
    const isWrong = isOver && job.loss === "no-exit-code";
    const isNameless = job.shown === "RUNNING" && job.nameless > 0;
    if (isNameless) job.nameless -= 1;
    return {
      jobId: job.id,
      name: isNameless ? "allocation" : (job.description.name ?? "sbatch"),
      status: {
        state: isWrong ? "FAILED" : job.shown,
        stateReason: job.shown === "PENDING" ? "Priority" : "None",
        exitCode: isWrong ? 0 : isOver ? job.exitCode : null,
        interruptSignal: isWrong ? 9 : isOver ? job.signal : null,
      },
      time: { elapsed: 1, start: null, end: null, suspended: 0, limit: null },
      account: "stub",
      allocationNodes: 1,
      cluster: "stub",
      nodes: "localhost",
      partition: "normal",
      user: "me",
      workingDirectory: job.description.workingDirectory,
    };
  }
}

async function processesOf(id: string, home: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const variables = (await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "")).split("\0");
      return variables.includes(`SLURM_JOB_ID=${id}`) && variables.includes(`HOME=${home}`) ? Number(pid) : 0;
    }),
  );
  return found.filter((pid) => pid > 0);
}
