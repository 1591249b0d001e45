/* A returned value for a person, or for the next program in a pipe. */
import { inspect } from "node:util";
import { Table } from "@sremote/protocol";

export interface TextOptions {
  /** Whether standard output is a terminal: bytes are then shown, not sent. */
  terminal: boolean;
  colors: boolean;
  columns: number;
}

/** What to print for a value; undefined for None and undefined, which print nothing. */
export function valueText(value: unknown, options: TextOptions): string | Uint8Array | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string") return value.endsWith("\n") ? value : `${value}\n`;
  if (value instanceof Uint8Array && !options.terminal) return value;
  if (typeof value === "bigint") return `${value}\n`;
  if (value instanceof URL) return `${value.href}\n`;
  if (value instanceof Table) return rowsText(value, options);
  return `${shown(value, options)}\n`;
}

/** A row is a line: its index first, then its columns. */
function rowsText(table: Table, options: TextOptions): string {
  const columns = [...(table.index ?? []), ...table.columns];
  const lines = Array.from({ length: table.numRows }, (_, row) =>
    shown(Object.fromEntries(columns.map((column) => [column.name, column.get(row)])), { ...options, columns: Number.POSITIVE_INFINITY }),
  );
  return lines.map((line) => `${line}\n`).join("");
}

/** One item of a generator as one line; None and undefined are items, too. */
export function itemText(item: unknown, options: TextOptions): string | Uint8Array {
  if (item instanceof Table) return `${shown([...item], { ...options, columns: Number.POSITIVE_INFINITY })}\n`;
  const text = item === null || item === undefined ? `${item}\n` : valueText(item, { ...options, columns: Number.POSITIVE_INFINITY });
  return text!;
}

function shown(value: unknown, { columns, colors }: TextOptions): string {
  const whole = { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity };
  // With numbers of levels, deep values are broken whatever the width is.
  return inspect(value, { ...whole, breakLength: columns, colors, ...(Number.isFinite(columns) ? {} : { compact: true }) });
}
