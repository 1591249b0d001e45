/* How far a run is, in numbers. */
import type { Job } from "@sremote/process";

export interface Counts {
  readonly total: number;
  readonly waiting: number;
  readonly connecting: number;
  readonly running: number;
  readonly ok: number;
  readonly failed: number;
  readonly unreachable: number;
}

export type JobKind = Exclude<keyof Counts, "total">;

export function kindOf(job: Job): JobKind {
  if (job.ended) return job.ok ? "ok" : job.reason === "unreachable" ? "unreachable" : "failed";
  return job.state === "idle" ? "waiting" : job.state === "starting" ? "connecting" : "running";
}

export function countsOf(jobs: Iterable<Job>): Counts {
  const counts = { total: 0, waiting: 0, connecting: 0, running: 0, ok: 0, failed: 0, unreachable: 0 };
  for (const job of jobs) {
    counts.total += 1;
    counts[kindOf(job)] += 1;
  }
  return counts;
}

/** `12/64 done: 10 ok, 1 failed, 1 unreachable; 32 running, 4 connecting, 16 waiting`; what is 0 is left out, but for `ok`. */
export function formatCounts(counts: Counts): string {
  const some = (...kinds: readonly JobKind[]): string =>
    kinds
      .filter((kind) => counts[kind] > 0 || kind === "ok")
      .map((kind) => `${counts[kind]} ${kind}`)
      .join(", ");
  const done = counts.ok + counts.failed + counts.unreachable;
  const going = (["running", "connecting", "waiting"] as const).filter((kind) => counts[kind] > 0);
  const rest = going.length === 0 ? "" : `; ${going.map((kind) => `${counts[kind]} ${kind}`).join(", ")}`;
  return `${done}/${counts.total} done: ${some("ok", "failed", "unreachable")}${rest}`;
}
