/* Waiting for what may take long, no longer than the caller wants to. */
import { InvalidArgumentError, SremoteError } from "@sremote/protocol";
import { after } from "./after.ts";

export interface WaitLimits {
  /** Milliseconds; null: as long as it takes. */
  readonly milliseconds: number | null;
  readonly signal: AbortSignal | undefined;
  /** What waits, for the error: `wait`, `expect`. */
  readonly stage: string;
  readonly host?: string | undefined;
}

/**
 * Whether the promise settled in time. What it stands for goes on.
 *
 * @throws SremoteError `cancelled` as soon as the signal is aborted
 */
export async function waitFor(promise: Promise<unknown>, limits: WaitLimits): Promise<boolean> {
  const { milliseconds, signal } = limits;
  const { promise: decided, resolve, reject } = Promise.withResolvers<boolean>();
  const stop = (): void => reject(cancelledBy(signal?.reason, limits));
  if (signal?.aborted === true) stop();
  signal?.addEventListener("abort", stop, { once: true });
  const settled = (): void => resolve(true);
  promise.then(settled, settled);
  const clear = after(milliseconds, () => resolve(false));
  try {
    return await decided;
  } finally {
    clear();
    signal?.removeEventListener("abort", stop);
  }
}

/** The error of one that waits no longer. */
export function cancelledBy(reason: unknown, { stage, host }: Pick<WaitLimits, "stage" | "host">): SremoteError {
  return new SremoteError("cancelled", `${stage}: the caller cancelled`, { stage, host, cause: reason });
}

/** @throws InvalidArgumentError */
export function checkAbortSignal(signal: unknown, argument = "options.signal"): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new InvalidArgumentError(argument, "an AbortSignal");
}
