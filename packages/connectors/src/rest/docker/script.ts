/* What the shell in a container gets. */
import { commandLine, shellText } from "../../command-line.ts";
import type { Command } from "../../connector.ts";
import { pause } from "../../end-tagged.ts";
import { quote } from "../../quote.ts";

/** As JSON can carry it: bytes that are no UTF-8 go as escapes. */
export function plain(command: Command): string {
  const text = shellText(command);
  return text.isWellFormed() ? text : `exec ${commandLine(command)}`;
}

/**
 * The same, and the input that the command leaves unread is read away, so that the engine can end the connection in order. Signals are the
 * command's: the shell waits for it, and ends with its code.
 */
export function drained(command: Command): string {
  return `trap : HUP INT TERM\n( exec /bin/sh -c ${quote(plain(command))} )\ncode=$?\ncat > /dev/null\nexit $code`;
}

/**
 * To the process, which leads a session of its own, to its group, and to all that inherited the variable. Those are looked for first: what a
 * command starts to clean up after itself when it gets the signal must not get it, too.
 */
export function killScript(tag: string, pid: number | undefined, name: string): string {
  const group = pid === undefined ? "" : `kill -${name} -${pid} 2>/dev/null || kill -${name} ${pid} 2>/dev/null\n`;
  const look = `all=$(grep -l 'SREMOTE_EXEC=${tag}' /proc/[0-9]*/environ 2>/dev/null)\n`;
  const others = `for f in $all; do
  f=\${f#/proc/}; f=\${f%/environ}; [ "$f" = "${pid ?? ""}" ] || kill -${name} "$f" 2>/dev/null
done\n`;
  // A process that is becoming another program has no environment for a moment. After this signal no other follows, so it is looked for again.
  const again = name === "KILL" ? `${pause}\n${look}${others}` : "";
  return `${look}${group}${others}${again}exit 0`;
}
