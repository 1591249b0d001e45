/* What the scheduler says of a job. */
import type { RunState } from "../dialect.ts";
import type { Reply } from "../http.ts";

export interface Job {
  readonly jobId: string;
  readonly name: string;
  readonly status: {
    readonly state: string;
    readonly stateReason?: string | null;
    readonly exitCode?: number | null;
    readonly interruptSignal?: number | null;
  };
}

/** The jobs of a reply; those that are none are left out. */
export function jobsOf(reply: Reply | undefined): Job[] {
  const { jobs } = (reply?.object ?? {}) as { jobs?: unknown };
  return Array.isArray(jobs) ? jobs.filter((job: Partial<Job> | null): job is Job => typeof job?.status?.state === "string") : [];
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
