/*
 * Files of groups.
 *
 * JSON: an object from name to node set, or to a list of them. Anything else is text, a group on each line:
 *
 *   # racks of the second hall
 *   rack1: node[01-16]
 *   gpu:   node[03,07] @rack9
 */
import { readFile } from "node:fs/promises";
import { InvalidArgumentError, given, checkString } from "@sremote/protocol";
import { isGroupName } from "./groups.ts";
import type { Groups, GroupsLike } from "./groups.ts";
import { parseNodeSet } from "./syntax.ts";

/**
 * Reads groups from a `.json` file, or from a text file with a line `name: node set` for each.
 *
 * @throws InvalidArgumentError
 *
 * @example
 * ```ts
 * import { expand, loadGroups } from "sremote/fleet";
 *
 * console.log(expand("@gpu", { groups: await loadGroups("groups.txt") }));
 * ```
 */
export async function loadGroups(path: string): Promise<Groups> {
  checkString(path, "path");
  let text;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new InvalidArgumentError("groups", `a readable file, and ${path} is none`, { cause: error });
  }
  return path.endsWith(".json") ? parseJson(text, path) : parseGroups(text, path);
}

/**
 * Reads the text form.
 *
 * @param source how errors name it @throws InvalidArgumentError with the line
 *
 * @example
 * ```ts
 * import { expand, parseGroups } from "sremote/fleet";
 *
 * console.log(expand("@gpu", { groups: parseGroups("gpu: gpu[1-4]\n") }));
 * ```
 */
export function parseGroups(text: string, source = "groups"): Groups {
  checkString(text, "text");
  const groups = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const content = line.replace(/(^|\s)#.*$/, "").trim();
    if (content === "") continue;
    const where = `${source}:${index + 1}`;
    const match = /^([^\s:]+)\s*:\s*(.*)$/.exec(content);
    if (match === null) throw new InvalidArgumentError(where, "a line such as `rack1: node[01-16]`");
    addGroup(groups, match[1] ?? "", match[2] ?? "", where);
  }
  return groups;
}

/** Checks groups given as an object, or as a map such as {@link loadGroups} returns. @throws InvalidArgumentError */
export function groupsOf(record: unknown, source = "groups"): Groups {
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw new InvalidArgumentError(source, "an object from groups to node sets");
  }
  const groups = new Map<string, string>();
  // A map has no members of its own: it would be no groups at all.
  for (const [name, nodes] of (record instanceof Map ? [...record] : Object.entries(record)) as [string, unknown][]) {
    const list: unknown[] = Array.isArray(nodes) ? nodes : [nodes];
    if (!list.every((each) => typeof each === "string")) {
      throw new InvalidArgumentError(`${source}.${name}`, "a node set, or a list of them");
    }
    addGroup(groups, name, list.join(" "), `${source}.${name}`);
  }
  return groups;
}

/** Groups of the option `groups`. A map is taken as it is: what is wrong in it, using it tells. @throws InvalidArgumentError */
export function toGroups(groups: GroupsLike | undefined): Groups {
  if (groups === undefined) return new Map();
  if (typeof groups === "string") {
    throw new InvalidArgumentError("groups", "an object or a map of groups, not the path of a file", {
      hint: "`await loadGroups(path)` reads it",
    });
  }
  return groups instanceof Map ? (groups as Groups) : groupsOf(groups);
}

function parseJson(text: string, path: string): Groups {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError("groups", `a file of JSON, and ${path} is none`, { cause: error });
  }
  return groupsOf(value, path);
}

function addGroup(groups: Map<string, string>, name: string, nodes: string, where: string): void {
  if (!isGroupName(name)) throw new InvalidArgumentError(where, `a group's name of letters, digits, _, - and .${given(name)}`);
  if (groups.has(name)) throw new InvalidArgumentError(`${where} has the group ${JSON.stringify(name)} a second time`);
  try {
    parseNodeSet(nodes);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new InvalidArgumentError(`${where} ${error.message.replace(/^nodes /, "")}`, undefined, { cause: error });
  }
  groups.set(name, nodes);
}
