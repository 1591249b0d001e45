/* A command that waits for a word before it begins, so that it can be put under the watchdog first. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { type Command, type SpawnedProcess, shell, type ShellScript, shellText } from "@sremote/connectors";
import { ConnectError, hostLimits, MarkerLineScanner } from "@sremote/protocol";
import { type Environment, environmentInput } from "./environment.ts";

export interface GatedCommand {
  readonly command: ShellScript;
  /** Precedes the pid in a line on stdout, and then the word `begun` in another. */
  readonly marker: string;
  /** What lets it begin. What follows on standard input is the command's. */
  readonly words: string;
}

const part = (): string => randomBytes(8).toString("hex");

/**
 * The command announces its pid and waits; an end of its input means that it is no longer wanted, and it has done nothing. `read` of POSIX sh
 * takes a line and not a byte more. When it has all that goes before the command, it says so: what it exits with before is no status of the command's. An
 * argument vector replaces the shell, so pid, signals and exit status are the program's own.
 *
 * @param watchdog part of a script that takes the rest of the input, see ownWatchdogScript; @param before another, which goes first
 */
export function gatedCommand(command: Command, env: Environment = {}, watchdog = "", before = ""): GatedCommand {
  const [front, back, word] = [part(), part(), part()];
  const { read, set, input } = environmentInput(env);
  // On a terminal the word would be shown. The shell knows by itself whether it has one; asking stty would start two processes.
  const script = `t=
[ -t 0 ] && t=$(stty -g 2>/dev/null) && stty -echo
printf '%s%s %s\\n' ${front} ${back} $$
IFS= read -r go && [ "$go" = ${word} ] || exit 125
${read}
${before}
[ -z "$t" ] || stty "$t"
unset t
printf '%s%s begun\\n' ${front} ${back}
${watchdog}
${set}
${shellText(command)}`;
  return { command: shell(script), marker: front + back, words: `${word}\n${input}` };
}

/** On a terminal, a line ends with `\r\n`. */
const pidText = /^ ([1-9][0-9]{0,9})\r?$/;

/** Reads up to the announcement, and leaves everything behind it in the stream. @throws ConnectError when the process ends without it */
export async function readPid(process: SpawnedProcess, marker: string, label: string): Promise<number> {
  const found = await readAnnounced(process.stdout, marker, label);
  if (found.rest !== undefined) {
    const pid = pidText.exec(found.rest)?.[1];
    if (pid === undefined)
      throw new ConnectError("protocol-error", "the host does not say which process the command is", { stage: "start", host: label });
    return Number(pid);
  }
  await process.exit; // Says why, if the link was lost.
  throw new ConnectError("channel-failed", "the command was not started", {
    stage: "start",
    host: label,
    lastLines: found.before.toString("utf8").trim().split("\n").slice(-10).join("\n"),
  });
}

/** Reads up to the word that the command begins, and leaves its output in the stream. @returns false when the stream ends without it */
export async function readBegun(stdout: Readable, marker: string, label: string): Promise<boolean> {
  return (await readAnnounced(stdout, `${marker} begun`, label)).rest !== undefined;
}

/** The rest of the line with the marker; undefined when the stream ends without one. @throws ConnectError when it does not come to that */
async function readAnnounced(stdout: Readable, marker: string, label: string): Promise<{ rest: string | undefined; before: Buffer }> {
  const scanner = new MarkerLineScanner(Buffer.from(marker));
  for (;;) {
    const chunk = stdout.read() as Buffer | null;
    if (chunk === null) {
      if (stdout.readableEnded || stdout.destroyed) return { rest: undefined, before: Buffer.from(scanner.noise) };
      await readableOrEnd(stdout);
      continue;
    }
    const found = scanner.push(chunk);
    const { noiseBytes, lineBytes } = scanner;
    if (noiseBytes > hostLimits.noise || lineBytes > hostLimits.markerLine)
      throw new ConnectError("limit-exceeded", `the host printed ${noiseBytes + lineBytes} bytes and did not start the command`, {
        stage: "start",
        host: label,
      });
    if (found === undefined) continue;
    if (found.rest.length > 0) stdout.unshift(found.rest);
    return { rest: found.line, before: Buffer.from(scanner.noise) };
  }
}

async function readableOrEnd(stream: Readable): Promise<void> {
  const control = new AbortController();
  const { signal } = control;
  try {
    await Promise.race([once(stream, "readable", { signal }), once(stream, "end", { signal }), once(stream, "close", { signal })]);
  } catch (error) {
    // A stream that is broken off: how the process went, its exit says.
    if (!stream.destroyed) throw error;
  } finally {
    control.abort();
  }
}
