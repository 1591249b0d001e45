/** Of text, this many characters are quoted. */
const most = 40;

/**
 * The end of a sentence that says what an argument must be: `, not -5`.
 *
 * @param options `secret`: of what may hold a secret only the kind is told, as of every object: `, not a string`
 */
export function given(value: unknown, { secret = false }: { secret?: boolean } = {}): string {
  return `, not ${secret ? kindOf(value) : shown(value)}`;
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length <= most ? value : `${value.slice(0, most - 1)}…`);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return kindOf(value);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value === "") return "an empty string";
  if (Array.isArray(value)) return "an array";
  return `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
