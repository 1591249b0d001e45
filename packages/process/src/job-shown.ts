/* What `console.log` shows of a process, call or transfer. */
import type { Job } from "./job.ts";

export function jobShown({ label: host, state, reason, exitCode }: Job): Record<string, string | number | undefined> {
  return { host, state, reason: reason ?? undefined, exitCode: exitCode ?? undefined };
}
