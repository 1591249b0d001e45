/*
 * The line for the host's login shell when the system's ssh carries it.
 *
 * ssh exits with 255 when it fails itself, and a command may, too. So a shell stays behind the command and reports its status on standard
 * error, after a marker that cannot be known in advance; no report means that the link ended first (G02). Standard output stays untouched.
 */
import { randomBytes } from "node:crypto";
import { quote } from "../quote.ts";
import type { Command, PtySize } from "../connector.ts";
import { type StartLine, startLine } from "../process/index.ts";

export interface ReportedCommand extends StartLine {
  /** Precedes ` STATUS\n` on standard error; on a terminal, on standard output. */
  readonly trailer: Buffer;
}

const part = (): string => randomBytes(8).toString("hex");

/** @throws InvalidArgumentError when the command is too long for any host */
export function reportedCommand(command: Command, pty?: PtySize): ReportedCommand {
  const [back, end] = [part(), part()];
  // On a terminal both outputs are one. ssh takes its size and modes from its own, and over a shared connection all of them are 0 without one.
  const before = pty === undefined ? "" : `stty sane rows ${pty.rows} cols ${pty.columns} 2>/dev/null\n`;
  // The traps keep the shell alive when its group is signalled, and are reset in the command itself.
  const wrap = (script: string): string => `trap : HUP INT TERM
sh -c ${quote(script)}
printf '%s%s %s\\n' ${back} ${end} $?${pty === undefined ? " >&2" : ""}`;
  return { ...startLine(command, { pty: pty !== undefined, before, wrap }), trailer: Buffer.from(back + end) };
}
