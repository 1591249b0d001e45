import type { Context } from "./context.ts";
import type { ExitCode } from "./exit-code.ts";

/** What a parsed command line asks for. */
export type Task = (context: Context) => Promise<number>;

/**
 * Told of the command that was parsed.
 * @param host HOST or HOSTS as written
 * @param failed the exit status of what goes wrong; undefined: that of the error
 */
export type Choose = (host: string, task: Task, failed?: ExitCode) => void;
