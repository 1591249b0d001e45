/* When to try again. */
import { setTimeout as delay } from "node:timers/promises";

/** Longest wait that a service may ask for; beyond it the request fails instead. */
export const longestRetryAfter = 120_000;

/** Milliseconds a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or a date), or undefined. */
export function retryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Milliseconds before attempt `n + 1`: doubling, and spread over half its length so that clients do not come back together. */
export function backoff(n: number, first: number, most: number): number {
  const full = Math.min(first * 2 ** (n - 1), most);
  return full * (0.5 + Math.random() / 2);
}

/** Waits, unless aborted; then rejects with the signal's reason. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}
