export type { Clock } from "./clock.ts";
export { type DateLike, type DateOptions, parseDate } from "./date.ts";
export { type Duration, type DurationOptions, formatDuration, parseDuration } from "@sremote/protocol";
export { formatDate } from "./format-date.ts";
export { sleep, type SleepOptions } from "./sleep.ts";
export { Timer, type TimerOptions } from "./timer.ts";
