/* From the text of a node set to its names. */
import { InvalidArgumentError, checkOptionNames, type OptionNames } from "@sremote/protocol";
import { evaluate } from "./evaluate.ts";
import type { GroupsLike } from "./groups.ts";
import { toGroups } from "./groups-file.ts";

export interface ExpandOptions {
  /** What `@name` stands for: an object or a map by name. What is in a file, `loadGroups` reads. @default none */
  groups?: GroupsLike | undefined;
  /** Names that `*` and `?` may match, and `@*` stands for, beside the members of groups. @default none */
  known?: Iterable<string> | undefined;
  /** The most names a set may have, and each of its parts. @default 100 000 */
  limit?: number | undefined;
}

const optionNames: OptionNames<ExpandOptions> = { groups: true, known: true, limit: true };

/** A thousand racks of a hundred hosts. More is most likely a slip of the finger, and would fill the memory before it failed. */
const defaultLimit = 100_000;

/**
 * The names of a node set, each once, in the order in which they are written: `node[08-10],gpu*,@rack1!node9`.
 *
 * `,` or blanks unite, `!` excludes, `&` intersects, `^` keeps what is on one side only; all from left to right. `[1-9,12]`, `[01-16]`,
 * `[0-10/2]` count, several brackets vary the last one fastest. `@name` is a group, `@*` every known host; `*` and `?` match known hosts,
 * or, after `!` and `&`, those on the left.
 *
 * @throws InvalidArgumentError with the column of what is wrong, the name of an unknown group, or that there are too many names
 *
 * @example
 * ```ts
 * import { expand } from "sremote/fleet";
 *
 * console.log(expand("node[08-10]!node9")); // node08, node09, node10
 * ```
 */
export function expand(nodes: string, options: ExpandOptions = {}): string[] {
  checkOptionNames(options, optionNames);
  const { limit = defaultLimit } = options;
  if (!Number.isSafeInteger(limit) || limit < 1) throw new InvalidArgumentError("options.limit", "a whole number, 1 or more");
  return [...evaluate(nodes, { groups: toGroups(options.groups), known: [...(options.known ?? [])], limit, within: [] })];
}
