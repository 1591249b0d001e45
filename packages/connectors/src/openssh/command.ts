/*
 * The line for the host's login shell when the system's ssh carries it.
 *
 * ssh exits with 255 when it fails itself, and a command may, too. So a shell stays behind the command and reports its status on standard
 * error, after a marker that nobody can know in advance; no report means that the link ended first (G02). Standard output stays untouched.
 */
import { randomBytes } from "node:crypto";
import { quote } from "../quote.ts";
import { shellText } from "../command-line.ts";
import type { Command, PtySize } from "../connector.ts";
import { remoteLine } from "../ssh/remote-command.ts";

export interface ReportedCommand {
  line: string;
  /** Begins both outputs, as in `ssh/remote-command.ts`. */
  marker: Buffer;
  /** Precedes ` STATUS\n` on standard error; on a terminal, on standard output. */
  trailer: Buffer;
}

const part = (): string => randomBytes(8).toString("hex");

/** @throws InvalidArgumentError when the command is too long for one argument */
export function reportedCommand(command: Command, pty?: PtySize): ReportedCommand {
  const [front, back, end] = [part(), part(), part()];
  // On a terminal both outputs are one. ssh takes its size and modes from its own, and over a shared connection all of them are 0 without one.
  const start =
    pty === undefined ? `; printf '%s%s\\n' ${front} ${back} >&2` : `; stty sane rows ${pty.rows} cols ${pty.columns} 2>/dev/null`;
  // The traps keep the shell alive when its group is signalled, and are reset in the command itself.
  const script = `printf '%s%s %s\\n' ${front} ${back} $$${start}
trap : HUP INT TERM
sh -c ${quote(shellText(command))}
printf '%s%s %s\\n' ${back} ${end} $?${pty === undefined ? " >&2" : ""}`;
  return { line: remoteLine(script), marker: Buffer.from(front + back), trailer: Buffer.from(back + end) };
}
