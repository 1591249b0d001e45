/* Whether names, paths and numbers are such as a host can take. */
import { given, InvalidArgumentError } from "@sremote/protocol";

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** A non-empty string of whole characters (half a surrogate pair is none in UTF-8) without NUL (no host can take one in a path or a name). */
export function checkText(name: string, value: unknown, what: string): asserts value is string {
  if (typeof value !== "string" || value === "" || value.includes("\0") || !value.isWellFormed()) {
    throw new InvalidArgumentError(name, `${what}, a non-empty string without NUL${given(value)}`);
  }
}

/** A path that the host resolves against the home directory: `~`, `~/x`, `x` and `/x` are all fine. */
export function fromHome(argument: string, path: unknown): string {
  checkText(argument, path, "a path on the host");
  if (path === "~") return ".";
  if (path.startsWith("~/")) return path.replace(/^~\/+/, "") || ".";
  if (path.startsWith("~")) throw new InvalidArgumentError(argument, `a path without ~user (only ~ and ~/… are expanded)${given(path)}`);
  return path;
}

export function checkPositive(name: string, value: unknown, what: string): asserts value is number {
  if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError(name, `${what}${given(value)}`);
}

/** POSIX allows any name without `=` and NUL; names that a shell could not pass on are refused as mistakes. The value is never quoted in the error. */
export function checkEnvVariable(argument: string, name: unknown, value: unknown, valueArgument: string = argument): void {
  if (typeof name !== "string" || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new InvalidArgumentError(argument, "a name of letters, digits and _ that does not begin with a digit");
  }
  if (typeof value !== "string" || value.includes("\0") || !value.isWellFormed()) {
    throw new InvalidArgumentError(valueArgument, "a string without NUL");
  }
}
