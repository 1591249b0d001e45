/* What the terms of a node set stand for: numbers, groups, wildcards, and the operators between them. */
import { InvalidArgumentError } from "@sremote/protocol";
import { unknownGroup } from "./groups.ts";
import type { Groups } from "./groups.ts";
import { countOf, numbersOf } from "./range.ts";
import type { Range } from "./range.ts";
import { parseNodeSet } from "./syntax.ts";
import type { Operator, Term } from "./syntax.ts";
import { hasWildcard, matchesWildcard } from "./wildcard.ts";

/** What the evaluation of one set shares with that of the groups within it. */
export interface Scope {
  readonly groups: Groups;
  readonly known: readonly string[];
  /** The most names of a set or a part of it. */
  readonly limit: number;
  /** The groups that are being resolved, outermost first. */
  readonly within: readonly string[];
}

/** The names in the order in which they are written. @throws InvalidArgumentError */
export function evaluate(nodes: string, scope: Scope): Set<string> {
  let result = new Set<string>();
  for (const term of parseNodeSet(nodes)) {
    result = combine(result, term.operator, namesOf(term, nodes, result, scope));
    checkCount(result.size, nodes, scope);
  }
  return result;
}

function combine(left: Set<string>, operator: Operator, right: ReadonlySet<string>): Set<string> {
  const leftOnly = (): string[] => [...left].filter((name) => !right.has(name));
  if (operator === "!") return new Set(leftOnly());
  if (operator === "&") return new Set([...left].filter((name) => right.has(name)));
  if (operator === "^") return new Set([...leftOnly(), ...[...right].filter((name) => !left.has(name))]);
  // In place: a list of thousands of names has as many unions.
  for (const name of right) left.add(name);
  return left;
}

function namesOf(term: Term, nodes: string, left: ReadonlySet<string>, scope: Scope): Set<string> {
  const names = new Set<string>();
  const add = (some: Iterable<string>): void => {
    for (const name of some) names.add(name);
  };
  for (const name of product(term, nodes, scope)) {
    if (name.startsWith("@")) add(members(name.slice(1), scope));
    else if (hasWildcard(name)) add(matches(name, term.operator, left, scope));
    else names.add(name);
  }
  return names;
}

/** Every combination of the numbers in brackets, the last bracket fastest. */
function product({ pieces }: Term, nodes: string, scope: Scope): string[] {
  // Counted before it is made: `[1-999999999]` must fail, not fill the memory.
  const count = pieces.reduce((sum, piece) => sum * (typeof piece === "string" ? 1 : countOf(piece)), 1);
  checkCount(count, nodes, scope);
  let names = [""];
  for (const piece of pieces) names = extend(names, piece);
  return names;
}

function extend(names: readonly string[], piece: string | readonly Range[]): string[] {
  if (typeof piece === "string") return names.map((name) => name + piece);
  const numbers = [...numbersOf(piece)];
  return names.flatMap((name) => numbers.map((number) => name + number));
}

/** An exclusion that matches nothing excludes nothing; elsewhere a pattern without a match is a mistake. */
function matches(pattern: string, operator: Operator, left: ReadonlySet<string>, scope: Scope): string[] {
  if (operator === "!" || operator === "&") return [...left].filter((name) => matchesWildcard(pattern, name));
  const found = [...everything(scope)].filter((name) => matchesWildcard(pattern, name));
  if (found.length > 0) return found;
  throw new InvalidArgumentError(`nodes must match a known host, but ${JSON.stringify(pattern)} matches none`, undefined, {
    hint: "hosts are known from groups, from the configuration, or by the option `known`",
  });
}

/** The members of a group: `*` is every known host, `rack*` the groups of such names. */
function members(name: string, scope: Scope): Set<string> {
  if (name === "*") return everything(scope);
  const groups = hasWildcard(name) ? [...scope.groups.keys()].filter((group) => matchesWildcard(name, group)) : [name];
  if (groups.length === 0) throw unknownGroup(name, scope.groups);
  return new Set(groups.flatMap((group) => [...resolve(group, scope)]));
}

function resolve(group: string, scope: Scope): Set<string> {
  const nodes = scope.groups.get(group);
  if (nodes === undefined) throw unknownGroup(group, scope.groups);
  if (scope.within.includes(group)) {
    const way = [...scope.within, group].map((each) => `@${each}`).join(" → ");
    throw new InvalidArgumentError(`groups must not contain themselves, as in ${way}`);
  }
  return evaluate(nodes, { ...scope, within: [...scope.within, group] });
}

/** All known names and all members of groups. */
function everything(scope: Scope): Set<string> {
  // A group that is being resolved would be within itself.
  const groups = [...scope.groups.keys()].filter((group) => !scope.within.includes(group));
  return new Set([...scope.known, ...groups.flatMap((group) => [...resolve(group, scope)])]);
}

function checkCount(count: number, nodes: string, { limit }: Scope): void {
  if (count <= limit) return;
  const shown = nodes.length <= 100 ? nodes : `${nodes.slice(0, 99)}…`;
  throw new InvalidArgumentError(`nodes must make at most ${limit} names, but ${JSON.stringify(shown)} makes ${count}`, undefined, {
    hint: "the option `limit` raises this",
  });
}
