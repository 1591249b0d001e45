import { limits } from "../limits.ts";

/**
 * Whether JSON says all of a value, so that it can be sent as it is: null, booleans, strings, exact finite numbers except -0, and arrays and plain objects
 * of such, at most 256 deep. This is the fast path: most arguments and results pass, and nothing is copied for them.
 */
export function isPlain(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return isPlainNumber(value);
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth === limits.valueDepth) return false;
  if (hasToJson(value)) return false;
  if (Array.isArray(value)) {
    // By index, because JSON.stringify reads holes and this must see them.
    for (let index = 0; index < value.length; index++) if (!isPlain(value[index], depth + 1)) return false;
    return true;
  }
  if (!isPlainObject(value)) return false;
  for (const key of Object.keys(value)) if (!isPlain(value[key], depth + 1)) return false;
  return true;
}

/** A number that every runtime reads back as the same number from the text that JSON.stringify gives it. */
export function isPlainNumber(value: number): boolean {
  if (Number.isSafeInteger(value)) return value !== 0 || 1 / value > 0;
  return Number.isFinite(value) && !Number.isInteger(value);
}

/** An object literal or the like, of any realm: its prototype is null or some realm's Object.prototype. */
export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

/** JSON.stringify would call this method and send something else than the value. */
export function hasToJson(value: object): boolean {
  return typeof (value as { toJSON?: unknown }).toJSON === "function";
}

/** Set a member that may be called `__proto__`. */
export function setMember(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  else target[name] = value;
}
