/* A command as one line for whatever shell a login has. */
import { toBytes } from "./byte-string.ts";
import type { Command } from "./connector.ts";
import { quoteAll } from "./quote.ts";

/** The command as a script for POSIX `sh`: an argument vector replaces the shell (`exec`), so that signals reach the program itself. */
export function shellText(command: Command): string {
  return "shell" in command ? command.shell : `exec ${quoteAll(command)}`;
}

/**
 * The command as one line of printable ASCII, `sh -c '…'`, which means the same to every login shell.
 *
 * Between single quotes, csh still takes `!` as history and ends the string at a newline, and fish takes `\` as an escape;
 * bytes beyond ASCII depend on the locale. A script that holds any of these travels as octal escapes in an argument of its own, which
 * the inner `sh` turns back with `printf %b` (XCU printf: `\0` and up to three digits), and which its first words forget.
 */
export function commandLine(command: Command): string {
  const text = shellText(command);
  if (/^[ -~]*$/.test(text) && !/['!\\]/.test(text)) return `sh -c '${text}'`;
  return `sh -c 'eval "$(printf %b "$1")"' sh 'set --;${escaped(text, quotable)}'`;
}

/** The text as printable ASCII in one line, for `printf %b`. No login shell is in the way. */
export function oneLine(text: string): string {
  return escaped(text, printable);
}

/** How each byte is written. Made once: scripts of kilobytes go to many hosts. */
const spellings = (plain: RegExp): string[] =>
  Array.from({ length: 256 }, (_, byte) => {
    const character = String.fromCharCode(byte);
    return plain.test(character) ? character : `\\0${byte.toString(8).padStart(3, "0")}`;
  });
const printable = spellings(/[ -[\]-~]/);
const quotable = spellings(/[ "-&(-[\]-~]/);

function escaped(text: string, table: readonly string[]): string {
  let line = "";
  for (const byte of toBytes(text, "command")) line += table[byte]!;
  return line;
}
