/*
 * From names to the shortest usual text. Every run of digits in a name is a dimension. Names that differ in one dimension only are
 * joined, last dimension first, until nothing can be joined any more: a full grid comes out as one term.
 */
import { checkList } from "@sremote/protocol";
import { compareNatural } from "./compare-natural.ts";
import { formatNumber, mostDigits, paddedWidth } from "./range.ts";

/** A number in a name. `width` is that of its padding with zeros, 0 for none. */
interface Numeral {
  readonly number: number;
  readonly width: number;
}

/** What a term may have at each dimension; it stands for all combinations. */
type Block = readonly (readonly Numeral[])[];

interface Split {
  /** The text before, between and behind the numbers. */
  text: string[];
  digits: string[];
}

/**
 * The names as a node set: `node[1-7,9]`, sorted as people count. Leading zeros are kept. `expand` gives the names back, but for those
 * that hold characters of the syntax itself, which stay as they are.
 *
 * @example
 * ```ts
 * import { fold } from "sremote/fleet";
 *
 * console.log(fold(["node1", "node2", "node3"])); // node[1-3]
 * ```
 */
export function fold(names: Iterable<string>): string {
  const alike = Map.groupBy(
    [...new Set(checkList(names, "names", "a string", (name) => typeof name === "string"))].map(split),
    ({ text }) => JSON.stringify(text),
  );
  const terms = [...alike.values()].flatMap((splits) => joinBlocks(blocksOf(splits)).map((block) => termOf(splits[0]!.text, block)));
  return terms.toSorted(compareNatural).join(",");
}

/** `r1n07` is the text `r`, `n` and nothing, with the digits `1` and `07` between. */
function split(name: string): Split {
  const text: string[] = [""];
  const digits: string[] = [];
  for (const part of name.match(/\d+|\D+/g) ?? []) {
    if (/^\d/.test(part) && part.length <= mostDigits) {
      digits.push(part);
      text.push("");
    } else text[text.length - 1] += part;
  }
  return { text, digits };
}

/** One block for each name. `10` counts as padded where `08` or `09` are in the same place, else as not. */
function blocksOf(alike: readonly Split[]): Block[] {
  const widths = alike[0]!.digits.map((_, dimension) => new Set(alike.map(({ digits }) => paddedWidth(digits[dimension]!))));
  return alike.map(({ digits }) =>
    digits.map((each, dimension) => [{ number: Number(each), width: widths[dimension]!.has(each.length) ? each.length : 0 }]),
  );
}

function joinBlocks(blocks: Block[]): Block[] {
  let joined = blocks;
  for (let before = Infinity; joined.length < before;) {
    before = joined.length;
    for (let dimension = blocks[0]!.length - 1; dimension >= 0; dimension--) joined = joinAlong(joined, dimension);
  }
  return joined;
}

/** Joins what differs in this dimension only. Blocks have no name in common, so that the numbers joined are all different. */
function joinAlong(blocks: readonly Block[], dimension: number): Block[] {
  const alike = Map.groupBy(blocks, (block) => block.map((numerals, index) => (index === dimension ? "" : keyOf(numerals))).join(";"));
  return [...alike.values()].map((group) => {
    if (group.length === 1) return group[0]!;
    const all = group.flatMap((block) => block[dimension]!);
    return group[0]!.with(
      dimension,
      all.toSorted((left, right) => left.width - right.width || left.number - right.number),
    );
  });
}

function keyOf(numerals: readonly Numeral[]): string {
  return numerals.map(({ number, width }) => `${number}.${width}`).join();
}

function termOf(text: readonly string[], block: Block): string {
  return text[0]! + block.map((numerals, dimension) => bracket(numerals) + text[dimension + 1]!).join("");
}

function bracket(numerals: readonly Numeral[]): string {
  const format = ({ number, width }: Numeral): string => formatNumber(number, width);
  if (numerals.length === 1) return format(numerals[0]!);
  const ranges: string[] = [];
  for (let index = 0; index < numerals.length; index++) {
    const first = numerals[index]!;
    while (follows(numerals[index]!, numerals[index + 1])) index++;
    const last = numerals[index]!;
    ranges.push(first === last ? format(first) : `${format(first)}-${format(last)}`);
  }
  return `[${ranges.join()}]`;
}

function follows(numeral: Numeral, next: Numeral | undefined): boolean {
  return next !== undefined && next.width === numeral.width && next.number === numeral.number + 1;
}
