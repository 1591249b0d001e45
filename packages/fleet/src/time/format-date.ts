import { checkOptionNames, given, InvalidArgumentError } from "@sremote/protocol";

/**
 * A date in local time with its zone, as `2026-11-22 10:11:12+01:00`, or with `.345` behind the seconds with `milliseconds`. Null is `""`.
 * `parseDate` reads it again.
 *
 * @example
 * ```ts
 * import { formatDate } from "sremote/fleet";
 *
 * console.log(formatDate(new Date(), { milliseconds: true }));
 * ```
 */
export function formatDate(date: Date | null | undefined, options: { milliseconds?: boolean | undefined } = {}): string {
  checkOptionNames(options, { milliseconds: true });
  if (date === null || date === undefined) return "";
  if (!(date instanceof Date)) throw new InvalidArgumentError("date", `a Date${given(date)}`);
  if (Number.isNaN(date.getTime())) return "no date";
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  const fraction = options.milliseconds === true ? `.${String(date.getMilliseconds()).padStart(3, "0")}` : "";
  // JavaScript counts what is to be added to local time; everyone else what is added to UTC.
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${day} ${clock}${fraction}${zone}`;
}
