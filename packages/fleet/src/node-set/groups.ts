/* Named node sets. */
import { InvalidArgumentError } from "@sremote/protocol";

/** From the name of a group to its node set, which may name other groups. */
export type Groups = ReadonlyMap<string, string>;

/** Groups as callers give them: also an object, whose values are node sets or lists of them. */
export type GroupsLike = Groups | Readonly<Record<string, string | readonly string[]>>;

/** Letters, digits, `_`, `-` and `.`. */
export function isGroupName(name: string): boolean {
  return /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(name);
}

export function unknownGroup(name: string, groups: Groups): InvalidArgumentError {
  const known = [...groups.keys()].slice(0, 10).map((each) => `@${each}`);
  const list = known.length === 0 ? "there are none" : `the groups are ${known.join(", ")}${groups.size > known.length ? ", …" : ""}`;
  return new InvalidArgumentError(`nodes must use known groups, not @${name}; ${list}`);
}
