/* Options are refused that nothing would read: a misspelt one would silently have no effect. */
import { InvalidArgumentError } from "./error.ts";
import { nearNames } from "./near-name.ts";

/** The names of all options. A name that is missing, or that no option has, does not compile. */
export type OptionNames<Options> = { readonly [Name in keyof Required<Options>]: true };

/**
 * @param path what holds the options, as the caller knows it: `options`, `options.pty`
 * @throws InvalidArgumentError where it is no object, and for the first option that is not known, with the known one that is most like it
 */
export function checkOptionNames<Options extends object>(options: Options, known: OptionNames<Options>, path = "options"): void {
  if (typeof options !== "object" || options === null) throw new InvalidArgumentError(path, "an object");
  for (const name of Object.keys(options)) if (!Object.hasOwn(known, name)) throw unknownOption(path, name, Object.keys(known));
}

/** Words of ssh2 and execo: by their letters another option would be nearer, and mean something else. */
const foreign: Readonly<Record<string, string>> = {
  readyTimeout: "connectTimeout",
  user: "username",
  keyfile: "privateKeyPath",
  config: "sshConfig",
};

/** The error for an option that is not known. */
export function unknownOption(path: string, name: string, known: readonly string[]): InvalidArgumentError {
  const within = path.replace(/^options\.?/, "");
  const where = within && ` in ${within}`;
  const meant = Object.hasOwn(foreign, name) ? foreign[name]! : "";
  const near = known.includes(meant) ? meant : nearNames(name, known, 1)[0];
  const help = near === undefined ? `the options are ${known.join(", ")}` : `did you mean \`${near}\`?`;
  return new InvalidArgumentError(`unknown option \`${name}\`${where}; ${help}`);
}
