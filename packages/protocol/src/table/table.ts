import { checkString } from "../argument-kinds.ts";
import { checkOptionNames } from "../known-options.ts";
import { InvalidArgumentError } from "../error.ts";
import { given } from "../given.ts";
import { nearNames } from "../near-name.ts";
import { setMember } from "../value/plain.ts";
import { Column, factsOf, makeColumn } from "./column.ts";
import type { Cell, ColumnValues } from "./column-options.ts";

/** What a table was on the host, and becomes there again. */
export type TableForm = "frame" | "series" | "index";
/** The library whose class a table becomes on the host. */
export type TableLibrary = "pandas" | "polars" | "pyarrow";
/** Columns by their names: an object, or pairs of name and column where names look like numbers, which objects put first. */
export type TableColumns = Readonly<Record<string, ColumnValues | Column>> | Iterable<readonly [string, ColumnValues | Column]>;
/** The cells of a row by the names of their columns. */
export type Row = Record<string, Cell>;

export interface TableOptions {
  /** Columns that name the rows: pandas' index. @default rows are numbered from 0 */
  index?: TableColumns | undefined;
  /** What it becomes on the host; that library must be installed there. @default the first that is installed: `pandas`, `polars`, `pyarrow` */
  library?: TableLibrary | undefined;
}

const libraries: ReadonlySet<unknown> = new Set(["pandas", "polars", "pyarrow"]);

/** A table of which all was checked, for the constructor. */
export class CheckedTable {
  readonly parts: TableParts;
  constructor(parts: TableParts) {
    this.parts = parts;
  }
}

export interface TableParts {
  numRows: number;
  columns: readonly Column[];
  index?: readonly Column[] | undefined;
  form: TableForm;
  library?: TableLibrary | undefined;
  columnsName?: string | undefined;
}

/**
 * Named columns of equal length: what a DataFrame, a Series, an Index, an Arrow table or a polars frame is in TypeScript, and what becomes one on
 * the host. Numbers are views of what came over the link, not copies. A table cannot be changed.
 *
 * @example
 * ```ts
 * const table = new Table({ city: ["Rome", "Oslo"], degrees: new Float64Array([21.5, 4]) });
 * table.column("degrees").data; // Float64Array [21.5, 4]
 * for (const row of table) console.log(row["city"], row["degrees"]);
 * ```
 *
 * @typeParam R what a row is, for the compiler: `Table<{ city: string; degrees: number }>`
 */
export class Table<R extends object = Row> implements Iterable<R> {
  readonly numRows: number;
  readonly columns: readonly Column[];
  /** Columns that name the rows, one for each level; undefined where rows are numbered from 0. */
  readonly index: readonly Column[] | undefined;
  /** `frame`, or what became a table: a `series` has one column, an `index` its levels as columns. */
  readonly form: TableForm;
  /** What it becomes on the host; undefined: the first library that is installed. */
  readonly library: TableLibrary | undefined;
  /** The name that pandas has for all columns together, as a pivot leaves it. */
  readonly columnsName: string | undefined;

  /** @throws InvalidArgumentError when columns are not of one length, and for what a {@link Column} cannot hold; it names the column */
  constructor(columns: TableColumns, options: TableOptions = {}) {
    checkOptionNames<TableOptions>(options, { index: true, library: true });
    const parts = columns instanceof CheckedTable ? columns.parts : build(columns, options);
    this.numRows = parts.numRows;
    this.columns = parts.columns;
    this.index = parts.index;
    this.form = parts.form;
    this.library = parts.library;
    this.columnsName = parts.columnsName;
  }

  /** Names of the columns, in order. */
  get columnNames(): string[] {
    return this.columns.map(({ name }) => name);
  }

  /** The column of that name. @throws InvalidArgumentError where there is none, with names like it */
  column(name: string): Column {
    const found = this.columns.find((column) => column.name === name);
    if (found !== undefined) return found;
    checkString(name, "name");
    const near = nearNames(name, this.columnNames, 1)[0];
    const help = near === undefined ? `the columns are ${shorten(this.columnNames)}` : `did you mean \`${near}\`?`;
    throw new InvalidArgumentError("name", `the name of a column${given(name)}; ${help}`);
  }

  /** One row as an object; a negative number counts from the end. @throws InvalidArgumentError for a row that does not exist */
  row(number: number): R {
    const row: Row = {};
    if (!Number.isInteger(number) || number < -this.numRows || number >= this.numRows)
      throw new InvalidArgumentError("number", `an integer from ${-this.numRows} to ${this.numRows - 1}`);
    for (const column of this.columns) setMember(row, column.name, column.get(number));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the program says what rows it awaits
    return row as R;
  }

  /** The same table, to become that library's class on the host. @throws InvalidArgumentError */
  withLibrary(library: TableLibrary): Table<R> {
    checkLibrary(library, "library");
    return makeTable<R>({ ...partsOf(this), library });
  }

  /** Rows as objects, one at a time. */
  *[Symbol.iterator](): IterableIterator<R> {
    for (let row = 0; row < this.numRows; row++) yield this.row(row);
  }

  static {
    // One line where a program prints it: there may be a million rows.
    Object.defineProperty(this.prototype, Symbol.for("nodejs.util.inspect.custom"), { value: inspectTable });
  }

  toString(): string {
    return `Table(${this.numRows} rows; ${shorten(this.columns.map(({ name, type }) => `${name}: ${type}`))})`;
  }
}

function inspectTable(this: Table): string {
  return this.toString();
}

export function partsOf({ numRows, columns, index, form, library, columnsName }: Table<object>): TableParts {
  return { numRows, columns, index, form, library, columnsName };
}

/** A table from parts that were checked. */
export function makeTable<R extends object = Row>(parts: TableParts): Table<R> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what only this file gives the constructor
  return new Table<R>(new CheckedTable(parts) as unknown as TableColumns);
}

function build(columns: TableColumns, { index, library }: TableOptions): TableParts {
  if (library !== undefined) checkLibrary(library, "options.library");
  const made = namedColumns(columns, "columns");
  const levels = index === undefined ? undefined : namedColumns(index, "options.index");
  if (levels?.length === 0) throw new InvalidArgumentError("options.index", "at least one column");
  const all = [...made, ...(levels ?? [])];
  const numRows = all[0]?.length ?? 0;
  const other = all.find(({ length }) => length !== numRows);
  if (other !== undefined)
    throw new InvalidArgumentError(
      `columns must have one length: \`${all[0]!.name}\` has ${numRows} rows, \`${other.name}\` has ${other.length}`,
    );
  return { numRows, columns: made, index: levels, form: "frame", library };
}

function namedColumns(columns: TableColumns, argument: string): Column[] {
  if (typeof columns !== "object" || columns === null) throw new InvalidArgumentError(argument, `an object of columns${given(columns)}`);
  const isPairs = Symbol.iterator in columns;
  const pairs: unknown[] = isPairs ? [...columns] : Object.entries(columns);
  const names = new Set<string>();
  return pairs.map((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== "string")
      throw new InvalidArgumentError(argument, "an object of columns, or pairs of name and column");
    const [name, values] = pair as [string, ColumnValues | Column];
    if (names.has(name)) throw new InvalidArgumentError(`${argument} has two columns \`${name}\``);
    names.add(name);
    return makeColumn(name, name, factsOf(values instanceof Column ? values : columnOf(values, `${argument}.${name}`)));
  });
}

function columnOf(values: ColumnValues, path: string): Column {
  try {
    return new Column(values);
  } catch (cause) {
    if (!(cause instanceof InvalidArgumentError)) throw cause;
    throw new InvalidArgumentError(`${path}: ${cause.message}`, undefined, { cause });
  }
}

function checkLibrary(library: unknown, argument: string): void {
  if (!libraries.has(library)) throw new InvalidArgumentError(argument, `pandas, polars or pyarrow${given(library)}`);
}

/** At most this many columns are listed. */
const listed = 12;

function shorten(names: readonly string[]): string {
  return names.length <= listed ? names.join(", ") : `${names.slice(0, listed).join(", ")} and ${names.length - listed} more`;
}
