/* From what a caller writes to a command for each host. */
import { type Command, quote, shell } from "@sremote/connectors";
import { InvalidArgumentError } from "@sremote/protocol";
import type { Host } from "../host/index.ts";
import { checkEnvironment, type Environment, toCommand } from "@sremote/process";
import { type Lists, substitute } from "../substitute.ts";

/** A program and its arguments, for each host with its own values in them. Made by {@link argv}. */
export interface ArgumentVector {
  readonly argv: readonly [string, ...string[]];
}

/**
 * A script for `sh`, with substitutions (`{{{host}}}`, `{{list}}`); a list with one for each host; `argv(…)`, whose values reach no shell; or
 * `shell(…)`, in which nothing is substituted.
 */
export type RunCommand = string | Extract<Command, { shell: string }> | ArgumentVector | readonly (string | Command | ArgumentVector)[];

export interface RenderOptions {
  /** What `{{name}}` stands for, by host. */
  lists?: Lists | undefined;
  /** `raw`: values stand in scripts as they are, as execo has it, for lists of several words. Default `quoted`: each is one word, whatever it holds. */
  substitution?: "quoted" | "raw" | undefined;
}

/** A program and its arguments without any shell. `{{{host}}}` and `{{list}}` are put in as they are. */
export function argv(program: string, ...args: string[]): ArgumentVector {
  return { argv: [program, ...args] };
}

/** One command for each host. @throws InvalidArgumentError; nothing has run then */
export function render(command: RunCommand, hosts: readonly Host[], options: RenderOptions): Command[] {
  const { substitution = "quoted" } = options;
  if (substitution !== "quoted" && substitution !== "raw") throw new InvalidArgumentError("options.substitution", "quoted or raw");
  if (!Array.isArray(command)) return renderOne(command as string | Command | ArgumentVector, hosts, options, "command");
  const list = command as readonly (string | Command | ArgumentVector)[];
  if (list.length !== hosts.length) {
    throw new InvalidArgumentError("command", `a command for each of ${hosts.length} hosts, but there are ${list.length}`, {
      hint: "a program with arguments is argv(…)",
    });
  }
  return list.map((each, index) => renderOne(each, hosts, options, `command[${index}]`)[index]!);
}

function renderOne(
  command: string | Command | ArgumentVector,
  hosts: readonly Host[],
  options: RenderOptions,
  argument: string,
): Command[] {
  const { lists, substitution } = options;
  const asText = { lists, argument, quote: substitution === "raw" ? undefined : quote };
  if (typeof command === "string") {
    void toCommand(command, argument);
    return substitute(command, hosts, asText).map(shell);
  }
  if (typeof command === "object" && command !== null && "argv" in command) {
    const { argv: words } = command;
    void toCommand(words, argument);
    const rendered = words.map((word) => substitute(word, hosts, { lists, argument }));
    return hosts.map((_, index) => rendered.map((each) => each[index]!) as [string, ...string[]]);
  }
  const same = toCommand(command, argument);
  return hosts.map(() => same);
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
  for (const each of all) checkEnvironment(each, "options.env");
  return all;
}
