/*
 * Variables for one process. Their values are on no command line, which all users of a host can read: they come on standard input, ahead of the
 * command's own, or in a file of mode 0600 where a connector has no such input.
 */
import { randomBytes } from "node:crypto";
import { toBytes } from "@sremote/connectors";
import { InvalidArgumentError } from "@sremote/protocol";

/** By name. */
export type Environment = Readonly<Record<string, string>>;

/** Linux allows 128 KiB for `NAME=value` and the NUL behind it (`MAX_ARG_STRLEN`). */
const longest = 131_071;
/** A terminal takes lines of 4095 characters. */
const lineLength = 1000;

/** @throws InvalidArgumentError naming the variable, not its value */
export function checkEnvironment(env: unknown, argument: string): void {
  if (env === undefined) return;
  if (typeof env !== "object" || env === null || Array.isArray(env) || env instanceof Map) {
    throw new InvalidArgumentError(argument, "an object from names to values");
  }
  for (const [name, value] of Object.entries(env) as [string, unknown][]) {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new InvalidArgumentError(`${argument}.${name}`, "a name of letters, digits and _");
    if (typeof value !== "string" || value.includes("\0")) throw new InvalidArgumentError(`${argument}.${name}`, "a string without NUL");
    if (name.length + 1 + toBytes(value, `${argument}.${name}`).length > longest) {
      throw new InvalidArgumentError(`${argument}.${name}`, `at most ${longest} bytes with its name, Linux's limit`);
    }
  }
}

export interface EnvironmentInput {
  /** Reads the values from standard input; changes nothing else. */
  readonly read: string;
  /** Sets the variables. */
  readonly set: string;
  /** What {@link read} reads. */
  readonly input: string;
}

/** Parts of a script for POSIX `sh` that take the variables from its input. Values are read by line: `read` takes not a byte more. */
export function environmentInput(env: Environment): EnvironmentInput {
  const word = randomBytes(8).toString("hex");
  const names = Object.keys(env);
  const read = names.map(
    () => `v=; while IFS= read -r go && [ "$go" != ${word} ]; do v=$v$go; done; [ "$go" = ${word} ] || exit 125; set -- "$@" "$v"`,
  );
  // What a command substitution prints loses line feeds at its end, but for the dot.
  const set = names.map((name) => `${name}=$(printf %b. "$1"); ${name}=\${${name}%.}; export ${name}; shift`);
  const input = names.map((name) => {
    const lines = escaped(env[name]!).match(new RegExp(`.{1,${lineLength}}`, "g")) ?? [];
    return [...lines, word].map((line) => `${line}\n`).join("");
  });
  return { read: ["set --", ...read].join("\n"), set: ["unset go v", ...set].join("\n"), input: input.join("") };
}

/** As `%b` of printf takes it: letters and digits, and the rest in octal. */
function escaped(value: string): string {
  let text = "";
  for (const byte of toBytes(value)) {
    const character = String.fromCharCode(byte);
    text += /[A-Za-z0-9]/.test(character) ? character : `\\0${byte.toString(8).padStart(3, "0")}`;
  }
  return text;
}
