/* Element types of arrays on the wire. */
export type Dtype =
  | "bool"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "float16"
  | "float32"
  | "float64"
  | "complex64"
  | "complex128";

/** Units of times, from years to attoseconds, as numpy has them. */
export type TimeUnit = "Y" | "M" | "W" | "D" | "h" | "m" | "s" | "ms" | "us" | "ns" | "ps" | "fs" | "as";
/** Times without a zone, or lengths of time: 64-bit counts of that unit, since 1970 for times. The least count, -2^63, is NaT: no time. */
export type TimeDtype = `datetime64[${TimeUnit}]` | `timedelta64[${TimeUnit}]`;

/** Any typed array; a Float16Array is one where the runtime has it. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

export interface TypedArrayConstructor {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
}

export interface DtypeFacts {
  /** Size of one element in bytes. */
  readonly size: number;
  /** The typed array that holds such elements. */
  readonly array: TypedArrayConstructor;
  /** Numbers of that typed array for one element: 2 for complex, else 1. */
  readonly lanes: 1 | 2;
}

/** Float16Array came with V8 13.6 (Node 24 and later). */
export const float16Array: TypedArrayConstructor | undefined = Reflect.get(globalThis, "Float16Array");

/** What holds each dtype: bool as Uint8Array of 0 and 1, float16 as Uint16Array of raw bits where there is no Float16Array, complex as pairs. */
const plainDtypes: Readonly<Record<Dtype, DtypeFacts>> = {
  bool: { size: 1, array: Uint8Array, lanes: 1 },
  int8: { size: 1, array: Int8Array, lanes: 1 },
  uint8: { size: 1, array: Uint8Array, lanes: 1 },
  int16: { size: 2, array: Int16Array, lanes: 1 },
  uint16: { size: 2, array: Uint16Array, lanes: 1 },
  int32: { size: 4, array: Int32Array, lanes: 1 },
  uint32: { size: 4, array: Uint32Array, lanes: 1 },
  int64: { size: 8, array: BigInt64Array, lanes: 1 },
  uint64: { size: 8, array: BigUint64Array, lanes: 1 },
  float16: { size: 2, array: float16Array ?? Uint16Array, lanes: 1 },
  float32: { size: 4, array: Float32Array, lanes: 1 },
  float64: { size: 8, array: Float64Array, lanes: 1 },
  complex64: { size: 8, array: Float32Array, lanes: 2 },
  complex128: { size: 16, array: Float64Array, lanes: 2 },
};

export const timeUnits: readonly TimeUnit[] = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"];

/** Facts of all element types, those of times included. */
export const dtypes: Readonly<Record<Dtype | TimeDtype, DtypeFacts>> = {
  ...plainDtypes,
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of every unit, both
  ...(Object.fromEntries(
    timeUnits.flatMap((unit) => [`datetime64[${unit}]`, `timedelta64[${unit}]`]).map((name) => [name, plainDtypes.int64]),
  ) as Record<TimeDtype, DtypeFacts>),
};

/** Whether it names an element type, but that of times. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && Object.hasOwn(plainDtypes, name);
}

/** Whether it names an element type of times or lengths of time. */
export function isTimeDtype(name: unknown): name is TimeDtype {
  return typeof name === "string" && Object.hasOwn(dtypes, name) && !isDtype(name);
}

const dtypeOfArray: ReadonlyMap<string, Dtype> = new Map<string, Dtype>([
  ["Int8Array", "int8"],
  ["Uint8Array", "uint8"],
  ["Uint8ClampedArray", "uint8"],
  ["Int16Array", "int16"],
  ["Uint16Array", "uint16"],
  ["Int32Array", "int32"],
  ["Uint32Array", "uint32"],
  ["BigInt64Array", "int64"],
  ["BigUint64Array", "uint64"],
  ["Float16Array", "float16"],
  ["Float32Array", "float32"],
  ["Float64Array", "float64"],
]);

const typedArrayPrototype: object = Object.getPrototypeOf(Uint8Array.prototype);

/** The dtype of a typed array of any realm, undefined for anything else. The getter of the tag reads an internal slot and cannot be fooled. */
export function dtypeOf(value: unknown): Dtype | undefined {
  if (!ArrayBuffer.isView(value)) return undefined;
  const tag = tagOf(value);
  return typeof tag === "string" ? dtypeOfArray.get(tag) : undefined;
}

/** Whether a view is a Uint8Array of any realm, a Buffer among them. */
export function isBytes(value: ArrayBufferView): boolean {
  return tagOf(value) === "Uint8Array";
}

function tagOf(view: ArrayBufferView): unknown {
  return Reflect.get(typedArrayPrototype, Symbol.toStringTag, view);
}

/**
 * A typed array over the given bytes: a view where they are aligned, a copy otherwise.
 * The length must be a multiple of the element size.
 */
export function arrayOver(dtype: Dtype | TimeDtype, bytes: Uint8Array): TypedArray {
  const { array } = dtypes[dtype];
  const step = array.BYTES_PER_ELEMENT;
  // Not slice(), which a Buffer has as a view.
  const aligned = bytes.byteOffset % step === 0 ? bytes : new Uint8Array(bytes);
  return new array(aligned.buffer, aligned.byteOffset, aligned.byteLength / step);
}

/** The bytes of any view, not copied. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
