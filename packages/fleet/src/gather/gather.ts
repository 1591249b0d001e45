/* Identical outputs, shown once. */
import { InvalidArgumentError, checkOptionNames, type OptionNames, checkList, given } from "@sremote/protocol";
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import { fold } from "../node-set/index.ts";
import { OutputTree } from "./output-tree.ts";
import type { OutputGroup } from "./output-tree.ts";

/**
 * Puts hosts with the same output together. Line breaks may be `\n` or `\r\n`, and one at the end counts for nothing.
 *
 * @param outputs pairs of name and output, or an object
 *
 * @example
 * ```ts
 * import { fleet, gather } from "sremote/fleet";
 *
 * await using nodes = fleet("node[1-3]");
 * const { jobs } = await nodes.run("uname -r");
 * const groups = gather(jobs.map((job): [string, string] => [job.label, job.stdout]));
 * ```
 */
export function gather(outputs: Iterable<readonly [name: string, output: string]> | Readonly<Record<string, string>>): OutputGroup[] {
  if (typeof outputs !== "object" || outputs === null)
    throw new InvalidArgumentError("outputs", "pairs of a name and a text, or an object");
  const tree = new OutputTree();
  const pairs: Iterable<readonly [name: string, output: string]> = Symbol.iterator in outputs ? outputs : Object.entries(outputs);
  for (const pair of pairs) {
    const [name, output]: readonly unknown[] = Array.isArray(pair) ? pair : [];
    if (typeof name !== "string" || typeof output !== "string") throw new InvalidArgumentError("outputs", "pairs of a name and a text");
    tree.touch(name);
    const lines = output.split(/\r?\n/);
    if (lines.at(-1) === "") lines.pop();
    for (const line of lines) tree.add(name, line);
  }
  return tree.groups();
}

export interface FormatGatheredOptions {
  /** `lines`: `node[1-7]: text` for every line, as `clubak -L`. `blocks`: a heading above each output, as `clubak -b`. @default `lines` */
  style?: "lines" | "blocks" | undefined;
}

const ofFormat: OptionNames<FormatGatheredOptions> = { style: true };

/** Stands behind the lines of a group of which more was printed. */
const cutMark = "[... more output was not kept]";

function shownLines({ lines, truncated }: OutputGroup): readonly string[] {
  return truncated === true ? [...lines, cutMark] : lines;
}

/**
 * The groups as text, with a line break at the end of each line. Hosts that printed nothing have a line or heading all the same; where more was
 * printed than is kept, a last line says so.
 *
 * @example
 * ```ts
 * import { fleet, formatGathered } from "sremote/fleet";
 *
 * await using nodes = fleet("node[1-3]");
 * console.log(formatGathered((await nodes.run("uname -r")).gather(), { style: "blocks" }));
 * ```
 */
export function formatGathered(groups: readonly OutputGroup[], options: FormatGatheredOptions = {}): string {
  checkOptionNames(options, ofFormat);
  return checkGroups(groups)
    .map((group) => (options.style === "blocks" ? block(group) : prefixed(group)))
    .join("");
}

function checkGroups(groups: readonly OutputGroup[]): OutputGroup[] {
  return checkList(
    groups,
    "groups",
    "a group of output, as gather() makes them",
    (group: Partial<OutputGroup> | null) => Array.isArray(group?.names) && Array.isArray(group.lines),
  );
}

function prefixed(group: OutputGroup): string {
  const hosts = fold(group.names);
  const lines = shownLines(group);
  return lines.length === 0 ? `${hosts}:\n` : lines.map((line) => `${hosts}: ${line}\n`).join("");
}

function block(group: OutputGroup): string {
  const { names } = group;
  const rule = "-".repeat(15);
  const count = names.length === 1 ? "" : ` (${names.length})`;
  return `${rule}\n${fold(names)}${count}\n${rule}\n${shownLines(group)
    .map((line) => `${line}\n`)
    .join("")}`;
}

/** A difference of more lines than this is no help to anyone, and takes time with its square. */
const mostDifferences = 2000;

/**
 * What the other groups print otherwise than the first, which is what most hosts print: a unified diff for each, or a remark where more
 * than 2000 lines differ. Empty where all print the same.
 *
 * @param context equal lines around each difference. Default 3
 *
 * @example
 * ```ts
 * import { fleet, formatDifferences } from "sremote/fleet";
 *
 * await using nodes = fleet("node[1-3]");
 * console.log(formatDifferences((await nodes.run("cat /etc/hosts")).gather()));
 * ```
 */
export function formatDifferences(groups: readonly OutputGroup[], context = 3): string {
  if (!Number.isSafeInteger(context) || context < 0)
    throw new InvalidArgumentError("context", `a number of lines, 0 or more${given(context)}`);
  const [first, ...others] = checkGroups(groups);
  return first === undefined ? "" : others.map((other) => difference(first, other, context)).join("");
}

function difference(first: OutputGroup, other: OutputGroup, context: number): string {
  const text = (group: OutputGroup): string =>
    shownLines(group)
      .map((line) => `${line}\n`)
      .join("");
  const [before, after] = [first, other].map(({ names }) => `${fold(names)} (${names.length})`) as [string, string];
  const patch = createTwoFilesPatch(before, after, text(first), text(other), undefined, undefined, {
    context,
    headerOptions: FILE_HEADERS_ONLY,
    maxEditLength: mostDifferences,
  });
  return patch ?? `--- ${before}\n+++ ${after}\n(more than ${mostDifferences} lines differ)\n`;
}
