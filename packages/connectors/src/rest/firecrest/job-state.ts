/* What the scheduler says of a job. */
import type { RunState } from "../dialect.ts";
import type { HttpReply } from "../http.ts";

export interface Job {
  readonly jobId: string;
  /** Of a job that the accounting has only just heard of: `allocation`. */
  readonly name: string;
  readonly workingDirectory?: unknown;
  readonly status: {
    readonly state: string;
    readonly stateReason?: string | null;
    readonly exitCode?: number | null;
    readonly interruptSignal?: number | null;
  };
}

/** The jobs of a reply; those that are none are left out. */
export function jobsOf(reply: HttpReply | undefined): Job[] {
  const { jobs } = (reply?.object ?? {}) as { jobs?: unknown };
  const found = Array.isArray(jobs) ? (jobs as (Partial<Job> | null)[]) : [];
  return found.flatMap((job) => {
    const jobId = jobIdOf(job?.jobId);
    return jobId === undefined || typeof job?.status?.state !== "string" ? [] : [{ ...(job as Job), jobId }];
  });
}

/** A job's id is a text; up to version 2.4 of the service it is a number. */
export function jobIdOf(value: unknown): string | undefined {
  return (typeof value === "string" && value !== "") || Number.isSafeInteger(value) ? String(value) : undefined;
}

/** States as `sacct` and `squeue` name them; some have more behind them: `CANCELLED by 0`. */
const waiting = /^(PENDING|CONFIGURING|REQUEUE|RESV_|SPECIAL_|SUSPENDED|STOPPED|RESIZING)/;
const over = /^(BOOT_FAIL|CANCELLED|DEADLINE|FAILED|LAUNCH_FAILED|NODE_FAIL|OUT_OF_MEMORY|PREEMPTED|RECONFIG_FAIL|REVOKED|TIMEOUT)/;

/** A job that failed may say 0 and FAILED, and the signal beside it: its state decides, and after it the files. */
export function stateOf({ jobId: handle, status }: Job): RunState {
  const { state, stateReason, exitCode, interruptSignal } = status;
  if (state.startsWith("COMPLETED")) return { kind: "finished" };
  if (waiting.test(state)) return { kind: "queued", handle, detail: stateReason ? `${state}, ${stateReason}` : state };
  if (!over.test(state)) return { kind: "running", handle, detail: state };
  const signal = interruptSignal ? `, signal ${interruptSignal}` : "";
  return { kind: "failed", detail: `job ${handle} ended as ${state} (exit code ${exitCode ?? "unknown"}${signal})` };
}

/** The ids of those that wait or work. */
export function unfinished(jobs: readonly Job[]): string[] {
  return jobs.filter((job) => ["queued", "running"].includes(stateOf(job).kind)).map(({ jobId }) => jobId);
}
