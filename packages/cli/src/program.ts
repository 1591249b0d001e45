/* The command line: commands, options, help. What carries them out is loaded when it is needed, so that help comes at once. */
import { Command } from "commander";
import type { CallCommandOptions } from "./call.ts";
import type { Choose } from "./task.ts";
import type { DoctorCommandOptions } from "./doctor.ts";
import { addCallPlace, addHostOptions, addPlaceOptions, collect, hostText, splitOptions } from "./command-options.ts";
import { addHostCommands } from "./program-hosts.ts";
import type { MapCommandOptions } from "./map.ts";
import type { ShipCommandOptions } from "./ship.ts";
import { wrapWords } from "./wrap-words.ts";
import type { EvalCommandOptions } from "./eval.ts";
import type { BootstrapCommandOptions, InstallCommandOptions } from "./install.ts";

const examples = `
Examples:
  $ sremote call local os.getenv HOME
  $ sremote call me@gpu.example.org math.hypot 3 4
  $ sremote call me@host pathlib:Path.home     a class's function, after a colon
  $ sremote call me@host json.dumps '{"a": [1, 2]}' --kw indent=2
  $ sremote call me@host node:os.hostname      a function of Node
  $ sremote eval me@host 'import sys; sys.version'
  $ sremote run 'node[1-8]' uptime             a command on many hosts
  $ sremote install me@host numpy && sremote call me@host numpy.mean '[1, 2, 6]'
  $ sremote doctor me@host

Exit status:
  0 a value, 1 the function raised, 2 wrong usage, 3 no such module or function,
  4 the host is not fit, 5 no connection, 6 host key or credentials refused,
  7 timeout, 8 killed or exited, 9 an installation failed, 10 transfer or disk,
  11 protocol, 12 unknown whether it ran, 130 interrupted.`;

/** Of help that no terminal shows. */
const defaultColumns = 80;

export function buildProgram(version: string, choose: Choose): Command {
  const program = new Command("sremote")
    .description("Call Python and JavaScript functions on other machines, with nothing installed there beforehand.")
    .version(version, "-V, --version", "print the version")
    .option("--debug", "print the local stack of errors")
    .addHelpText("after", () => wrapWords(examples, process.stdout.isTTY ? process.stdout.columns : defaultColumns))
    .showHelpAfterError("(sremote --help tells more)")
    .enablePositionalOptions()
    // With their arguments, no room would be left for what they do.
    .configureHelp({ subcommandTerm: (command) => command.name() });
  addCall(program, choose);
  addMap(program, choose);
  addShip(program, choose);
  addEval(program, choose);
  addBootstrap(program, choose);
  addInstall(program, choose);
  addDoctor(program, choose);
  addHostCommands(program, choose);
  return program;
}

function addCall(program: Command, choose: Choose): void {
  const command = program
    .command("call")
    .description("Call a function, print what it printed and its value.")
    .argument("HOST", hostText)
    .argument("FUNCTION", "module.function, or module:function where the function's name is dotted")
    .argument("[ARGS...]", "each is JSON where it is valid JSON, else a string; @FILE is what a file holds, - standard input")
    .option("--kw <name=value>", "keyword argument, its value as ARGS are (repeatable)", collect)
    .option("-s, --string", "take all ARGS and values of --kw literally, as strings")
    .option("--node", "a function of Node instead of Python (implied by node:…)")
    .option("--json", "print one JSON document: value, stdout, stderr, usage, or the error; of a generator one line for each item")
    .option("--id <id>", "call id, 32 hex digits: a call repeated with the same id never runs twice");
  addCallPlace(command);
  addPlaceOptions(command);
  addHostOptions(command);
  command.addHelpText("after", "\nAfter `--` everything is an argument, also what begins with a dash.\n");
  command.action((host: string, name: string, args: string[]) => {
    const [hostOptions, options] = splitOptions<CallCommandOptions>(command);
    choose(host, async (context) => (await import("./call.ts")).call(context, host, name, args, options, hostOptions));
  });
}

function addMap(program: Command, choose: Choose): void {
  const command = program
    .command("map")
    .description("Call a function for each line of standard input, many at once, and print each result as a line of JSON.")
    .argument("HOSTS", `${hostText}; or a node set: node[1-8]`)
    .argument("FUNCTION", "as of `call`; each line that is valid JSON is that value, another is a string")
    .option("--spread", "each line is a list of all arguments, not the only one")
    .option("--settled", "go on after an item that fails; lines are {index, value} or {index, error}")
    .option("--kw <name=value>", "keyword argument for all (repeatable)", collect)
    .option("-s, --string", "take all lines and values of --kw literally, as strings")
    .option("--node", "a function of Node instead of Python (implied by node:…)");
  addCallPlace(command);
  addPlaceOptions(command);
  addHostOptions(command);
  command.action((hosts: string, name: string) => {
    const [hostOptions, options] = splitOptions<MapCommandOptions>(command);
    choose(hosts, async (context) => (await import("./map.ts")).map(context, hosts, name, options, hostOptions));
  });
}

function addShip(program: Command, choose: Choose): void {
  const command = program
    .command("ship")
    .description("Put a package or module of this machine on a host, and check that it compiles. `call --ship` does so by itself.")
    .argument("HOST", hostText)
    .argument("PATH", "a package directory, or a single file")
    .option("--as <name>", "the name by which calls import it")
    .option("--exclude <pattern>", "leave out what matches (repeatable)", collect)
    .option("--gitignore", "leave out what git ignores")
    .option("--node", "for Node instead of Python");
  addPlaceOptions(command);
  addHostOptions(command);
  command.action((host: string, path: string) => {
    const [hostOptions, options] = splitOptions<ShipCommandOptions>(command);
    choose(host, async (context) => (await import("./ship.ts")).ship(context, host, path, options, hostOptions));
  });
}

function addEval(program: Command, choose: Choose): void {
  const command = program
    .command("eval")
    .description("Run lines of Python, print what they print and the value of the last expression.")
    .argument("HOST", hostText)
    .argument("CODE", "the code, @FILE for what a file holds, or - for standard input")
    .option("--json", "print one JSON document: value, stdout, stderr, usage, or the error");

  addCallPlace(command);
  addPlaceOptions(command);
  addHostOptions(command);
  command.action((host: string, code: string) => {
    const [hostOptions, options] = splitOptions<EvalCommandOptions>(command);
    choose(host, async (context) => (await import("./eval.ts")).evaluate(context, host, code, options, hostOptions));
  });
}

function addBootstrap(program: Command, choose: Choose): void {
  const command = program
    .command("bootstrap")
    .description("Install the endpoint and its environment. Optional: the first call installs what it needs.")
    .argument("HOST", hostText)
    .option("--node", "for Node instead of Python");
  addPlaceOptions(command);
  addHostOptions(command);
  command.action((host: string) => {
    const [hostOptions, options] = splitOptions<BootstrapCommandOptions>(command);
    choose(host, async (context) => (await import("./install.ts")).bootstrap(context, host, options, hostOptions));
  });
}

function addInstall(program: Command, choose: Choose): void {
  const command = program
    .command("install")
    .description("Install packages into the endpoint's own environment: Python's with pip, Node's with npm.")
    .argument("HOST", hostText)
    .argument("[PACKAGES...]", "such as numpy or numpy==2.1.0")
    .option("--node", "packages of Node instead of Python")
    .option("--git <url>", "a package from a git repository")
    .option("--branch <name>", "its branch or tag")
    .option("--name <module>", "the module it provides, checked after installing")
    .option("--timeout <duration>", "end the installation after this long (default 15m)");
  addPlaceOptions(command);
  addHostOptions(command);
  command.action((host: string, packages: string[]) => {
    const [hostOptions, options] = splitOptions<InstallCommandOptions>(command);
    choose(host, async (context) => (await import("./install.ts")).install(context, host, packages, options, hostOptions));
  });
}

function addDoctor(program: Command, choose: Choose): void {
  const command = program
    .command("doctor")
    .description("Tell what the host has, what is wrong, and how to cure it. Writes nothing there.")
    .argument("HOST", hostText)
    .option("--node", "judge whether Node's functions can be called, instead of Python's")
    .option("--json", "print one JSON document");
  addPlaceOptions(command);
  addHostOptions(command);
  command.action((host: string) => {
    const [hostOptions, options] = splitOptions<DoctorCommandOptions>(command);
    choose(host, async (context) => (await import("./doctor.ts")).doctor(context, host, options, hostOptions));
  });
}
