/* `module.function` as a person writes it, taken apart. */
import { InvalidArgumentError } from "@sremote/protocol";

export interface FunctionName {
  module: string;
  function: string;
  /** True for `node:…`, which only Node has. */
  isNode: boolean;
}

const forms = "MODULE.FUNCTION or MODULE:FUNCTION, such as os.getenv, pathlib:Path.home, node:os:hostname or ./lib.mjs:run";

/**
 * - A leading `node:` belongs to the module and chooses Node.
 * - In the rest, the last `:` parts module and function; what follows may be dotted: `pathlib:Path.home`.
 * - Without one, the last `.` does: `os.path.join` is `join` of `os.path`.
 *
 * A `:` before a `/` is part of the module (`file:///srv/lib.mjs.run`).
 *
 * @throws InvalidArgumentError when either part is missing
 */
export function parseFunctionName(text: string): FunctionName {
  const prefix = text.startsWith("node:") ? "node:" : "";
  const rest = text.slice(prefix.length);
  const colon = rest.lastIndexOf(":");
  const at = colon > rest.lastIndexOf("/") ? colon : rest.lastIndexOf(".");
  const [module, name] = [rest.slice(0, at < 0 ? 0 : at), rest.slice(at + 1)];
  // `./lib.mjs` alone would be the function `mjs` of `./lib`: nearly certainly a forgotten name.
  const isFile = /^(?:mjs|cjs|js|ts|mts|py)$/.test(name) && /^[./]|^file:/.test(module);
  if (at < 0 || module === "" || name === "" || name.includes("/") || isFile)
    throw new InvalidArgumentError("FUNCTION", `${forms}, not ${JSON.stringify(text)}`);
  return { module: prefix + module, function: name, isNode: prefix !== "" };
}
