/* The output of many hosts, each different output kept once. */
import { checkString } from "@sremote/protocol";
import { compareNatural } from "../node-set/index.ts";

/** A line below all lines that came before it. Hosts that printed the same so far are at the same one. */
interface Line {
  readonly text: string;
  readonly before: Line | undefined;
  /** Most have one or none, and there may be millions of them. */
  next: Line | Map<string, Line> | undefined;
}

/** Hosts whose output is the same, line by line. */
export interface OutputGroup {
  /** Sorted as people count. */
  readonly names: readonly string[];
  /** Of a run, made from what is kept when they are asked for: look at one group after the other. */
  readonly lines: readonly string[];
  /** Whether they printed more than these. */
  readonly truncated?: boolean | undefined;
}

/**
 * Collects lines of many hosts as they come. Memory grows with what is different, not with the number of hosts: a thousand hosts that print
 * the same megabyte cost one. The idea is ClusterShell's MsgTree.
 */
export class OutputTree {
  readonly #root: Line = { text: "", before: undefined, next: undefined };
  readonly #last = new Map<string, Line>();
  #size = 0;

  /** Lines kept: each distinct beginning of an output counts once. */
  get size(): number {
    return this.#size;
  }

  get names(): string[] {
    return [...this.#last.keys()];
  }

  /** A host is there from now on, also if it prints nothing. */
  touch(name: string): void {
    checkString(name, "name");
    if (!this.#last.has(name)) this.#last.set(name, this.#root);
  }

  /** @param line without its line break */
  add(name: string, line: string): void {
    checkString(name, "name");
    checkString(line, "line");
    const before = this.#last.get(name) ?? this.#root;
    let next = lineAfter(before, line);
    if (next === undefined) {
      next = { text: copy(line), before, next: undefined };
      append(before, next);
      this.#size++;
    }
    this.#last.set(name, next);
  }

  /** The lines of a host; undefined for one that is not there. */
  lines(name: string): string[] | undefined {
    checkString(name, "name");
    const last = this.#last.get(name);
    return last === undefined ? undefined : linesUpTo(last);
  }

  /** The hosts by what they printed: most hosts first, then in the order of their names. */
  groups(): OutputGroup[] {
    const byEnd = Map.groupBy([...this.#last], ([, line]) => line);
    return groupsInOrder(
      Array.from(byEnd, ([line, members]) => ({
        names: members.map(([name]) => name).toSorted(compareNatural),
        lines: linesUpTo(line),
      })),
    );
  }
}

/** Most hosts first, then in the order of their names. */
export function groupsInOrder(groups: readonly OutputGroup[]): OutputGroup[] {
  return groups.toSorted((left, right) => right.names.length - left.names.length || compareNatural(left.names[0]!, right.names[0]!));
}

function lineAfter({ next }: Line, text: string): Line | undefined {
  if (next instanceof Map) return next.get(text);
  return next?.text === text ? next : undefined;
}

function append(before: Line, line: Line): void {
  if (before.next === undefined) before.next = line;
  else if (before.next instanceof Map) before.next.set(line.text, line);
  else before.next = new Map([before.next, line].map((each) => [each.text, each]));
}

function linesUpTo(last: Line): string[] {
  const lines: string[] = [];
  for (let line = last; line.before !== undefined; line = line.before) lines.push(line.text);
  return lines.toReversed();
}

/** A string of its own: a part of a string would keep the whole chunk of output in memory that it was cut from. */
function copy(line: string): string {
  return Buffer.from(line, "utf16le").toString("utf16le");
}
