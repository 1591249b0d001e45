/* Types of the columns of tables. */
import { isDtype, isTimeDtype, type Dtype, type TimeDtype } from "../dtype.ts";

/** Kept as text: the type says what the text is. `date` is `2026-11-30`, `time` is `08:00:00.000001`, `decimal` has all its digits. */
export type TextType = "string" | "decimal" | "date" | "time";
/** What the cells of a column are. `object` holds any values, one by one, and is the only type that is slow. */
export type ColumnType = Dtype | TimeDtype | TextType | "binary" | "category" | "list" | "object";

const others: ReadonlySet<unknown> = new Set(["string", "decimal", "date", "time", "binary", "category", "list", "object"]);

export function isColumnType(type: unknown): type is ColumnType {
  return isDtype(type) || isTimeDtype(type) || others.has(type);
}

/** Whether cells are pieces of one run of bytes. */
export function isPieces(type: ColumnType): type is TextType | "binary" {
  return isText(type) || type === "binary";
}

export function isText(type: ColumnType): type is TextType {
  return type === "string" || type === "decimal" || type === "date" || type === "time";
}
