/* Checks of the members of a message that was received. Each names the member in its error. */
import { ProtocolError } from "./error.ts";
import { quoteName } from "./value/path.ts";

/** @throws ProtocolError unless the value is right */
export type Check = (value: unknown, path: string) => void;

export function wrong(path: string, expected: string): ProtocolError {
  return new ProtocolError("protocol-error", `${path} must be ${expected}`);
}

export function missing(path: string): ProtocolError {
  return new ProtocolError("protocol-error", `${path} is missing`);
}

function check(right: (value: unknown) => boolean, expected: string): Check {
  return (value, path) => {
    if (!right(value)) throw wrong(path, expected);
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const string: Check = check((value) => typeof value === "string", "a string");
/** What the host is given as it is, a directory or the value of a variable: no host can take NUL, and half a surrogate pair is none in UTF-8. */
const isText = (value: unknown): value is string => typeof value === "string" && !/[\0\p{Surrogate}]/u.test(value);
/** A text that names something. */
export const hostName: Check = check((value) => isText(value) && value !== "", "a non-empty text without NUL or lone surrogates");
/** `[name, value, onlyIfUnset]`. */
export const variable: Check = check(
  (value) =>
    Array.isArray(value) &&
    value.length === 3 &&
    isText(value[0]) &&
    /^[^=]+$/s.test(value[0]) &&
    isText(value[1]) &&
    typeof value[2] === "boolean",
  "[name, value, onlyIfUnset]: a name without `=`, and no NUL or lone surrogate in either",
);
export const boolean: Check = check((value) => typeof value === "boolean", "true or false");
export const integer: Check = check((value) => Number.isSafeInteger(value), "an integer");
export const count: Check = check(
  (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0,
  "an integer, 0 or more",
);
/** An integer within these bounds, themselves included. */
export function integerWithin(least: number, most: number): Check {
  return check(
    (value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
    `an integer from ${least} to ${most}`,
  );
}
export const duration: Check = check((value) => typeof value === "number" && value >= 0, "a number, 0 or more");
export const callId: Check = check((value) => typeof value === "string" && /^[0-9a-f]{32}$/.test(value), "32 lower-case hex digits");
export const hex64: Check = check((value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value), "64 lower-case hex digits");

export function oneOf(values: readonly string[]): Check {
  return check((value) => typeof value === "string" && values.includes(value), `one of ${values.join(", ")}`);
}

export function orNull(inner: Check): Check {
  return (value, path) => {
    if (value !== null) inner(value, path);
  };
}

export function arrayOf(item: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value)) throw wrong(path, "an array");
    for (const [index, element] of value.entries()) item(element, `${path}[${index}]`);
  };
}

export function recordOf(item: Check, ofName?: Check): Check {
  return (value, path) => {
    if (!isRecord(value)) throw wrong(path, "an object");
    for (const member of Object.keys(value)) {
      ofName?.(member, `${path}: the name ${quoteName(member)}`);
      item(value[member], `${path}[${quoteName(member)}]`);
    }
  };
}

/** An object with these members; others are ignored, so that later versions may add some. */
export function members(required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check {
  const all = [
    ...Object.entries(required).map(([name, inner]) => ({ name, inner, isRequired: true })),
    ...Object.entries(optional).map(([name, inner]) => ({ name, inner, isRequired: false })),
  ];
  // Nearly always the same path comes again, and joining the names took longer than the checks.
  let shown: { of: string; paths: readonly string[] } | undefined;
  return (value, path) => {
    if (!isRecord(value)) throw wrong(path, "an object");
    if (shown?.of !== path) shown = { of: path, paths: all.map(({ name }) => `${path}.${name}`) };
    for (let at = 0; at < all.length; at++) {
      const { name, inner, isRequired } = all[at]!;
      if (Object.hasOwn(value, name)) inner(value[name], shown.paths[at]!);
      else if (isRequired) throw missing(shown.paths[at]!);
    }
  };
}

/** The form of a value on the wire; the value itself is decoded later. */
export const wireValue: Check = (value, path) => {
  if (!isRecord(value) || !Object.hasOwn(value, "json")) throw wrong(path, "a value with a member `json`");
  if (Object.hasOwn(value, "meta") && !isRecord(value["meta"])) throw wrong(`${path}.meta`, "an object");
};

/** A value whose top is a plain array or object, without an annotation that would make something else of it. */
export function plainWireValue(kind: "array" | "object"): Check {
  return (value, path) => {
    wireValue(value, path);
    const { json, meta } = isRecord(value) ? value : {};
    const right = kind === "array" ? Array.isArray(json) : isRecord(json);
    if (!right || (isRecord(meta) && Array.isArray(meta["values"]))) throw wrong(path, `a value that is an ${kind}`);
  };
}
