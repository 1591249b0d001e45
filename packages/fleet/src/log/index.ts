export { compactOutput, type Logger } from "@sremote/process";
export { createLogger, type LoggerOptions, type LogLevel } from "./logger.ts";
