import { InvalidArgumentError } from "./error.ts";
import { given } from "./given.ts";
import { checkOptionNames } from "./known-options.ts";

/**
 * Milliseconds as `1d2h3m4s`, or `1d2h3m4s.056` with milliseconds; parts that are zero are left out, but `0s` stays. Null is `""`.
 * Without `milliseconds` it is rounded to the second. `parseDuration` reads it again, unless it is negative.
 *
 * @example
 * ```ts
 * import { formatDuration } from "sremote/fleet";
 *
 * console.log(formatDuration(5_400_000)); // 1h30m0s
 * ```
 */
export function formatDuration(duration: number | null | undefined, options: { milliseconds?: boolean | undefined } = {}): string {
  checkOptionNames(options, { milliseconds: true });
  if (duration === null || duration === undefined) return "";
  if (typeof duration !== "number") throw new InvalidArgumentError("duration", `a number of milliseconds${given(duration)}`);
  if (!Number.isFinite(duration)) return String(duration);
  const unit = options.milliseconds === true ? 1 : 1000;
  const total = Math.round(Math.abs(duration) / unit) * unit;
  const [days, hours, minutes, seconds, rest] = [86_400_000, 3_600_000, 60_000, 1000, 1].map(
    (size, index, sizes) => Math.floor(total / size) % (index === 0 ? Infinity : sizes[index - 1]! / size),
  ) as [number, number, number, number, number];
  let text = duration < 0 && total > 0 ? "-" : "";
  if (days > 0) text += `${days}d`;
  if (hours > 0) text += `${hours}h`;
  if (minutes > 0) text += `${minutes}m`;
  if (seconds > 0 || rest > 0 || total === 0) text += `${seconds}s`;
  if (rest > 0) text += `.${String(rest).padStart(3, "0")}`;
  return text;
}
