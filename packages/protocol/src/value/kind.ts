/* What an instance is, told by what the runtime keeps in it: so it is known from every realm, and what only has its prototype is not taken for it. */

export type Kind =
  | { readonly kind: "Date"; readonly value: Date }
  | { readonly kind: "RegExp"; readonly value: RegExp }
  | { readonly kind: "URL"; readonly value: URL }
  | { readonly kind: "Error"; readonly value: Error }
  | { readonly kind: "Set"; readonly value: ReadonlySet<unknown> }
  | { readonly kind: "Map"; readonly value: ReadonlyMap<unknown, unknown> }
  | { readonly kind: "ArrayBuffer"; readonly value: ArrayBuffer };

/** Getters that throw for all that is not of their kind. */
const getters = [
  ["Set", Set.prototype, "size"],
  ["Map", Map.prototype, "size"],
  ["ArrayBuffer", ArrayBuffer.prototype, "byteLength"],
  ["URL", URL.prototype, "href"],
] as const;

/** The kind of a value that is no array, no view and no plain object. */
export function kindOf(value: object): Kind | undefined {
  const kind = nameOf(value);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the name says what it is
  return kind === undefined ? undefined : ({ kind, value } as Kind);
}

function nameOf(value: object): Kind["kind"] | undefined {
  // What has no tag, which could say anything, is called what the runtime made it.
  if (!(Symbol.toStringTag in value)) {
    const name = Object.prototype.toString.call(value).slice(8, -1);
    return name === "Date" || name === "RegExp" || name === "Error" ? name : undefined;
  }
  for (const [kind, prototype, name] of getters) {
    try {
      Reflect.get(prototype, name, value);
      return kind;
    } catch {
      // Not of this kind.
    }
  }
  return value instanceof Error ? "Error" : undefined; // a DOMException
}

/** Whether an Error stands for several, in whatever realm it was made. */
export function isAggregate(error: Error): error is AggregateError {
  if (error instanceof AggregateError) return true;
  for (let at: unknown = Object.getPrototypeOf(error); typeof at === "object" && at !== null; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, "name") && Reflect.get(at, "name") === "AggregateError") return true;
  }
  return false;
}
