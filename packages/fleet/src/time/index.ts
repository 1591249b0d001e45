export type { Clock } from "./clock.ts";
export { type DateLike, type DateOptions, parseDate } from "./date.ts";
export { type Duration, type DurationOptions, parseDuration } from "./duration.ts";
export { formatDate } from "./format-date.ts";
export { formatDuration } from "./format-duration.ts";
export { sleep, type SleepOptions } from "./sleep.ts";
export { Timer, type TimerOptions } from "./timer.ts";
export { after } from "./after.ts";
