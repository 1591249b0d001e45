import type { TypedArray } from "../dtype.ts";
import type { NdArray } from "../ndarray.ts";
import type { ColumnType } from "./column-type.ts";

/**
 * What a cell holds for the program: a `Date` for `datetime64` (to the millisecond), a count of the unit for `timedelta64`, `[re, im]` for
 * complex numbers, text for `string`, `decimal`, `date` and `time`, an array for lists, any value for objects; null where there is none.
 */
export type Cell = unknown;
/** Of what a column can be made: a typed array, an NdArray of one dimension, or an array of cells. */
export type ColumnValues = TypedArray | NdArray | readonly Cell[];

export interface ColumnOptions {
  /**
   * What the cells are. Text such as `date` is checked on the host alone.
   *
   * @default found out: that of the typed array; of cells `string`, `bool`, `int64` (whole numbers), `float64`, `datetime64[ms]` in UTC (`Date`), `binary`, `list` or `object`
   */
  type?: ColumnType | undefined;
  /** Which cells of a typed array are empty: true or not 0. Cells that are null or undefined are anyway. @default none */
  nulls?: Uint8Array | readonly boolean[] | undefined;
  /** Of `datetime64`: the zone that the host shows it in, such as `Europe/Berlin`; counts are in UTC then. @default none: a time without a zone; UTC where cells are `Date` */
  zone?: string | undefined;
  /** Of `category`: all categories in their order. @default those that occur, in the order in which they do */
  categories?: readonly Cell[] | undefined;
  /** Of `category`: whether their order means something. @default false */
  ordered?: boolean | undefined;
}
