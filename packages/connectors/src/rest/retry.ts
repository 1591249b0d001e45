/* When to try again. */

/** Longest wait that a service may ask for; beyond it the request fails instead. */
export const longestRetryAfter = 120_000;

/** Milliseconds a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds or a date), or undefined. */
export function retryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
