import { checkOptionNames } from "./known-options.ts";
import { bytesOf, dtypeOf, dtypes, isDtype, isTimeDtype, type Dtype, type TimeDtype, type TypedArray } from "./dtype.ts";
import { InvalidArgumentError } from "./error.ts";
import { halfToNumber } from "./float16.ts";
import { limits } from "./limits.ts";
import { timeOf } from "./time-count.ts";

/** `C`: the last index runs fastest; `F`: the first does. */
export type Order = "C" | "F";
/** One element; complex ones are `[re, im]`, times a Date (to the millisecond), lengths of time the count of their unit, NaT null. */
export type Element = number | bigint | boolean | [re: number, im: number] | Date | null;
export type Nested = Element | Nested[];

export interface NdArrayOptions {
  /**
   * `bool` needs a Uint8Array, `complex64` a Float32Array of pairs, `complex128` a Float64Array of pairs, `datetime64[ns]` and other types of
   * times a BigInt64Array of counts of their unit (since 1970, in UTC where the host's function takes it so).
   *
   * @default that of the typed array
   */
  dtype?: Dtype | TimeDtype;
  /** Order of the elements: `C` by rows, `F` by columns. @default `C` */
  order?: Order;
}

/** An array of n dimensions over a typed array, which is not copied; numpy's ndarray on the Python side. */
export class NdArray {
  readonly data: TypedArray;
  readonly shape: readonly number[];
  readonly dtype: Dtype | TimeDtype;
  readonly order: Order;

  /** @throws InvalidArgumentError when data, shape and dtype do not fit together */
  constructor(data: TypedArray, shape: readonly number[], options: NdArrayOptions = {}) {
    checkOptionNames<NdArrayOptions>(options, { dtype: true, order: true });
    const own = dtypeOf(data);
    if (own === undefined) throw new InvalidArgumentError("data", "a typed array");
    const dtype = options.dtype ?? own;
    if (!isDtype(dtype) && !isTimeDtype(dtype))
      throw new InvalidArgumentError(
        "options.dtype",
        `one of ${Object.keys(dtypes).filter(isDtype).join(", ")}, or datetime64 or timedelta64 with a unit such as datetime64[ns]`,
      );
    const facts = dtypes[dtype];
    if (dtypeOf(new facts.array(0)) !== own && !(dtype === "float16" && own === "uint16")) {
      throw new InvalidArgumentError("options.dtype", `an element type that a ${own} array can hold, not ${dtype}`);
    }
    if (!Array.isArray(shape) || shape.length > limits.dimensions || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw new InvalidArgumentError("shape", `an array of at most ${limits.dimensions} integers, 0 or more`);
    }
    const count = elementCount(shape);
    if (data.length !== count * facts.lanes) {
      throw new InvalidArgumentError(`shape must hold ${data.length / facts.lanes} elements, as the data does, not ${count}`);
    }
    const order = options.order ?? "C";
    if (order !== "C" && order !== "F") throw new InvalidArgumentError("options.order", '"C" or "F"');
    this.data = data;
    this.shape = [...shape];
    this.dtype = dtype;
    this.order = order;
  }

  /** Number of elements. */
  get size(): number {
    return elementCount(this.shape);
  }

  /** The raw bytes, little-endian, not copied. */
  get bytes(): Uint8Array {
    return bytesOf(this.data);
  }

  /** The element at the given indexes, one for each dimension; negative ones count from the end. */
  get(...indices: number[]): Element {
    if (indices.length !== this.shape.length)
      throw new InvalidArgumentError("indices", `${this.shape.length} integers, not ${indices.length}`);
    const steps = this.#steps();
    let at = 0;
    for (const [axis, index] of indices.entries()) {
      const size = this.shape[axis]!;
      if (!Number.isInteger(index) || index < -size || index >= size) {
        throw new InvalidArgumentError(`indices[${axis}]`, `an integer from ${-size} to ${size - 1}`);
      }
      at += (index < 0 ? index + size : index) * steps[axis]!;
    }
    return this.#element(at);
  }

  /** Arrays in arrays, the first dimension outermost, whatever the order in memory; a single element when there are no dimensions. */
  toNested(): Nested {
    const steps = this.#steps();
    const build = (axis: number, at: number): Nested => {
      if (axis === this.shape.length) return this.#element(at);
      return Array.from({ length: this.shape[axis]! }, (_, index) => build(axis + 1, at + index * steps[axis]!));
    };
    return build(0, 0);
  }

  /**
   * All elements as numbers in the order of {@link data}, of `int64` and `uint64` too.
   *
   * @throws InvalidArgumentError for types that are not of numbers, and an integer that no number holds exactly
   */
  toNumbers(): number[] {
    if (dtypes[this.dtype].lanes === 2 || this.dtype === "bool" || isTimeDtype(this.dtype))
      throw new InvalidArgumentError(`an array of ${this.dtype} has no numbers`);
    return Array.from({ length: this.data.length }, (_, at) => {
      const element = this.#element(at);
      const number = Number(element);
      if (typeof element === "bigint" && !Number.isSafeInteger(number))
        throw new InvalidArgumentError(`element ${at} is ${element}, which no number holds exactly: read \`data\``);
      return number;
    });
  }

  /** How many elements further the next index of each dimension lies. */
  #steps(): number[] {
    const steps = this.shape.map(() => 1);
    if (this.order === "C") for (let axis = steps.length - 2; axis >= 0; axis--) steps[axis] = steps[axis + 1]! * this.shape[axis + 1]!;
    else for (let axis = 1; axis < steps.length; axis++) steps[axis] = steps[axis - 1]! * this.shape[axis - 1]!;
    return steps;
  }

  #element(at: number): Element {
    if (dtypes[this.dtype].lanes === 2) return [Number(this.data[2 * at]), Number(this.data[2 * at + 1])];
    const element = this.data[at]!;
    if (this.dtype === "bool") return element !== 0;
    if (this.dtype === "float16" && this.data instanceof Uint16Array) return halfToNumber(Number(element));
    if (typeof element === "bigint" && isTimeDtype(this.dtype)) return timeOf(element, this.dtype);
    return element;
  }
}

/** The product of a shape, 0 as soon as one dimension is 0 (so that no overflow hides it). */
export function elementCount(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
}
