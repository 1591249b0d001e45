import { InvalidArgumentError } from "@sremote/protocol";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * `90`, `1.5s`, `500ms`, `2m`, `1h30m` in milliseconds; a number alone is seconds, as with timeout(1) and sleep(1).
 *
 * @example
 * ```ts
 * import { parseDuration } from "sremote/fleet";
 *
 * console.log(parseDuration("1h30m"), parseDuration(500)); // 5400000 500
 * ```
 */
export function parseDuration(text: string, option = "--timeout"): number {
  const total = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : sum(text);
  if (total === undefined || !(total > 0) || !Number.isFinite(total)) {
    throw new InvalidArgumentError(option, `a positive duration such as 90, 1.5s, 500ms, 2m or 1h30m, not ${JSON.stringify(text)}`);
  }
  return total;
}

function sum(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) total += Number(amount) * units[unit!]!;
  return total;
}
