/* What goes on, for people. Programs with a logger of their own pass that instead. */
import { hostText, InvalidArgumentError, checkOptionNames, type OptionNames, given } from "@sremote/protocol";
import type { Logger } from "@sremote/process";
import { formatDate } from "../time/index.ts";

/** Characters of a message: it may name thousands of hosts. */
const longestMessage = 100_000;

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
/** From this on messages are written. */
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  /** From which level on lines are written; nothing is said when everything works, as with execo. @default `warn` */
  level?: LogLevel | undefined;
  /** Takes a line, with its line break. @default standard error */
  write?: ((line: string) => void) | undefined;
  /** The present, in milliseconds since 1970. @default `Date.now` */
  now?: (() => number) | undefined;
}

const optionNames: OptionNames<LoggerOptions> = { level: true, write: true, now: true };

/**
 * Writes lines as `2026-11-22 10:11:12.345+01:00 warn: …`; further lines of a message are set in.
 *
 * @throws InvalidArgumentError
 *
 * @example
 * ```ts
 * import { createLogger, fleet } from "sremote/fleet";
 *
 * const lines: string[] = [];
 * const logger = createLogger({ level: "debug", write: (line) => lines.push(line) });
 * await using nodes = fleet("node[1-3]", { logger });
 * ```
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  checkOptionNames(options, optionNames);
  const { level = "warn", write = (line) => process.stderr.write(line), now = Date.now } = options;
  const least = logLevels.indexOf(level);
  if (least < 0) throw new InvalidArgumentError("options.level", `one of ${logLevels.join(", ")}${given(options.level)}`);
  const at = (each: Exclude<LogLevel, "silent">): ((message: string) => void) =>
    logLevels.indexOf(each) < least
      ? () => {}
      : (message) =>
          write(
            `${formatDate(new Date(now()), { milliseconds: true })} ${each}: ${hostText(message.trimEnd(), { limit: longestMessage }).replaceAll("\n", "\n  ")}\n`,
          );
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
