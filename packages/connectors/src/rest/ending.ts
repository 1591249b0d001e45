/* Ending what is no longer waited for: runs of jobs whose service may still be about to take them. */
import { settledWithin } from "../deadline.ts";
import type { RestContext, RunState, ScriptDialect } from "./dialect.ts";
import type { Attempt } from "./job.ts";
import { backOff, pause } from "../back-off.ts";

/** Milliseconds for which a job whose submission was not answered is looked for: as long as a gateway works on a request that its client left. */
const lookFor = 10_000;

/** A dialect whose jobs can be cancelled. */
export type Cancelling = ScriptDialect & Required<Pick<ScriptDialect, "cancel">>;

export function canCancel(dialect: ScriptDialect): dialect is Cancelling {
  return dialect.cancel !== undefined;
}

/**
 * Ends a job, wherever it is: on its way to the service, in the queue, or at work. Its script is removed meanwhile, so that a job which begins
 * late all the same finds nothing to run. Rejects when the service cannot be reached.
 */
export async function endJob(dialect: Cancelling, attempt: Attempt, name: string, context: RestContext): Promise<void> {
  const removed = dialect.remove(attempt.path, context);
  removed.catch(() => {}); // awaited below
  const handle = attempt.handle ?? (await submitted(attempt, context)) ?? (await found(dialect, name, context));
  if (handle !== undefined) {
    attempt.handle = handle;
    await dialect.cancel(handle, context, name);
  }
  await removed;
}

/** The handle that the service gives in answer to the request that is still on its way. */
async function submitted({ submission }: Attempt, { signal }: RestContext): Promise<string | undefined> {
  if (submission === undefined) return undefined;
  await settledWithin(submission, lookFor);
  signal.throwIfAborted();
  const state = await Promise.race([submission.catch(() => undefined), Promise.resolve(undefined)]);
  return handleOf(state);
}

function handleOf(state: RunState | undefined): string | undefined {
  return state?.kind === "queued" || state?.kind === "running" ? state.handle : undefined;
}

async function found(dialect: ScriptDialect, name: string, context: RestContext): Promise<string | undefined> {
  const until = performance.now() + lookFor;
  for (let look = 1; dialect.find !== undefined; look += 1) {
    const handle = await dialect.find(name, context);
    if (handle !== undefined || performance.now() > until) return handle;
    await pause(backOff(look, 200, 2000), context.signal);
  }
  return undefined;
}
