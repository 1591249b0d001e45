import { setTimeout as delay } from "node:timers/promises";

/** Waits, in milliseconds, unless aborted: then rejects with the signal's reason. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch {
    // Node's own error only says that there was an abort; the reason says why, and has the code that callers tell apart.
    throw signal!.reason;
  }
}
