/* One reader for every way to write a duration. */
import { checkOptionNames, type OptionNames } from "./known-options.ts";
import { InvalidArgumentError } from "./error.ts";
import { given } from "./given.ts";

/**
 * A number is **milliseconds**, as everywhere in JavaScript. Text is as people and other tools write it; a number in text is **seconds**,
 * as with timeout(1), sleep(1) and execo:
 *
 * | text | form |
 * |---|---|
 * | `"90"`, `"0.5"` | seconds |
 * | `"1h30m"`, `"1d2h3m4s"`, `"1.5s"`, `"500ms"`, `"2w"` | units, from large to small |
 * | `"4s.123"` | as `formatDuration` writes milliseconds |
 * | `"1:30"`, `"1:30:00"`, `"0:00:01.5"` | minutes:seconds, hours:minutes:seconds |
 * | `"1-02"`, `"1-02:30"`, `"1-02:30:00"` | Slurm: days-hours, days-hours:minutes, days-hours:minutes:seconds |
 * | `"PT1H30M"`, `"P1DT0.5S"`, `"P2W"` | ISO 8601, without years and months |
 */
export type Duration = number | string;

export interface DurationOptions {
  /** How errors name it. @default `duration` */
  argument?: string | undefined;
  /** What a number alone in text counts: seconds, or, as Slurm has it, minutes. @default `seconds` */
  bare?: "seconds" | "minutes" | undefined;
}

const optionNames: OptionNames<DurationOptions> = { argument: true, bare: true };

const milliseconds = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** Optional numbers with these units, in this order; each is a group of its unit's name. */
function numbers(units: readonly string[], decimal = String.raw`\d+(?:\.\d+)?`): string {
  return units.map((unit) => `(?:(?<${unit.toLowerCase()}>${decimal})${unit})?`).join("");
}

const withUnits = new RegExp(String.raw`^(?=.)${numbers(["w", "d", "h", "m", "s"])}(?:\.(?<thousandths>\d{1,3})$)?${numbers(["ms"])}$`);
const iso = new RegExp(`^P(?=.)${numbers(["W", "D"], "\\d+(?:[.,]\\d+)?")}(?:T(?=.)${numbers(["H", "M", "S"], "\\d+(?:[.,]\\d+)?")})?$`);
const clock = /^(?:(?<h>\d+):)?(?<m>\d+):(?<s>\d+(?:\.\d+)?)$/;
const slurm = /^(?<d>\d+)-(?<h>\d+)(?::(?<m>\d+))?(?::(?<s>\d+))?$/;

/**
 * A duration in milliseconds; null, which is none, stays null.
 *
 * @throws InvalidArgumentError for what is negative, not finite, or in no known form
 *
 * @example
 * ```ts
 * import { parseDuration } from "sremote/fleet";
 *
 * console.log(parseDuration("1h30m"), parseDuration(500)); // 5400000 500
 * ```
 */
export function parseDuration(duration: Duration, options?: DurationOptions): number;
export function parseDuration(duration: Duration | null | undefined, options?: DurationOptions): number | null;
export function parseDuration(duration: Duration | null | undefined, options: DurationOptions = {}): number | null {
  checkOptionNames(options, optionNames);
  if (duration === null || duration === undefined) return null;
  const total = typeof duration === "number" ? duration : typeof duration === "string" ? read(duration.trim(), options) : undefined;
  if (total === undefined || !(total >= 0) || !Number.isFinite(total)) {
    throw new InvalidArgumentError(
      options.argument ?? "duration",
      `a number of milliseconds, 0 or more, or text such as 90 (seconds), 1h30m, 1.5s, 500ms, 1:30:00, 1-02:00:00 or PT1H30M${given(duration)}`,
    );
  }
  return total;
}

function read(text: string, { bare }: DurationOptions): number | undefined {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * (bare === "minutes" ? milliseconds.m : milliseconds.s);
  return readUnits(text) ?? readClock(text) ?? readSlurm(text) ?? readIso(text);
}

type Parts = { [Unit in keyof typeof milliseconds]?: string | undefined };

/** Rounded to a thousandth, so that 1.1 h is not 3960000.0000000005 ms. */
function sum(parts: Parts): number {
  const units = Object.keys(milliseconds) as (keyof typeof milliseconds)[];
  const total = units.reduce((all, unit) => all + Number((parts[unit] ?? "0").replace(",", ".")) * milliseconds[unit], 0);
  return Math.round(total * 1000) / 1000;
}

function readUnits(text: string): number | undefined {
  const { thousandths, ...parts }: Parts & { thousandths?: string | undefined } = withUnits.exec(text)?.groups ?? {};
  if (Object.keys(parts).length === 0) return undefined;
  if (thousandths === undefined) return sum(parts);
  // Only whole seconds go before a fraction: `1.5s.25` would have two.
  return parts.s === undefined || parts.s.includes(".") ? undefined : sum({ ...parts, ms: thousandths.padEnd(3, "0") });
}

function readClock(text: string): number | undefined {
  const parts: Parts | undefined = clock.exec(text)?.groups;
  // The first field may be large, the others must be what a clock shows.
  if (parts === undefined || Number(parts.s) >= 60 || (parts.h !== undefined && Number(parts.m) >= 60)) return undefined;
  return sum(parts);
}

function readSlurm(text: string): number | undefined {
  const parts: Parts | undefined = slurm.exec(text)?.groups;
  if (parts === undefined || Number(parts.h) >= 24 || Number(parts.m ?? 0) >= 60 || Number(parts.s ?? 0) >= 60) return undefined;
  return sum(parts);
}

function readIso(text: string): number | undefined {
  const parts: Parts | undefined = iso.exec(text)?.groups;
  return parts === undefined ? undefined : sum(parts);
}
