/*
 * The line that a login shell gets.
 *
 * The login shell may be any, and may print anything before it runs the line (G10). So the line is `exec sh -c '…'`, whose script first
 * announces itself on both outputs with a marker nobody can know in advance, and then runs the command; an argument vector replaces the
 * shell. Exit status and signals are therefore the command's own, and the announced pid is its pid. This costs no round trip.
 */
import { randomBytes } from "node:crypto";
import { InvalidArgumentError } from "@sremote/protocol";
import { commandLine, shellText } from "../command-line.ts";
import { shell } from "../connector.ts";
import type { Command } from "../connector.ts";

/** Linux's MAX_ARG_STRLEN, which counts the final NUL: the login shell gets the line as one argument. */
const longestLine = 128 * 1024 - 1;

export interface RemoteCommand {
  /** What to send. */
  line: string;
  /** On stdout followed by ` PID\n`, on stderr by `\n`; then the command's own bytes begin. */
  marker: Buffer;
}

/** @param pty both outputs are one, and announced once; @throws InvalidArgumentError when the command is too long for one argument */
export function remoteCommand(command: Command, pty = false): RemoteCommand {
  const nonce = randomBytes(16).toString("hex");
  const [front, back] = [nonce.slice(0, 16), nonce.slice(16)];
  // In two halves, so that a login shell that echoes its commands (`set -x`) does not print the marker.
  const announcement = `printf '%s%s %s\\n' ${front} ${back} $$`;
  const onStderr = pty ? "" : `; printf '%s%s\\n' ${front} ${back} >&2`;
  return { line: remoteLine(`${announcement}${onStderr}\n${shellText(command)}`), marker: Buffer.from(nonce) };
}

/** The POSIX script as a line for whatever login shell; the shell is replaced. */
export function remoteLine(script: string): string {
  const line = `exec ${commandLine(shell(script))}`;
  if (line.length > longestLine) {
    throw new InvalidArgumentError("command", `at most 128 KiB once quoted for the host's shell, not ${line.length} bytes`);
  }
  return line;
}
