/* Commands on many hosts, and `exec`, which runs one on a host. What carries them out is loaded when it is needed, so that help comes at once. */
import type { Command } from "commander";
import { addHostOptions, collect, hostsText, hostText, splitOptions } from "./command-options.ts";
import type { CopyCommandOptions, SyncCommandOptions } from "./copy.ts";
import type { ExecCommandOptions } from "./exec.ts";
import { exitCodes } from "./exit-code.ts";
import type { Choose } from "./task.ts";
import type { RunCommandOptions } from "./run-hosts.ts";

const commandText = "one text is a script for the host's shell; several are a program and its arguments";

export function addHostCommands(program: Command, choose: Choose): void {
  addExec(program, choose);
  addRun(program, choose);
  addCopies(program, choose);
}

function addExec(program: Command, choose: Choose): void {
  const command = program
    .command("exec")
    .description("Run a command on one host, with our standard input; ends with its exit status, or 255.")
    .argument("HOST", hostText)
    .argument("COMMAND...", commandText)
    .option("--pty", "give it a terminal")
    .option("-n, --no-stdin", "send nothing of our standard input");
  addProcessOptions(command);
  addHostOptions(command);
  command.passThroughOptions();
  command.action((host: string, given: string[]) => {
    const words = commandAfterOptions(command, given);
    const [hostOptions, options] = splitOptions<ExecCommandOptions>(command);
    choose(host, async (context) => (await import("./exec.ts")).exec(context, host, words, options, hostOptions), exitCodes.noCommand);
  });
}

function addRun(program: Command, choose: Choose): void {
  const command = program
    .command("run")
    .description("Run a command on many hosts, and print each line with the host's name before it.")
    .argument("HOSTS", hostsText)
    .argument("COMMAND...", `${commandText}; {{{host}}} is the host's name`)
    .option("--gather", "print equal outputs once, when all have ended")
    .option("--pty", "give it a terminal");
  addProcessOptions(command);
  addGroupOptions(command);
  addHostOptions(command);
  command.passThroughOptions();
  command.action((hosts: string, given: string[]) => {
    const words = commandAfterOptions(command, given);
    const [hostOptions, options] = splitOptions<RunCommandOptions>(command);
    choose(hosts, async (context) => (await import("./run-hosts.ts")).runOnHosts(context, hosts, words, options, hostOptions));
  });
}

/** Options may stand before and after the host, as with ssh(1); from the first word of the command on, all is the command's. */
function commandAfterOptions(command: Command, words: string[]): string[] {
  if (words[0]?.startsWith("-") !== true) return words;
  const { operands, unknown } = command.parseOptions(words);
  if (operands.length === 0 && unknown[0] !== undefined) command.error(`error: unknown option '${unknown[0]}'`);
  return [...operands, ...unknown];
}

function addCopies(program: Command, choose: Choose): void {
  for (const [name, description] of [
    ["push", "Copy files and directories to hosts; the last PATH is the destination there."],
    ["pull", "Copy files and directories from hosts; the last PATH is the destination here, with a directory for each host."],
  ] as const) {
    const command = program
      .command(name)
      .description(description)
      .argument("HOSTS", hostsText)
      .argument("PATH...", "sources, then the destination");
    addCopyOptions(command);
    command.action((hosts: string, paths: string[]) => {
      const [hostOptions, options] = splitOptions<CopyCommandOptions>(command);
      choose(hosts, async (context) => (await import("./copy.ts"))[name](context, hosts, paths, options, hostOptions));
    });
  }
  const command = program
    .command("sync")
    .description("Make a directory on hosts equal to one here, or with --pull the other way round.")
    .argument("HOSTS", hostsText)
    .argument("LOCAL", "directory here")
    .argument("REMOTE", "directory on the hosts")
    .option("--pull", "make the local directory equal to the remote one");
  addCopyOptions(command);
  command.action((hosts: string, here: string, there: string) => {
    const [hostOptions, options] = splitOptions<SyncCommandOptions>(command);
    choose(hosts, async (context) => (await import("./copy.ts")).sync(context, hosts, here, there, options, hostOptions));
  });
}

function addProcessOptions(command: Command): void {
  command
    .option("--env <name=value>", "environment variable of the command (repeatable)", collect)
    .option("--cwd <directory>", "working directory on the host, relative to its home directory");
  if (command.name() === "exec") command.option("--timeout <duration>", "end it after this long: 90 (seconds), 500ms, 2m, 1h30m");
}

function addGroupOptions(command: Command): void {
  command
    .option("-c, --concurrency <number>", "hosts at work at once (default 64)")
    .option("--timeout <duration>", "end all of it after this long: 90 (seconds), 500ms, 2m, 1h30m")
    .option("--host-timeout <duration>", "end it on each host after this long, reaching the host included")
    .option("--json", "print one line of JSON for each host");
}

function addCopyOptions(command: Command): void {
  command
    .option("--exclude <pattern>", "leave out names, or paths, with * and ? (repeatable)", collect)
    .option("--delete", "remove from the destination what the source does not have")
    .option("--dry-run", "change nothing, and print what would be")
    .option("--follow-links", "copy what symbolic links lead to")
    .option("--checksum", "compare contents, not size and time");
  addGroupOptions(command);
  addHostOptions(command);
}
