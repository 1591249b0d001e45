/* Deadlines and aborts, the same for every operation of every connector. */
import { DeadlineTimer, SremoteError } from "@sremote/protocol";
import { checkDeadline } from "./argument.ts";
import type { OwnOptions } from "./own-options.ts";

/** Where an operation takes place, for its errors. */
export interface OperationPlace {
  /** The connector's label. */
  readonly label: string;
  /** `exec`, `push`, `pull`, … */
  readonly stage: string;
}

/** After the deadline or an abort, the work has so many milliseconds to end by itself; then the caller waits no more, and it goes on alone. */
const grace = 80;

/**
 * Runs an operation under a deadline and a caller's signal. `run` gets one signal for both, must end what it started when it is
 * aborted, and then rejects; the caller sees a `SremoteError` with the code `timeout` or `cancelled`
 * (or the signal's own reason when that is a `SremoteError`, as when a connector is closed), and sees it within 100 ms, also where ending
 * takes longer.
 */
export async function withDeadline<T>(options: OwnOptions, place: OperationPlace, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  checkDeadline(options);
  const { signal, timeout, later, waitsFor } = options;
  const control = new AbortController();
  const cancel = (): void => control.abort(cancellation(signal?.reason, place));
  if (signal?.aborted) throw cancellation(signal.reason, place);
  signal?.addEventListener("abort", cancel, { once: true });
  const expire = (): void => {
    const waited = waitsFor?.();
    const summary = `${place.stage}: the deadline of ${timeout} ms passed${waited === undefined ? "" : `; it waited for ${waited}`}`;
    control.abort(new SremoteError("timeout", summary, { stage: place.stage, host: place.label }));
  };
  const timer = timeout === undefined ? undefined : new DeadlineTimer(timeout, expire);
  let patience: NodeJS.Timeout | undefined;
  const { promise: impatient, reject } = Promise.withResolvers<never>();
  control.signal.addEventListener("abort", () => (patience = setTimeout(reject, grace, control.signal.reason)), { once: true });
  const running = run(control.signal);
  try {
    return await Promise.race([running, impatient]);
  } catch (error) {
    if (!control.signal.aborted) throw error;
    const ended = running.then(discard).catch(() => undefined);
    later?.(ended);
    throw control.signal.reason;
  } finally {
    timer?.stop();
    clearTimeout(patience);
    signal?.removeEventListener("abort", cancel);
  }
}

/** A process that was started too late for anybody to have it. */
async function discard(result: unknown): Promise<void> {
  if (typeof result !== "object" || result === null || !(Symbol.asyncDispose in result)) return;
  await (result as AsyncDisposable)[Symbol.asyncDispose]();
}

function cancellation(reason: unknown, place: OperationPlace): SremoteError {
  if (reason instanceof SremoteError) return reason;
  return new SremoteError("cancelled", `${place.stage}: the caller cancelled`, { stage: place.stage, host: place.label, cause: reason });
}

/** Rejects with the signal's reason as soon as it is aborted, whatever becomes of the promise. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Whether the promise settled, in whatever way, within so many milliseconds. */
export async function settledWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: DeadlineTimer | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = new DeadlineTimer(milliseconds, () => resolve(false));
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    timer?.stop();
  }
}
