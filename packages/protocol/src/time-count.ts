/* Counts of a unit of time since 1970, as numpy's datetime64 holds them. */
import type { TimeDtype, TimeUnit } from "./dtype.ts";
import { InvalidArgumentError } from "./error.ts";

/** NaT: no time. */
export const notATime: bigint = -(2n ** 63n);

const day = 86_400_000n;
/** Milliseconds of one, and how many make one millisecond. */
const scales: Readonly<Record<Exclude<TimeUnit, "Y" | "M">, readonly [bigint, bigint]>> = {
  W: [7n * day, 1n],
  D: [day, 1n],
  h: [3_600_000n, 1n],
  m: [60_000n, 1n],
  s: [1000n, 1n],
  ms: [1n, 1n],
  us: [1n, 1000n],
  ns: [1n, 1_000_000n],
  ps: [1n, 1_000_000_000n],
  fs: [1n, 1_000_000_000_000n],
  as: [1n, 1_000_000_000_000_000n],
};

/** The unit of a type of times. */
export function unitOf(dtype: TimeDtype): TimeUnit {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the only part that differs
  return dtype.slice(dtype.indexOf("[") + 1, -1) as TimeUnit;
}

export function isDatetime(dtype: string): boolean {
  return dtype.startsWith("datetime64");
}

/**
 * What the program is given for one element: a Date to the millisecond (earlier where it is finer), the count of a length of time, null for NaT.
 *
 * @throws InvalidArgumentError for a time that no Date holds
 */
export function timeOf(count: bigint, dtype: TimeDtype): Date | number | bigint | null {
  if (count === notATime) return null;
  return isDatetime(dtype) ? dateOf(count, unitOf(dtype)) : exactNumber(count);
}

/** As integers travel outside of arrays: a number, beyond ±(2^53 - 1) a bigint. */
export function exactNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function dateOf(count: bigint, unit: TimeUnit): Date {
  const date = unit === "Y" || unit === "M" ? calendar(count, unit) : new Date(Number(scaled(count, scales[unit])));
  if (Number.isNaN(date.getTime()))
    throw new InvalidArgumentError(`no Date holds ${count} ${unit} since 1970: read the counts in \`data\``);
  return date;
}

function calendar(count: bigint, unit: "Y" | "M"): Date {
  const months = unit === "Y" ? 12n * count : count;
  const date = new Date(0);
  date.setUTCFullYear(1970 + Number(months / 12n), Number(months % 12n));
  return date;
}

function scaled(count: bigint, [times, per]: readonly [bigint, bigint]): bigint {
  const product = count * times;
  // Division cuts off towards 0; a time before 1970 must not move to a later millisecond than others do.
  return product / per - (product % per < 0n ? 1n : 0n);
}
