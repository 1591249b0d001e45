/* Checks of single arguments, for programs without types. Each names the argument in its error. */
import { InvalidArgumentError } from "./error.ts";
import { given } from "./given.ts";

/** @throws InvalidArgumentError */
export function checkString(value: unknown, argument: string): asserts value is string {
  if (typeof value !== "string") throw new InvalidArgumentError(argument, `a string${given(value)}`);
}

/** @param what such as `an object`, with its article @throws InvalidArgumentError */
export function checkObject(value: unknown, argument: string, what = "an object"): asserts value is object {
  if (typeof value !== "object" || value === null) throw new InvalidArgumentError(argument, `${what}${given(value)}`);
}

/** @throws InvalidArgumentError */
export function checkFunction(value: unknown, argument: string): void {
  if (typeof value !== "function") throw new InvalidArgumentError(argument, `a function${given(value)}`);
}

/**
 * Any iterable but a string, whose characters would be taken for items.
 *
 * @param what each item must be, with its article: `a Host` @returns the items @throws InvalidArgumentError
 */
export function checkList<T>(value: Iterable<T>, argument: string, what: string, isRight: (item: T) => boolean): T[] {
  if (typeof value !== "object" || value === null || !(Symbol.iterator in value))
    throw new InvalidArgumentError(argument, `a list${given(value)}`);
  const items = [...value];
  const wrong = items.findIndex((item) => !isRight(item));
  if (wrong !== -1) throw new InvalidArgumentError(`${argument}[${wrong}]`, `${what}${given(items[wrong])}`);
  return items;
}

/** Of a class that only this product makes objects of. */
export function checkConstruction(isOurs: boolean, name: string, maker: string): void {
  if (!isOurs) throw new InvalidArgumentError(`${name} cannot be constructed: ${maker}`);
}
