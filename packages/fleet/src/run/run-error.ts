import { SremoteError } from "@sremote/protocol";
import { compactOutput } from "../log/index.ts";
import { fold } from "../node-set/index.ts";
import { describeEnd } from "../process/describe-end.ts";
import type { Job } from "../process/index.ts";
import type { RunResult } from "./result.ts";

/** Kinds of failure that are told one by one. */
const mostKinds = 10;

/** Thrown by `orThrow`: on which hosts what went wrong. */
export class RunError extends SremoteError {
  override name = "RunError";
  readonly #result: RunResult;

  constructor(result: RunResult) {
    const failed = result.jobs.filter(({ ok }) => !ok);
    const kinds = [...Map.groupBy(failed, kindOf)].toSorted(([, left], [, right]) => right.length - left.length);
    const shown = kinds.slice(0, mostKinds).map(([, jobs]) => `${fold(jobs.map(({ label }) => label))}: ${describeEnd(jobs[0]!)}`);
    const more = kinds.length > mostKinds ? [`and ${kinds.length - mostKinds} other kinds of failure`] : [];
    super(codeOf(failed), `${result.name}: ${failed.length} of ${result.jobs.length} failed\n  ${[...shown, ...more].join("\n  ")}`, {
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
