import type { Job } from "@sremote/process";
import type { HostSet } from "../host/index.ts";

interface Result {
  readonly name: string;
  readonly jobs: readonly Job[];
  readonly ok: boolean;
  readonly failed: HostSet;
  readonly unreachable: HostSet;
}

/** How a run stands, for people. */
export function resultShown({ name, jobs, ok, failed, unreachable }: Result): Record<string, string | number | boolean | undefined> {
  const sets = { failed: failed.toString(), unreachable: unreachable.toString() };
  return { name, jobs: jobs.length, ok, failed: sets.failed || undefined, unreachable: sets.unreachable || undefined };
}
