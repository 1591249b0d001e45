import { checkFunction, checkObject } from "../argument-kinds.ts";
import { InvalidArgumentError } from "../error.ts";
import { notATime } from "../time-count.ts";
import { factsOf, type Column } from "../table/column.ts";
import type { ColumnFacts } from "../table/column-parts.ts";
import { Table } from "../table/table.ts";
import { arrowUnits } from "./arrow-types.ts";

type Made = new (...args: never[]) => unknown;

/** What is used of the package apache-arrow: `import * as arrow from "apache-arrow"`. */
export interface ArrowModule<T = unknown> {
  readonly Table: new (columns: never) => T;
  readonly makeVector: (data: never) => unknown;
  readonly makeData: (facts: never) => unknown;
}

/**
 * A table of the package apache-arrow, 13 or later, which the program brings. Numbers and text are views of the table's memory. Columns of the
 * index follow the others, as pyarrow has them; one without a name is called `__index_level_0__`.
 *
 * @param arrow the package's module
 * @throws InvalidArgumentError for a column that Arrow cannot hold: of objects and of complex numbers; it names the column
 *
 * @example
 * ```ts
 * import { type ArrowModule, Table, toArrow } from "sremote";
 *
 * declare const arrow: ArrowModule; // import * as arrow from "apache-arrow"
 * const table = toArrow(new Table({ city: ["Rome", "Oslo"], degrees: new Float64Array([21.5, 4]) }), arrow);
 * ```
 */
export function toArrow<T>(table: Table<object>, arrow: ArrowModule<T>): T {
  if (!(table instanceof Table)) throw new InvalidArgumentError("table", "a Table");
  checkObject(arrow, "arrow", 'the module "apache-arrow"');
  for (const name of ["Table", "makeVector", "makeData"] as const) checkFunction(arrow[name], `arrow.${name}`);
  const levels = (table.index ?? []).map((column, level): [string, Column] => [
    column.label === null ? `__index_level_${level}__` : column.name,
    column,
  ]);
  const columns = [...table.columns.map((column): [string, Column] => [column.name, column]), ...levels];
  const vectors: Record<string, unknown> = {};
  for (const [name, column] of columns) {
    if (Object.hasOwn(vectors, name)) throw new InvalidArgumentError(`table has a column and an index of the name \`${name}\``);
    vectors[name] = new Writer(arrow, name).vector(factsOf(column));
  }
  return new arrow.Table(vectors as never);
}

class Writer {
  readonly #arrow: ArrowModule;
  readonly #name: string;

  constructor(arrow: ArrowModule, name: string) {
    this.#arrow = arrow;
    this.#name = name;
  }

  vector(facts: ColumnFacts): unknown {
    return this.#arrow.makeVector(this.#data(facts) as never);
  }

  #data(facts: ColumnFacts): unknown {
    const { length, data, nulls } = facts;
    const found = this.#memory(facts);
    const missing = found.missing ?? (nulls && ((row: number) => nulls[row] !== 0));
    const validity = missing === undefined ? {} : bitmapOf(length, (row) => !missing(row));
    return this.#arrow.makeData({ length, data, ...validity, ...found.facts } as never);
  }

  /** The type, memory that is not the column's own, and which cells are missing where `nulls` do not tell. */
  #memory(facts: ColumnFacts): { facts: object; missing?: (row: number) => boolean } {
    const { type, length, data, offsets, zone } = facts;
    const unit = arrowUnits.indexOf(type.replace(/^.*\[|\]$/g, "") as "s");
    if (unit >= 0) {
      const made = type.startsWith("datetime64") ? this.#make("Timestamp", unit, zone) : this.#make("Duration", unit);
      const isMissing = (row: number): boolean => data![row] === notATime;
      return { facts: { type: made }, ...((data as BigInt64Array).includes(notATime) ? { missing: isMissing } : {}) };
    }
    switch (type) {
      case "bool":
        return { facts: { type: this.#make("Bool"), data: bits(length, (row) => data![row] !== 0) } };
      case "string":
      case "decimal":
      case "date":
      case "time":
        return { facts: { type: this.#make("Utf8"), valueOffsets: offsets } };
      case "binary":
        return { facts: { type: this.#make("Binary"), valueOffsets: offsets } };
      case "list": {
        const items = this.#data(facts.items!) as { type: unknown };
        return { facts: { type: this.#make("List", this.#make("Field", "item", items.type, true)), valueOffsets: offsets, child: items } };
      }
      case "category": {
        const categories = this.vector(facts.categories!) as { type: unknown };
        const indices = this.#make(`Int${8 * data!.BYTES_PER_ELEMENT}`);
        const made = this.#make("Dictionary", categories.type, indices, undefined, facts.ordered);
        const isMissing = (row: number): boolean => Number(data![row]) < 0;
        const hasMissing = Array.prototype.includes.call(data, -1);
        return { facts: { type: made, dictionary: categories }, ...(hasMissing ? { missing: isMissing } : {}) };
      }
      default:
        if (/^u?int|^float/.test(type))
          return { facts: { type: this.#make(type.replace(/^u?i|^f/, (start) => ({ i: "I", ui: "Ui", f: "F" })[start]!)) } };
        throw new InvalidArgumentError(`the column \`${this.#name}\` of ${type} has no type in Arrow`, undefined, {
          hint: type === "object" ? "make a column of one type of it, such as text" : "make a column of another type of it",
        });
    }
  }

  #make(name: string, ...args: readonly unknown[]): unknown {
    const made: unknown = Reflect.get(this.#arrow, name);
    if (typeof made !== "function") throw new InvalidArgumentError("arrow", `the module "apache-arrow"; it has no ${name}`);
    return Reflect.construct(made as Made, args);
  }
}

function bits(length: number, isSet: (row: number) => boolean): Uint8Array {
  const found = new Uint8Array((length + 7) >> 3);
  for (let row = 0; row < length; row++) if (isSet(row)) found[row >> 3]! |= 1 << (row & 7);
  return found;
}

function bitmapOf(length: number, isValid: (row: number) => boolean): { nullBitmap: Uint8Array; nullCount: number } {
  let nullCount = 0;
  const nullBitmap = bits(length, (row) => {
    const valid = isValid(row);
    if (!valid) nullCount++;
    return valid;
  });
  return { nullBitmap, nullCount };
}
