/* Cells of Arrow's types that a table has in another form. */
import { exactNumber } from "../time-count.ts";
import { typeIds, type ArrowData } from "./arrow-types.ts";

/** Decimals, dates and times of day as text. */
export function textCells(data: ArrowData, nulls: Uint8Array | undefined): (string | null)[] {
  const { type, length } = data;
  const values = data.values as { readonly [index: number]: number | bigint };
  const read = (row: number): string => {
    if (type.typeId === typeIds.decimal) return decimalText(data.values as Uint32Array, row, type.bitWidth! / 32, type.scale!);
    if (type.typeId === typeIds.date) return dayText(Number(values[row]), type.unit === 0);
    return timeText(BigInt(values[row]!), 10n ** BigInt(3 * type.unit!));
  };
  return Array.from({ length }, (_, row) => (nulls !== undefined && nulls[row] !== 0 ? null : read(row)));
}

/** A cell as the package gives it, without its classes: structs and maps as objects, lists as arrays. */
export function plainCell(value: unknown): unknown {
  if (typeof value === "bigint") return exactNumber(value);
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, plainCell);
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON !== "function") return value;
  const json: unknown = Reflect.apply(toJSON, value, []);
  if (Array.isArray(json)) return json.map(plainCell);
  return Object.fromEntries(Object.entries(json as object).map(([name, each]) => [name, plainCell(each)]));
}

function decimalText(words: Uint32Array, row: number, each: number, scale: number): string {
  let unscaled = 0n;
  for (let at = each - 1; at >= 0; at--) unscaled = (unscaled << 32n) | BigInt(words[row * each + at]!);
  unscaled = BigInt.asIntN(32 * each, unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, point)}${scale > 0 ? `.${digits.slice(point)}` : ""}`;
}

function dayText(count: number, isDays: boolean): string {
  return new Date(isDays ? count * 86_400_000 : count).toISOString().slice(0, 10);
}

function timeText(count: bigint, perSecond: bigint): string {
  const seconds = count / perSecond;
  const parts = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) => String(part).padStart(2, "0"));
  const fraction = count % perSecond;
  const digits = String(perSecond).length - 1;
  return parts.join(":") + (fraction === 0n ? "" : `.${String(fraction).padStart(digits, "0").padEnd(6, "0")}`);
}
