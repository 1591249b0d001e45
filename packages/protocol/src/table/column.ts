import { checkOptionNames } from "../known-options.ts";
import { dtypes, isTimeDtype, type TimeUnit, type TypedArray } from "../dtype.ts";
import { InvalidArgumentError } from "../error.ts";
import { halfToNumber } from "../float16.ts";
import { exactNumber, timeOf, unitOf } from "../time-count.ts";
import { buildColumn } from "./build-column.ts";
import type { Cell, ColumnOptions, ColumnValues } from "./column-options.ts";
import { mistakeIn, type ColumnFacts } from "./column-parts.ts";
import { isText, type ColumnType } from "./column-type.ts";

/** What pandas calls a column that has another name than a text: a number, a boolean or None. */
export type ColumnLabel = string | number | boolean | null;

let readFacts: (column: Column) => ColumnFacts;

/** The facts of a column, for the wire. */
export function factsOf(column: Column): ColumnFacts {
  return readFacts(column);
}

/** A column made from its facts, which were checked. */
export class CheckedFacts {
  readonly facts: ColumnFacts;
  constructor(facts: ColumnFacts) {
    this.facts = facts;
  }
}

/**
 * One column of a {@link Table}. Its data are views, not copies; do not write to them.
 *
 * @example
 * ```ts
 * const price = new Column(new Float64Array([1.5, 2, 0]), { nulls: [false, false, true] });
 * price.get(2); // null
 * const size = new Column(["S", "L", "S"], { type: "category", categories: ["S", "M", "L"], ordered: true });
 * size.data; // Int8Array [0, 2, 0]
 * ```
 */
export class Column implements Iterable<Cell> {
  /** In its table; "" outside of one. */
  readonly name: string;
  /** The name that it has on the host, where that is no text: `0` for the first column of a DataFrame made from an array. */
  readonly label: ColumnLabel;
  readonly #facts: ColumnFacts;
  #text: string | undefined;

  /** @throws InvalidArgumentError when values and options do not fit together */
  constructor(values: ColumnValues, options: ColumnOptions = {}) {
    checkOptionNames<ColumnOptions>(options, { type: true, nulls: true, zone: true, categories: true, ordered: true });
    this.name = "";
    this.label = "";
    this.#facts = values instanceof CheckedFacts ? values.facts : buildColumn(values, options);
    if (values instanceof CheckedFacts) return;
    const mistake = mistakeIn(this.#facts);
    if (mistake !== undefined) throw new InvalidArgumentError(`a column cannot be made of this: ${mistake}`);
  }

  get type(): ColumnType {
    return this.#facts.type;
  }

  get length(): number {
    return this.#facts.length;
  }

  /** Numbers, counts of times (`BigInt64Array`), codes of categories, bytes of text; undefined for lists and objects. Cells that are empty have any number there. */
  get data(): TypedArray | undefined {
    return this.#facts.data;
  }

  /** Not 0 where a cell is empty; undefined where none is, and for times and categories. */
  get nulls(): Uint8Array | undefined {
    return this.#facts.nulls;
  }

  /** Where in `data` or `items` each cell begins, and where the last ends; undefined unless it is text, `binary` or `list`. */
  get offsets(): Int32Array | undefined {
    return this.#facts.offsets;
  }

  /** Of times and lengths of time. */
  get unit(): TimeUnit | undefined {
    return isTimeDtype(this.type) ? unitOf(this.type) : undefined;
  }

  /** The zone that a time is shown in; undefined for times without one. */
  get zone(): string | undefined {
    return this.#facts.zone;
  }

  get categories(): Column | undefined {
    return columnOf(this.#facts.categories);
  }

  /** Whether the order of the categories means something. */
  get ordered(): boolean {
    return this.#facts.ordered === true;
  }

  /** The items of all lists, one after the other. */
  get items(): Column | undefined {
    return columnOf(this.#facts.items);
  }

  isNull(row: number): boolean {
    const { type, nulls, data, values } = this.#facts;
    const at = this.#checked(row);
    if (type === "category") return Number(data![at]) < 0;
    if (type === "object") return values![at] === null;
    return isTimeDtype(type) ? timeIsNone(data!, at) : nulls !== undefined && nulls[at] !== 0;
  }

  /** One cell; a negative row counts from the end. @throws InvalidArgumentError for a row that does not exist, and a time that no Date holds */
  get(row: number): Cell {
    return this.#cell(this.#checked(row));
  }

  /** All cells. */
  toArray(): Cell[] {
    return Array.from({ length: this.length }, (_, row) => this.#cell(row));
  }

  /**
   * All cells as numbers, of `int64` and `uint64` too.
   *
   * @throws InvalidArgumentError for a column that is not of numbers, and an integer that no number holds exactly; it names the row
   */
  toNumbers(): (number | null)[] {
    if (!isRealNumber(this.type)) throw new InvalidArgumentError(`a column of ${this.type} has no numbers: read its cells with toArray()`);
    return this.toArray().map((cell, row) => {
      if (typeof cell === "bigint")
        throw new InvalidArgumentError(`row ${row} is ${cell}, which no number holds exactly`, undefined, {
          hint: "read the BigInt64Array or BigUint64Array in `data`",
        });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of a type of numbers, and no bigint
      return cell as number | null;
    });
  }

  *[Symbol.iterator](): IterableIterator<Cell> {
    for (let row = 0; row < this.length; row++) yield this.#cell(row);
  }

  static {
    readFacts = (column) => column.#facts;
    // One line where a program prints it: there may be a million rows.
    Object.defineProperty(this.prototype, Symbol.for("nodejs.util.inspect.custom"), { value: inspectColumn });
  }

  toString(): string {
    return `Column(${this.name === "" ? "" : `${this.name}: `}${this.type}, ${this.length} rows)`;
  }

  #checked(row: number): number {
    if (!Number.isInteger(row) || row < -this.length || row >= this.length)
      throw new InvalidArgumentError("row", `an integer from ${-this.length} to ${this.length - 1}`);
    return row < 0 ? row + this.length : row;
  }

  #cell(row: number): Cell {
    const { type, data, nulls, offsets } = this.#facts;
    if (type === "object") return this.#facts.values![row];
    if (nulls !== undefined && nulls[row] !== 0) return null;
    if (type === "list") {
      const items = columnOf(this.#facts.items)!;
      return Array.from({ length: offsets![row + 1]! - offsets![row]! }, (_, at) => items.#cell(offsets![row]! + at));
    }
    if (type === "category") return Number(data![row]) < 0 ? null : columnOf(this.#facts.categories)!.#cell(Number(data![row]));
    if (type === "binary") return (data as Uint8Array).subarray(offsets![row], offsets![row + 1]);
    if (isText(type)) return this.#piece(data as Uint8Array, offsets![row]!, offsets![row + 1]!);
    if (dtypes[type].lanes === 2) return [Number(data![2 * row]), Number(data![2 * row + 1])];
    const element = data![row]!;
    if (type === "bool") return element !== 0;
    if (type === "float16" && data instanceof Uint16Array) return halfToNumber(Number(element));
    if (typeof element === "number") return element;
    return isTimeDtype(type) ? timeOf(element, type) : exactNumber(element);
  }

  #piece(data: Uint8Array, start: number, end: number): string {
    // Where all text is ASCII, as most is, positions in the bytes are positions in the text: pieces of it cost a tenth of decoding each.
    const text = (this.#text ??= data.length > longestText ? "" : decoder.decode(data));
    return text.length === data.length ? text.slice(start, end) : decoder.decode(data.subarray(start, end));
  }
}

function inspectColumn(this: Column): string {
  return this.toString();
}

/** Of more bytes, each cell is decoded alone. */
const longestText = 1 << 26;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const wrapped: WeakMap<ColumnFacts, Column> = new WeakMap();

/** The column of given facts, made once. */
function columnOf(facts: ColumnFacts | undefined): Column | undefined {
  if (facts === undefined) return undefined;
  let column = wrapped.get(facts);
  if (column === undefined) wrapped.set(facts, (column = makeColumn("", "", facts)));
  return column;
}

/** A column of a table, from facts that were checked. */
export function makeColumn(name: string, label: ColumnLabel, facts: ColumnFacts): Column {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what only this file gives the constructor
  const column = new Column(new CheckedFacts(facts) as unknown as ColumnValues);
  return Object.assign(column, { name, label });
}

function timeIsNone(data: TypedArray, row: number): boolean {
  return data[row] === -(2n ** 63n);
}

function isRealNumber(type: ColumnType): boolean {
  return /^u?int|^float/.test(type);
}
