/*
 * The one rule for paths of a host (docs/transfers.md#paths-of-a-host): `~` and `~/x` begin in the home directory. A directory that is called `~` is
 * written `./~`; other forms (`~user`) are refused where they are checked, as that user's home is unknown here.
 */
import { quote } from "./quote.ts";

/** What stands behind `~/`; undefined for a path that does not begin in the home directory that way. */
export function belowHome(path: string): string | undefined {
  if (path === "~") return "";
  return path.startsWith("~/") ? path.replace(/^~\/+/, "") : undefined;
}

/** Whether it begins with a form of `~` that is not known. */
export function hasUnknownTilde(path: string): boolean {
  return /^~[^/]/.test(path);
}

/** A path of the host as one word of `sh`. Without a home directory the shell says so and runs nothing. */
export function quotePath(path: string): string {
  const below = belowHome(path);
  if (below === undefined) return quote(path);
  return below === "" ? '"${HOME:?}"' : `"\${HOME:?}"/${quote(below)}`;
}
