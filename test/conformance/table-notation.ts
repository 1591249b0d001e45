/* Tables in the neutral notation of values: columns with their cells, and what else is told of them. */
import type { Column, ColumnOptions, Table } from "@sremote/protocol";
import type { Notation } from "./vector.ts";

export interface ColumnNotation {
  name: string;
  label?: unknown;
  type: ColumnOptions["type"];
  cells: Notation[];
  zone?: string;
  ordered?: boolean;
  categories?: (string | number)[];
}

export interface TableNotation {
  $: "table";
  rows: number;
  columns: ColumnNotation[];
  index?: ColumnNotation[];
  form?: string;
  library?: Table["library"];
  columnsName?: string;
}

/** The notation of a table; cells are written as the expected ones. */
export function tableNotation(
  table: Table,
  expected: Partial<TableNotation>,
  write: (cell: unknown, expected: unknown) => Notation,
): Notation {
  const columns = (of: readonly Column[], wanted: ColumnNotation[] | undefined): unknown[] =>
    of.map((column, at) => {
      const cells = wanted?.[at]?.cells;
      return {
        name: column.name,
        type: column.type,
        cells: column.toArray().map((cell, row) => write(cell, cells?.[row])),
        ...(column.label === column.name ? {} : { label: column.label }),
        ...(column.zone === undefined ? {} : { zone: column.zone }),
        ...(column.categories === undefined ? {} : { ordered: column.ordered, categories: column.categories.toArray() }),
      };
    });
  const { numRows, index, form, library, columnsName } = table;
  return {
    $: "table",
    rows: numRows,
    columns: columns(table.columns, expected.columns),
    ...(index === undefined ? {} : { index: columns(index, expected.index) }),
    ...(form === "frame" ? {} : { form }),
    ...(library === undefined ? {} : { library }),
    ...(columnsName === undefined ? {} : { columnsName }),
  };
}

export function columnOptions({ type, zone, ordered, categories }: ColumnNotation): ColumnOptions {
  return { type, zone, ordered, categories };
}
