/* One run of the command: from its arguments to its exit status. */
import { readFileSync } from "node:fs";
import { CommanderError } from "commander";
import type { Command } from "commander";
import { SremoteError } from "@sremote/protocol";
import { errorText } from "./error-text.ts";
import { exitCodeFor, exitCodes } from "./exit-code.ts";
import { watchInterrupts } from "./interrupt.ts";
import { Output } from "./output.ts";
import { buildProgram } from "./program.ts";
import type { Task } from "./task.ts";

/**
 * Runs the command line (without the program's own name) and resolves to the exit status. Writes to this process's outputs; never rejects for
 * what a host or a person did.
 */
export async function run(args: readonly string[]): Promise<number> {
  const gone = new AbortController();
  const stdout = new Output(process.stdout, "standard output", () =>
    gone.abort(new SremoteError("cancelled", "the reader of the output has gone")),
  );
  const stderr = new Output(process.stderr, "standard error");
  let chosen: { host: string; task: Task; failed: number | undefined } | undefined;
  const program = buildProgram(version(), (host, task, failed) => {
    chosen = { host, task, failed };
  });
  const usage = parse(program, args);
  if (usage.text.out !== "") await stdout.write(usage.text.out);
  if (usage.text.err !== "") await stderr.write(usage.text.err);
  if (usage.exitCode !== undefined || chosen === undefined) return usage.exitCode ?? exitCodes.usage;
  using interrupt = watchInterrupts();
  try {
    return await chosen.task({ stdout, stderr, signal: AbortSignal.any([interrupt.signal, gone.signal]) });
  } catch (error) {
    // As other programs that a broken pipe ends: without a word.
    if (gone.signal.aborted) return exitCodes.brokenPipe;
    const debug = program.opts()["debug"] === true;
    await stderr.write(errorText(error, { host: chosen.host, debug }));
    const code = exitCodeFor(error);
    // Once interrupted, whatever the call ended with is the answer to that.
    if (code === exitCodes.cancelled) return interrupt.exitCode ?? code;
    return code === exitCodes.usage || code === exitCodes.internal ? code : (chosen.failed ?? code);
  }
}

interface Parsed {
  /** Undefined when a command was chosen. */
  exitCode: number | undefined;
  text: { out: string; err: string };
}

/** Parses without exiting and without writing, so that everything is written in one place. */
function parse(program: Command, args: readonly string[]): Parsed {
  const text = { out: "", err: "" };
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (part) => void (text.out += part),
      writeErr: (part) => void (text.err += part),
    });
  }
  try {
    program.parse(args, { from: "user" });
    return { exitCode: undefined, text };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander ends with 0 for help that was asked for, and with 1 for mistakes.
    return { exitCode: error.exitCode === 0 ? exitCodes.value : exitCodes.usage, text };
  }
}

function version(): string {
  const facts = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return facts.version;
}
