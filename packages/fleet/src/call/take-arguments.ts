/* The arguments of a fleet's call are those of the moment at which it is made, however late its turn on a host comes. */
import { ownBytes } from "@sremote/connectors";
import { copyTable, NdArray, Table } from "@sremote/protocol";

/** Deeper, a value cannot travel: what is there is left for the call to refuse. */
const deepest = 300;

/** A copy of a value as far as it can change: arrays, plain objects, maps, sets, dates and buffers. Functions and class instances are passed on. */
export function takeArguments<T>(value: T): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each copy is of the type of what it copies
  return copy(value, new Map(), 0) as T;
}

function copy(value: unknown, copies: Map<object, unknown>, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth > deepest) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  const within = (each: unknown): unknown => copy(each, copies, depth + 1);
  if (Array.isArray(value)) {
    const array: unknown[] = [];
    copies.set(value, array);
    for (let index = 0; index < value.length; index++) array.push(within(value[index]));
    return array;
  }
  if (value instanceof Map) {
    const map = new Map();
    copies.set(value, map);
    for (const [key, each] of value) map.set(within(key), within(each));
    return map;
  }
  if (value instanceof Set) {
    const set = new Set();
    copies.set(value, set);
    for (const each of value) set.add(within(each));
    return set;
  }
  if (value instanceof Date) return new Date(value);
  if (value instanceof NdArray) {
    const { data, shape, dtype, order } = value;
    return new NdArray(data.slice(), [...shape], { dtype, order });
  }
  if (value instanceof Table) return copyTable(value, within);
  if (value instanceof Uint8Array) return ownBytes(value);
  if (ArrayBuffer.isView(value) && "slice" in value) return (value as Float64Array).slice();
  if (ArrayBuffer.isView(value)) return ownBytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  if (value instanceof ArrayBuffer) return value.slice();
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const object: Record<string, unknown> = {};
  copies.set(value, object);
  for (const [name, each] of Object.entries(value)) {
    Object.defineProperty(object, name, { value: within(each), enumerable: true, writable: true, configurable: true });
  }
  return object;
}
