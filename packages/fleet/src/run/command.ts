/* From what a caller writes to a command for each host. */
import { type Command, quote, shell } from "@sremote/connectors";
import { InvalidArgumentError, given } from "@sremote/protocol";
import type { Host } from "../host/index.ts";
import { checkEnvironment, type Environment, toCommand } from "@sremote/process";
import { type Lists, substitute } from "../substitute.ts";

/** Commands of which each host has its own, in the order of the hosts. Made by {@link each}. */
export interface EachCommand {
  readonly each: readonly (string | Command)[];
}

/** Called for each host when the run is made. What it returns is taken as it is: nothing is filled in. */
export type CommandForHost = (host: Host, index: number) => string | Command;

/**
 * A script for `sh`; a list of a program and its arguments, which reach no shell; `shell(…)`, in which nothing is filled in; a function from a host to
 * one of these, or `each([…])`. `{{{host}}}` and `{{list}}` are filled in, in scripts as one word, in lists as they are.
 */
export type RunCommand = string | Command | EachCommand | CommandForHost;

export interface RenderOptions {
  /** What `{{name}}` stands for, by host. @default none */
  lists?: Lists | undefined;
  /**
   * `raw`: values stand in scripts as they are, as execo has it, for lists of several words.
   *
   * @default `quoted`: each is one word, whatever it holds
   */
  substitution?: "quoted" | "raw" | undefined;
}

/**
 * A command for each host, in the order of the hosts.
 *
 * @example
 * ```ts
 * import { each, fleet } from "sremote/fleet";
 *
 * await using hosts = fleet("a,b");
 * await hosts.run(each(["echo first", ["echo", "second"]]));
 * ```
 */
export function each(commands: readonly (string | Command)[]): EachCommand {
  if (!Array.isArray(commands)) throw new InvalidArgumentError("commands", "a list with a command for each host");
  return { each: [...(commands as readonly (string | Command)[])] };
}

/** One command for each host. @throws InvalidArgumentError; nothing has run then */
export function render(command: RunCommand, hosts: readonly Host[], options: RenderOptions): Command[] {
  const { substitution = "quoted" } = options;
  if (substitution !== "quoted" && substitution !== "raw")
    throw new InvalidArgumentError("options.substitution", `"quoted" or "raw"${given(substitution)}`);
  if (typeof command === "function") return hosts.map((host, index) => ownCommand(command(host, index)));
  if (!isEach(command)) return renderOne(command, hosts, options, "command");
  const list = command.each;
  if (list.length !== hosts.length) {
    throw new InvalidArgumentError("command", `a list with a command for each of ${hosts.length} hosts, not ${list.length}`);
  }
  return list.map((one, index) => renderOne(one, hosts, options, `command[${index}]`)[index]!);
}

function isEach(command: RunCommand): command is EachCommand {
  return typeof command === "object" && command !== null && "each" in command && Array.isArray(command.each);
}

function ownCommand(command: unknown): Command {
  if (command instanceof Promise) throw new InvalidArgumentError("command", "a function that returns a command, not a promise of one");
  return toCommand(command as string | Command);
}

function renderOne(command: string | Command, hosts: readonly Host[], options: RenderOptions, argument: string): Command[] {
  const { lists, substitution } = options;
  const checked = toCommand(command, argument);
  if (typeof command === "string") {
    return substitute(command, hosts, { lists, argument, quote: substitution === "raw" ? undefined : quote }).map(shell);
  }
  if (!Array.isArray(checked)) return hosts.map(() => checked);
  const words = (checked as readonly string[]).map((word) => substitute(word, hosts, { lists, argument }));
  return hosts.map((_, index) => words.map((word) => word[index]!) as [string, ...string[]]);
}

/** The variables of each host, with its own values in them. @throws InvalidArgumentError; nothing has run then */
export function renderEnvironment(
  env: Environment | undefined,
  hosts: readonly Host[],
  lists: Lists | undefined,
): (Environment | undefined)[] {
  if (env === undefined) return hosts.map(() => undefined);
  const columns = Object.entries(env).map(
    ([name, value]) => [name, substitute(value, hosts, { lists, argument: `options.env.${name}` })] as const,
  );
  const all = hosts.map((_, index) => Object.fromEntries(columns.map(([name, values]) => [name, values[index]!])));
  for (const variables of all) checkEnvironment(variables, "options.env");
  return all;
}

/** What reports call a command: its first line, cut to what a report has room for. */
export function nameOf(command: RunCommand): string {
  if (typeof command === "function") return command.name || "run";
  if (isEach(command)) return command.each.length === 0 ? "run" : `${nameOf(command.each[0]!)}, …`;
  // Before the command is checked: it may be anything.
  const text = (typeof command === "string" ? command : Array.isArray(command) ? command.join(" ") : String(Object(command).shell)).trim();
  const [line = ""] = text.split("\n");
  return (line.length <= 40 && line === text ? line : `${line.slice(0, 39)}…`) || "run";
}
