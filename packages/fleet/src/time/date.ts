/* One reader for every way to write a date. */
import { InvalidArgumentError, parseDuration, checkOptionNames, type OptionNames, given } from "@sremote/protocol";

/**
 * | form | meaning |
 * |---|---|
 * | a `Date` | itself |
 * | a number from 315 532 800 000 on | milliseconds since 1970, as `Date.now()` (execo's rule: from 1980 on it is a date) |
 * | a smaller number | milliseconds from now |
 * | `"2026-11-22 10:11:12"`, `"2026-11-22T10:11"`, `"2026-11-22"` | local time; seconds may have a fraction |
 * | `"2026-11-22T10:11:12Z"`, `"2026-11-22 10:11:12+01:00"` | RFC 3339, with its zone |
 * | `"1795342272"`, `"1795342272.5"` | Unix seconds; below 315 532 800 seconds from now |
 * | `"+1h30m"`, `"-90"` | any duration from now, or ago |
 * | `"now"` | now |
 */
export type DateLike = Date | number | string;

export interface DateOptions {
  /** How errors name it. @default `date` */
  argument?: string | undefined;
  /** The present, in milliseconds since 1970. @default `Date.now` */
  now?: (() => number) | undefined;
}

const optionNames: OptionNames<DateOptions> = { argument: true, now: true };

/** 1980-01-01 in Unix seconds: execo takes what is below as an offset from now. */
const firstDate = 315_532_800;
/** 2100-01-01: a number between the two is most likely Unix seconds that forgot their factor, not an offset of 4 to 48 days. */
const lastSeconds = 4_102_444_800;

const calendar = /^(\d{4})-(\d\d)-(\d\d)(?:[T _](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/i;

/**
 * A date; null, which is none, stays null.
 *
 * @throws InvalidArgumentError for what is no date, such as 30 February, an hour that a change of clocks leaves out, or a number that could
 *   be Unix seconds
 *
 * @example
 * ```ts
 * import { parseDate } from "sremote/fleet";
 *
 * console.log(parseDate("2026-11-22 10:11:12"), parseDate("+1h30m"));
 * ```
 */
export function parseDate(date: DateLike, options?: DateOptions): Date;
export function parseDate(date: DateLike | null | undefined, options?: DateOptions): Date | null;
export function parseDate(date: DateLike | null | undefined, options: DateOptions = {}): Date | null {
  checkOptionNames(options, optionNames);
  if (date === null || date === undefined) return null;
  const time = date instanceof Date ? date.getTime() : typeof date === "number" ? fromNumber(date, options) : fromText(date, options);
  if (time === undefined || Number.isNaN(new Date(time).getTime())) {
    throw new InvalidArgumentError(
      options.argument ?? "date",
      `a Date, milliseconds, or text such as 2026-11-22 10:11:12, 2026-11-22T10:11:12Z, +1h30m or Unix seconds${given(date)}`,
    );
  }
  return new Date(time);
}

function present({ now }: DateOptions): number {
  return (now ?? Date.now)();
}

function fromNumber(number: number, options: DateOptions): number {
  if (number >= firstDate * 1000) return number;
  if (number >= firstDate && number < lastSeconds) {
    throw new InvalidArgumentError(options.argument ?? "date", `a number of milliseconds, but ${number} looks like Unix seconds`, {
      hint: 'multiply Unix seconds by 1000, or give them as text; write an offset as "+10d"',
    });
  }
  return present(options) + number;
}

function fromText(text: unknown, options: DateOptions): number | undefined {
  if (typeof text !== "string") return undefined;
  const trimmed = text.trim();
  if (trimmed === "now") return present(options);
  if (/^\d+(?:\.\d+)?$/.test(trimmed)) {
    const seconds = Number(trimmed);
    return seconds >= firstDate ? seconds * 1000 : present(options) + seconds * 1000;
  }
  const offset = /^([+-])(.*)$/.exec(trimmed);
  if (offset !== null) {
    const duration = parseDuration(offset[2] ?? "", options.argument === undefined ? { argument: "date" } : { argument: options.argument });
    return present(options) + (offset[1] === "-" ? -duration : duration);
  }
  return fromCalendar(trimmed);
}

function fromCalendar(text: string): number | undefined {
  const [match, year, month, day, hour = "0", minute = "0", second = "0", fraction = "0", zone] = calendar.exec(text) ?? [];
  if (match === undefined) return undefined;
  const fields = [Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)] as const;
  const thousandths = Math.floor(Number(fraction) * 1000);
  return zone === undefined ? fromLocal(fields, thousandths) : fromZone(fields, thousandths, zone);
}

type Fields = readonly [year: number, month: number, day: number, hour: number, minute: number, second: number];

/** Undefined where the calendar or the clock has no such time: `Date` would take the next one. */
function fromLocal(fields: Fields, thousandths: number): number | undefined {
  // Not by the constructor, which takes the years 0 to 99 as 1900 to 1999.
  const date = new Date(2000, 0, 1);
  date.setFullYear(fields[0], fields[1], fields[2]);
  date.setHours(fields[3], fields[4], fields[5], thousandths);
  const read = [date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
  return read.every((value, index) => value === fields[index]) ? date.getTime() : undefined;
}

function fromZone(fields: Fields, thousandths: number, zone: string): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(fields[0], fields[1], fields[2]);
  date.setUTCHours(fields[3], fields[4], fields[5], thousandths);
  const read = [
    date.getUTCFullYear(),
    date.getUTCMonth(),
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ];
  const [, sign = "+", hours = "0", minutes = "0"] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  if (!read.every((value, index) => value === fields[index]) || Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const shift = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return date.getTime() - (sign === "-" ? -shift : shift);
}
