/* Which configuration a program has that names none. */
import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { InvalidArgumentError } from "@sremote/protocol";

const names = ["ts", "mts", "js", "mjs", "json"].map((extension) => `sremote.config.${extension}`);

/**
 * The path of the nearest `sremote.config.…`, in this directory or above.
 * @throws InvalidArgumentError where there is none, and where one was found that another user could have written: it would run as this one
 */
export function findConfiguration(from: string = process.cwd()): string {
  for (let directory = resolve(from); ; directory = dirname(directory)) {
    const found = names.map((name) => join(directory, name)).find(isFile);
    if (found !== undefined) {
      checkOwner(found);
      checkOwner(directory);
      return found;
    }
    if (dirname(directory) === directory) break;
  }
  throw new InvalidArgumentError(`path is missing, and there is no ${names.join(", ")} in ${from} or above`);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** As git does for repositories, and Node cannot do for modules: only what this user or the administrator alone can write is run unasked. */
function checkOwner(path: string): void {
  const own = process.getuid?.();
  if (own === undefined) return; // Windows has no such numbers
  const { uid, mode } = statSync(path);
  const isSticky = (mode & 0o1000) !== 0;
  if ((uid !== own && uid !== 0) || ((mode & 0o002) !== 0 && !isSticky)) {
    throw new InvalidArgumentError(`${path} was found, and another user could have written it`, undefined, {
      hint: "make it writable for its owner alone, or name the file",
    });
  }
}
