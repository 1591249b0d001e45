/*
 * The line that starts a command through a login shell, and what follows on standard input.
 *
 * The login shell may be any, and may print anything before it runs the line (G10), or never run it: a start-up file may put another shell in
 * its place, which takes standard input for commands. So the line is `exec sh -c '…'`, whose script first announces itself on both outputs
 * with a marker that cannot be known in advance, and then runs the command. Until the marker was seen, nothing is written to standard input
 * (see `gated-input.ts`); its end may be reported, if there was nothing.
 *
 * The line is short whatever the command is, because servers limit it (dropbear: 9,000 bytes) and Linux does for one argument (128 KiB). A
 * script that makes it longer follows on standard input, in front of the command's own, and the host's shell reads exactly that much.
 */
import { randomBytes } from "node:crypto";
import { InvalidArgumentError } from "@sremote/protocol";
import { toBytes } from "../byte-string.ts";
import { commandLine, oneLine, shellText } from "../command-line.ts";
import { shell } from "../connector.ts";
import type { Command } from "../connector.ts";

/** No line is longer, in bytes. */
export const longestLine = 4000;
/** Linux's MAX_ARG_STRLEN, which counts the final NUL. */
const longestArgument = 128 * 1024 - 1;
/** A script is kept in memory on both sides. */
const longestScript = 16 * 2 ** 20;

/** @throws InvalidArgumentError when no host can run it */
export function checkLength(command: Command): void {
  if ("shell" in command) {
    const { length } = toBytes(command.shell, "command");
    if (length > longestScript) throw new InvalidArgumentError("command", `a script of at most 16 MiB, not ${length} bytes`);
    return;
  }
  for (const [index, argument] of command.entries()) {
    const { length } = toBytes(argument, `command[${index}]`);
    if (length <= longestArgument) continue;
    throw new InvalidArgumentError(
      `command[${index}]`,
      `at most 128 KiB, Linux's limit for one argument, not ${length} bytes; send larger data by standard input or in a file`,
    );
  }
}

export interface StartLine {
  /** For the login shell. */
  readonly line: string;
  /** Begins a line on stdout, followed by ` PID`, and one on stderr; then the command's own bytes begin. */
  readonly marker: Buffer;
  /** Goes first on standard input, once the marker was seen. Empty for most commands. */
  readonly script: Uint8Array;
}

const part = (): string => randomBytes(8).toString("hex");

export interface StartLineOptions {
  /** The command has a terminal: both outputs are one. */
  readonly pty?: boolean | undefined;
  /** Whether stderr begins with the marker, too. Default: unless there is a terminal. */
  readonly announceOnStderr?: boolean | undefined;
  /** A script to run before the command is announced. */
  readonly before?: string | undefined;
  /** What becomes of the command's script in the line: the text to put there. */
  readonly wrap?: ((script: string) => string) | undefined;
}

/** @throws InvalidArgumentError when the command is too long for any host */
export function startLine(command: Command, options: StartLineOptions = {}): StartLine {
  const { pty = false, announceOnStderr = !pty, before = "", wrap = (script: string): string => script } = options;
  checkLength(command);
  const [front, back] = [part(), part()];
  // In two halves, so that a login shell that echoes its commands (`set -x`) does not print the marker. Where it cannot be printed, nobody
  // waits for the command any more, and it does not begin.
  const onStderr = announceOnStderr ? `printf '%s%s\\n' ${front} ${back} >&2\n` : "";
  const announcement = `printf '%s%s %s\\n' ${front} ${back} $$ || exit 1\n${onStderr}`;
  const marker = Buffer.from(front + back);
  const text = shellText(command);
  const whole = text.length <= longestLine ? plainLine(`${before}${announcement}${wrap(text)}`) : undefined;
  if (whole !== undefined && whole.length <= longestLine) return { line: whole, marker, script: new Uint8Array(0) };
  const script = Buffer.from(`${oneLine(`unset _sremote_text _sremote_part\n${text}`)}\n`, "latin1");
  const [quiet, loud] = pty ? quietly : ["", ""];
  return { line: plainLine(`${before}${quiet}${announcement}${wrap(reader(script.length, loud))}`), marker, script };
}

/**
 * A restricted bash takes no `exec` and goes on behind it: this runs the same line in a shell that takes it. All other shells are gone by
 * then. That bash stays, and says nothing more: what start-up files wanted to be run at its end is dropped, as with `exec`.
 */
const whereRestricted = '; trap - EXIT ERR CHLD; sh -c "$BASH_EXECUTION_STRING"';

/** A POSIX script as a line for whatever login shell; the shell is replaced. */
export function plainLine(script: string): string {
  return `exec ${commandLine(shell(script))}${whereRestricted}`;
}

/**
 * Reads so many bytes of standard input, not one more, and runs them. A single `read` of a pipe may return less, so `dd` is asked again
 * for what is left; `read` of sh takes a line exactly, but a byte at a time.
 */
function reader(length: number, after: string): string {
  return `_sremote_text=
if command -v dd >/dev/null 2>&1; then
while [ "\${#_sremote_text}" -lt ${length} ]; do
_sremote_part=$(dd bs=$((${length}-\${#_sremote_text})) count=1 2>/dev/null; printf .)
[ "$_sremote_part" != . ] || exit 1
_sremote_text=$_sremote_text\${_sremote_part%.}
done
else IFS= read -r _sremote_text || exit 1
fi
${after}eval "$(printf %b "$_sremote_text")"`;
}

/** On a terminal, what is read would be shown, and cut at 4,096 bytes. */
const quietly = [
  "_sremote_terminal=$(stty -g); export _sremote_terminal; stty -icanon -echo min 1 time 0\n",
  'stty "$_sremote_terminal"; unset _sremote_terminal\n',
] as const;
