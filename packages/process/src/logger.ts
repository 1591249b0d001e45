/** What a fleet tells: also met by `console`, pino, winston and others. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
