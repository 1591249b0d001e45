/* What `console.log` shows of our objects: who they are and how things stand, and none of their parts. */
import { inspect, type InspectOptions } from "node:util";

/** Longer names are cut: a run is called like its command. */
const longestName = 80;

export type Members = Readonly<Record<string, string | number | boolean | undefined>>;

/** @param members what is undefined is left out; texts of a host are quoted, with control characters escaped */
export function shown(
  name: string,
  members: Readonly<Record<string, string | number | boolean | undefined>>,
  options: InspectOptions,
): string {
  const told = Object.entries(members).filter(([, value]) => value !== undefined);
  const cut = told.map(([key, value]) => [
    key,
    typeof value === "string" && value.length > longestName ? `${value.slice(0, longestName)}…` : value,
  ]);
  return `${name} ${inspect(Object.fromEntries(cut), { ...options, depth: 0, breakLength: Infinity })}`;
}

/** Has `console.log` show objects of a class so. @param name of the class: a bundler may have changed the one that it has */
export function showAs<T extends object>(
  type: { readonly prototype: T },
  name: string | ((object: T) => string),
  members: (object: T) => Members,
): void {
  const value = function (this: T, _depth: number, options: InspectOptions): string {
    // The prototype is none of them.
    if (this === type.prototype) return "[prototype]";
    return shown(typeof name === "string" ? name : name(this), members(this), options);
  };
  Object.defineProperty(type.prototype, inspect.custom, { value, configurable: true, writable: true });
}
