/*
 * What stands in braces in commands and paths, for each host its own:
 *
 *   {{{host}}}   the host's address, as execo's; also {{{name}}}, {{{username}}}, {{{port}}}, {{{privateKeyPath}}}, {{{index}}}
 *   {{peers}}    the value of a list that the caller names, at the host's index; a shorter list begins again
 *   \{{          two braces themselves; \\{{ a backslash before a substitution
 *
 * Names are looked up, never evaluated.
 */
import { InvalidArgumentError, checkOptionNames, type OptionNames, checkList } from "@sremote/protocol";
import { Host } from "./host/index.ts";

/** A value for each host, by index. Of hosts the address is taken. */
export type Lists = Readonly<Record<string, Iterable<string | number | Host>>>;

export interface SubstituteOptions {
  /** What `{{name}}` stands for. @default none */
  lists?: Lists | undefined;
  /** Applied to every value that is put in, such as quoting for a shell. @default values are put in as they are, as execo does */
  quote?: ((value: string) => string) | undefined;
  /** Applied to values of the host itself (`{{{name}}}`, and hosts in lists). @default none */
  ofHost?: ((value: string) => string) | undefined;
  /** How errors name the text. @default `text` */
  argument?: string | undefined;
}

const optionNames: OptionNames<SubstituteOptions> = { lists: true, quote: true, ofHost: true, argument: true };

type Part = string | ((host: Host, index: number) => string);

/** The values of a host that `{{{…}}}` knows. */
const variables: Readonly<Record<string, (host: Host, index: number) => string | number | null | undefined>> = {
  host: ({ address }) => address,
  name: ({ name }) => name,
  username: ({ username }) => username,
  port: ({ port }) => port,
  privateKeyPath: ({ privateKeyPath }) => privateKeyPath,
  index: (_, index) => index,
};

// The shortest text between braces, as execo has it. A backslash only counts before two braces.
const token = /\\\\(?=\{\{)|\\\{\{|\{\{\{(.*?)\}\}\}|\{\{(.*?)\}\}/gs;

/**
 * The text for each host, in their order. All is checked before anything is returned: nothing has run when this throws.
 *
 * @throws InvalidArgumentError for a name that is unknown, an empty list, or a value that a host does not have
 *
 * @example
 * ```ts
 * import { hostSet, substitute } from "sremote/fleet";
 *
 * const lists = { servers: ["s1", "s2"] };
 * console.log(substitute("iperf -c {{servers}}", hostSet("c[1-4]"), { lists })[2]); // iperf -c s1
 * ```
 */
export function substitute(text: string, hosts: Iterable<Host>, options: SubstituteOptions = {}): string[] {
  checkOptionNames(options, optionNames);
  const { argument = "text", quote = (value) => value } = options;
  if (typeof text !== "string") throw new InvalidArgumentError(argument, "a string");
  const { ofHost = (value) => value } = options;
  const parts = parse(text, options.lists ?? {}, argument, ofHost);
  return checkList(hosts, "hosts", "a Host", (host) => host instanceof Host).map((host, index) =>
    parts.map((part) => (typeof part === "string" ? part : quote(part(host, index)))).join(""),
  );
}

function parse(text: string, lists: Lists, argument: string, ofHost: (value: string) => string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(token)) {
    parts.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    const [whole, variable, list] = match;
    if (variable !== undefined) parts.push(ofVariable(variable, argument, ofHost));
    else if (list !== undefined) parts.push(ofList(list, lists, argument, ofHost));
    else parts.push(whole === "\\\\" ? "\\" : "{{");
  }
  parts.push(text.slice(end));
  return parts;
}

function ofVariable(name: string, argument: string, ofHost: (value: string) => string): Part {
  const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (variable === undefined) throw unknown(`{{{${name}}}}`, Object.keys(variables), argument);
  return (host, index) => {
    const value = variable(host, index);
    if (value === undefined || value === null)
      throw new InvalidArgumentError(argument, `a host with a ${name} for {{{${name}}}}, but ${host.toString()} says none`);
    return ofHost(String(value));
  };
}

function ofList(name: string, lists: Lists, argument: string, ofHost: (value: string) => string): Part {
  if (!Object.hasOwn(lists, name)) throw unknown(`{{${name}}}`, Object.keys(lists), argument);
  const list = lists[name];
  const values =
    typeof list === "object" && Symbol.iterator in list
      ? [...list].map((value) => (value instanceof Host ? ofHost(value.address) : toText(value)))
      : [];
  if (values.length === 0 || values.includes(undefined))
    throw new InvalidArgumentError(`lists.${name}`, "a non-empty list of strings, numbers or hosts");
  return (_, index) => values[index % values.length]!;
}

function toText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function unknown(what: string, known: readonly string[], argument: string): InvalidArgumentError {
  const shown = (what.length <= 60 ? what : `${what.slice(0, 59)}…`).replace(/\s+/g, " ");
  const list = known.length === 0 ? "there are none" : `the names are ${known.join(", ")}`;
  return new InvalidArgumentError(`${argument} must use known names, not ${shown}; ${list}`, undefined, {
    hint: String.raw`write \{{ for two braces`,
  });
}
