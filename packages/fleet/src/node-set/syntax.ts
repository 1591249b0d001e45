/*
 * The syntax of node sets, after ClusterShell's:
 *
 *   set      = term { operator term }          from left to right, no operator binds stronger
 *   operator = "," union | blank union | "!" difference | "&" intersection | "^" symmetric difference;
 *              ",!" is "!"
 *   term     = pieces of text and "[" ranges "]"; "@" in front names a group; "*" and "?" match known hosts
 *
 * A bracket with a colon in it belongs to an IPv6 address, as in `[fe80::1]:22`, and stays; ranges may stand within it.
 */
import { InvalidArgumentError, given } from "@sremote/protocol";
import { parseRanges } from "./range.ts";
import type { Range } from "./range.ts";
import { syntaxError } from "./syntax-error.ts";

export type Operator = "," | "!" | "&" | "^";

/** One operand with the operator before it; the first one's is a union with nothing. */
export interface Term {
  readonly operator: Operator;
  /** Literal text and sets of ranges by turns. */
  readonly pieces: readonly (string | readonly Range[])[];
  /** Index of its first character in the text. */
  readonly index: number;
}

const operators = /[,!&^]/;
const blank = /\s/;

/** @throws InvalidArgumentError with the column of what is wrong */
export function parseNodeSet(text: string): Term[] {
  if (typeof text !== "string") throw new InvalidArgumentError("nodes", `a string such as node[1-9,12]${given(text)}`);
  const terms: Term[] = [];
  let index = skipBlanks(text, 0);
  while (index < text.length) {
    const [operator, start] = readOperator(text, index, terms.length === 0);
    const { pieces, end } = readTerm(text, start);
    terms.push({ operator, pieces, index: start });
    index = skipBlanks(text, end);
  }
  return terms;
}

function skipBlanks(text: string, index: number): number {
  let at = index;
  while (at < text.length && blank.test(text[at]!)) at++;
  return at;
}

/** The operator before the next term, and where that term begins. */
function readOperator(text: string, index: number, isFirst: boolean): [operator: Operator, start: number] {
  const character = text[index]!;
  if (!operators.test(character)) return [",", index];
  if (isFirst) throw syntaxError(text, index, `a host before ${JSON.stringify(character)}`);
  let operator = character as Operator;
  let start = skipBlanks(text, index + 1);
  if (operator === "," && text[start] === "!") {
    operator = "!";
    start = skipBlanks(text, start + 1);
  }
  if (start >= text.length || operators.test(text[start]!)) throw syntaxError(text, start, `a host after ${JSON.stringify(character)}`);
  return [operator, start];
}

function readTerm(text: string, start: number): { pieces: (string | Range[])[]; end: number } {
  const pieces: (string | Range[])[] = [];
  /** Indices of the brackets around the current character that belong to addresses. */
  const addresses: number[] = [];
  let literal = "";
  let index = start;
  for (; index < text.length; index++) {
    const character = text[index]!;
    if (operators.test(character) || blank.test(character)) break;
    if (character === "[" && !isAddress(text, index)) {
      const end = closing(text, index);
      pieces.push(literal, parseRanges(text, index + 1, end));
      literal = "";
      index = end;
      continue;
    }
    if (character === "[") addresses.push(index);
    if (character === "]" && addresses.pop() === undefined) throw syntaxError(text, index, 'a "[" before "]"');
    literal += character;
  }
  if (addresses.length > 0) throw syntaxError(text, addresses.at(-1)!, 'a "]" for "["');
  if (literal !== "") pieces.push(literal);
  return { pieces, end: index };
}

function closing(text: string, open: number): number {
  const end = text.indexOf("]", open);
  if (end < 0) throw syntaxError(text, open, 'a "]" for "["');
  return end;
}

/** Whether there is a colon between this bracket and its partner. */
function isAddress(text: string, open: number): boolean {
  let depth = 0;
  for (let index = open; index < text.length; index++) {
    const character = text[index]!;
    if (character === "[") depth++;
    else if (character === "]") depth--;
    else if (character === ":") return true;
    if (depth === 0 || blank.test(character)) return false;
  }
  return false;
}
