/* What may be said about one process. */
import type { PtySize } from "@sremote/connectors";
import { type Duration, InvalidArgumentError, parseDuration, checkOptionNames, type OptionNames, given } from "@sremote/protocol";
import type { Host } from "./host.ts";
import type { Logger } from "./logger.ts";
import type { Ignorable } from "./process-record.ts";
import { checkEnvironment, type Environment } from "./environment.ts";
import { checkPlacement, type Placement } from "./placement.ts";

export interface ProcessOptions extends Placement {
  /** How messages and reports call it. @default the connector's label */
  name?: string | undefined;
  /** Where it runs, for messages and results. @default none */
  host?: Host | undefined;
  /**
   * Milliseconds, or text with a unit, after which it is ended, from its start: reaching its host, and waiting for a session of its
   * connection, are part of it.
   *
   * @default none
   */
  timeout?: Duration | null | undefined;
  /** Milliseconds, or text with a unit, between asking it to end and SIGKILL. @default 5000 */
  forceKillAfterDelay?: Duration | undefined;
  /** What does not count as a failure. @default nothing */
  ignore?: readonly Ignorable[] | undefined;
  /**
   * Variables that it has beside those of the host, and instead of those of the same name. Their values are on no command line, and in no
   * message. In a run of a fleet, values may hold `{{{host}}}` and `{{list}}`.
   *
   * @default none
   */
  env?: Environment | undefined;
  /** Its standard input: text or bytes, or true for `write` and `endInput`. @default empty */
  stdin?: string | Uint8Array | true | undefined;
  /** A terminal; true is one of 24 rows and 80 columns. stdout and stderr are one then. @default none */
  pty?: boolean | PtySize | undefined;
  /**
   * `collect`: kept up to `outputLimit`; who iterates gets it as it comes, and the process waits for them. `live`: kept nowhere and not
   * read before it is iterated, so that nothing is lost, and a process that writes much waits. `discard`: only those who iterate get it.
   *
   * @default `collect`
   */
  output?: "collect" | "live" | "discard" | undefined;
  /** Bytes of stdout and of stderr to keep. What is cut off is told by `truncated`. @default 4 MiB each */
  outputLimit?: number | undefined;
  /**
   * Whether the host ends the process when this program is gone. What reads input, has a terminal or runs longer needs a session of its
   * connection for that.
   *
   * @default true
   */
  killOnDisconnect?: boolean | undefined;
  /** Aborting ends it, as `kill` does. @default none */
  signal?: AbortSignal | undefined;
  /** Told of failures (`warn`) and of other ends (`debug`). @default none */
  logger?: Logger | undefined;
  /** Characters of output in a message of the log. @default 4096 */
  outputInLog?: number | undefined;
}

export const defaultForceKillDelay = 5000;
export const defaultPty: PtySize = { rows: 24, columns: 80 };

const optionNames: OptionNames<ProcessOptions> = {
  cwd: true,
  cpu: true,
  realtime: true,
  name: true,
  host: true,
  timeout: true,
  forceKillAfterDelay: true,
  ignore: true,
  env: true,
  stdin: true,
  pty: true,
  output: true,
  outputLimit: true,
  killOnDisconnect: true,
  signal: true,
  logger: true,
  outputInLog: true,
};

/** @throws InvalidArgumentError naming the option */
export function checkProcessOptions(options: ProcessOptions, argument = "options"): void {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError(argument, `an object${given(options)}`);
  checkOptionNames(options, optionNames, argument);
  const fail = (name: keyof ProcessOptions, expected: string): never => {
    throw new InvalidArgumentError(`${argument}.${name}`, `${expected}${given(options[name], { secret: name === "stdin" })}`);
  };
  const { name, forceKillAfterDelay, ignore, stdin, pty, output, outputLimit, killOnDisconnect, signal, outputInLog } = options;
  checkPlacement(options, argument);
  checkEnvironment(options.env, `${argument}.env`);
  parseDuration(options.timeout, { argument: `${argument}.timeout` });
  if (forceKillAfterDelay === null) fail("forceKillAfterDelay", "a duration");
  parseDuration(forceKillAfterDelay, { argument: `${argument}.forceKillAfterDelay` });
  if (name !== undefined && (typeof name !== "string" || name === "")) fail("name", "a non-empty string");
  if (ignore !== undefined && !(Array.isArray(ignore) && ignore.every((each) => ["exit", "timeout", "error"].includes(each as string)))) {
    fail("ignore", 'a list of "exit", "timeout" and "error"');
  }
  if (stdin !== undefined && stdin !== true && typeof stdin !== "string" && !(stdin instanceof Uint8Array))
    fail("stdin", "text, bytes or true");
  if (pty !== undefined && typeof pty !== "boolean" && !isSize(pty)) fail("pty", "true, false or {rows, columns}");
  if (output !== undefined && !["collect", "live", "discard"].includes(output)) fail("output", '"collect", "live" or "discard"');
  if (outputLimit !== undefined && !isCount(outputLimit)) fail("outputLimit", "a number of bytes, 1 or more");
  if (outputInLog !== undefined && !isCount(outputInLog)) fail("outputInLog", "a whole number, 1 or more");
  if (killOnDisconnect !== undefined && typeof killOnDisconnect !== "boolean") fail("killOnDisconnect", "true or false");
  if (signal !== undefined && !(signal instanceof AbortSignal)) fail("signal", "an AbortSignal");
}

function isSize(value: unknown): boolean {
  const { rows, columns } = (value ?? {}) as Partial<PtySize>;
  return isCount(rows) && isCount(columns);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}
