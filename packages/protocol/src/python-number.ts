/* Numbers whose type in Python is chosen: JavaScript has one type for both. */
import { InvalidArgumentError } from "./error.ts";
import { given } from "./given.ts";

/** A number that is a `float` or an `int` in Python, whatever its value; made by {@link float} and {@link int}. A function of Node is given a number or bigint. */
export interface PythonNumber {
  /** As Python has it. */
  readonly type: "float" | "int";
  readonly value: number | bigint;
}

class ChosenNumber implements PythonNumber {
  readonly type: "float" | "int";
  readonly value: number | bigint;
  constructor(type: "float" | "int", value: number | bigint) {
    this.type = type;
    this.value = value;
  }
}

/**
 * A `float` in Python even where it has no fraction, which would be an `int`.
 *
 * @param value a bigint must be one that a float holds exactly
 * @throws InvalidArgumentError
 *
 * @example
 * ```ts
 * import { float, local, RemoteClient } from "sremote";
 *
 * await using client = new RemoteClient(local());
 * await client.doRemoteCall("builtins", "repr", [[float(1), 2]]); // "[1.0, 2]"
 * ```
 */
export function float(value: number | bigint): PythonNumber {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number !== "number") throw new InvalidArgumentError("value", `a number or bigint${given(value)}`);
  if (typeof value === "bigint" && (!Number.isFinite(number) || BigInt(number) !== value))
    throw new InvalidArgumentError("value", "a bigint that a float holds exactly");
  return new ChosenNumber("float", number);
}

/**
 * An `int` in Python, of any size: also a number from 1e21 on, which would be a `float`.
 *
 * @param value a number must have no fraction
 * @throws InvalidArgumentError
 *
 * @example
 * ```ts
 * import { int, local, RemoteClient } from "sremote";
 *
 * await using client = new RemoteClient(local());
 * await client.doRemoteCall("builtins", "hex", [int(1e21)]); // "0x3635c9adc5dea00000"
 * ```
 */
export function int(value: number | bigint): PythonNumber {
  if (typeof value !== "bigint" && !Number.isInteger(value))
    throw new InvalidArgumentError("value", `a whole number or bigint${given(value)}`);
  return new ChosenNumber("int", BigInt(value));
}

export function isPythonNumber(value: object): value is PythonNumber {
  return value instanceof ChosenNumber;
}

/** The text of a float in JSON's grammar, so that Python reads a float. */
export function floatText(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /^-?[1-9][0-9]*$|^0$/.test(text) ? `${text}.0` : text;
}
