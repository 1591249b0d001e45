export { compactOutput, type Logger } from "@sremote/process";
export { createLogger, type LoggerOptions, type LogLevel, logLevels } from "./logger.ts";
