import type { TypedArray } from "../dtype.ts";
import { factsOf, makeColumn, type Column } from "./column.ts";
import type { ColumnFacts } from "./column-parts.ts";
import { makeTable, partsOf, type Table } from "./table.ts";

/** A table with memory of its own. @param copyValue of what a column of objects holds */
export function copyTable(table: Table, copyValue: (value: unknown) => unknown): Table {
  const copy = (facts: ColumnFacts): ColumnFacts => ({
    ...facts,
    data: ownArray(facts.data),
    offsets: facts.offsets?.slice(),
    nulls: ownArray(facts.nulls),
    categories: facts.categories && copy(facts.categories),
    items: facts.items && copy(facts.items),
    values: facts.values?.map(copyValue),
  });
  const column = (each: Column): Column => makeColumn(each.name, each.label, copy(factsOf(each)));
  return makeTable({ ...partsOf(table), columns: table.columns.map(column), index: table.index?.map(column) });
}

/** Not slice() of a Buffer, which is a view. */
function ownArray<T extends TypedArray>(data: T | undefined): T | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a Buffer is a Uint8Array
  return data instanceof Uint8Array ? (new Uint8Array(data) as T) : (data?.slice() as T | undefined);
}
