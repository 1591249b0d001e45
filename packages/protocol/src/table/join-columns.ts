import type { TypedArray } from "../dtype.ts";
import { InvalidArgumentError } from "../error.ts";
import type { ColumnFacts } from "./column-parts.ts";

/** One column of several of the same type, one after the other; a single one as it is, without a copy. */
export function joinColumns(parts: readonly ColumnFacts[]): ColumnFacts {
  const [first, ...rest] = parts;
  if (first === undefined) return { type: "object", length: 0, values: [] };
  if (rest.length === 0) return first;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return {
    ...first,
    length,
    data: first.data && joinArrays(parts.map(({ data }) => data!)),
    offsets: first.offsets && joinOffsets(parts, length),
    nulls: parts.some(({ nulls }) => nulls !== undefined)
      ? joinArrays<Uint8Array>(parts.map((part) => part.nulls ?? new Uint8Array(part.length)))
      : undefined,
    items: first.items && joinColumns(parts.map(({ items }) => items!)),
    values: first.values && parts.flatMap(({ values }) => values!),
    categories: first.categories && sameCategories(parts),
  };
}

function joinArrays<T extends TypedArray>(arrays: readonly T[]): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of the class of what it is made for
  const joined = new (arrays[0]!.constructor as new (length: number) => T)(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    joined.set(array as unknown as ArrayLike<never>, at);
    at += array.length;
  }
  return joined;
}

function joinOffsets(parts: readonly ColumnFacts[], length: number): Int32Array {
  const joined = new Int32Array(length + 1);
  let row = 0;
  let base = 0;
  for (const { offsets } of parts) {
    for (const end of offsets!.subarray(1)) joined[++row] = base + end;
    base = joined[row]!;
    if (base < 0) throw new InvalidArgumentError("a column holds at most 2 GiB of text");
  }
  return joined;
}

/** The longest of them, which all others must begin: dictionaries grow from batch to batch. */
function sameCategories(parts: readonly ColumnFacts[]): ColumnFacts {
  const all = parts.map(({ categories }) => categories!);
  const longest = all.reduce((most, each) => (each.length > most.length ? each : most));
  const texts = (facts: ColumnFacts, length: number): string => String(facts.data!.subarray(0, facts.offsets?.[length] ?? length));
  if (all.some((each) => texts(each, each.length) !== texts(longest, each.length)))
    throw new InvalidArgumentError("table: the parts of a column have different dictionaries; decode it to text first");
  return longest;
}
