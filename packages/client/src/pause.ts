import { setTimeout as delay } from "node:timers/promises";

/** Waits, in milliseconds, unless aborted: then rejects with an AbortError. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
}
