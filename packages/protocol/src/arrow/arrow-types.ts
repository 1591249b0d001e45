/* What is used of the package apache-arrow, which the program brings: this one does not depend on it. */

/** A type of Arrow: `typeId` is of its enumeration `Type`, the others are members that some types have. */
export interface ArrowType {
  readonly typeId: number;
  readonly bitWidth?: number;
  readonly isSigned?: boolean;
  readonly precision?: number;
  readonly scale?: number;
  readonly unit?: number;
  readonly timezone?: string | null | undefined;
  readonly isOrdered?: boolean;
}

/** Memory of a column, or of a part of it. */
export interface ArrowData {
  readonly type: ArrowType;
  readonly length: number;
  /** Of the first bit in `nullBitmap`, and in `values` of booleans. */
  readonly offset: number;
  readonly nullCount: number;
  readonly values: unknown;
  readonly valueOffsets: unknown;
  readonly nullBitmap: Uint8Array | null | undefined;
  readonly children: readonly ArrowData[];
  readonly dictionary?: ArrowVector | undefined;
}

/** A column. */
export interface ArrowVector {
  readonly length: number;
  readonly type: ArrowType;
  readonly data: readonly ArrowData[];
  get(index: number): unknown;
}

/** A table of apache-arrow 13 or later. */
export interface ArrowTable {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
  getChildAt(index: number): ArrowVector | null;
}

/** The type ids that are read without a look at each cell. */
export const typeIds = {
  int: 2,
  float: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  list: 12,
  duration: 18,
  largeBinary: 19,
  largeUtf8: 20,
  dictionary: -1,
} as const;

/** Units of times in Arrow, by their numbers there. */
export const arrowUnits = ["s", "ms", "us", "ns"] as const;
