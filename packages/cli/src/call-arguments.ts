/* What is written after the function's name, as values. */
import { InvalidArgumentError } from "@sremote/protocol";

/** Node 22's reviver has a third parameter that TypeScript's library does not know yet: the text that was parsed. */
type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;

/** The value of one argument: JSON where it is valid JSON, else the string itself. */
export function parseArgument(text: string, name: string): unknown {
  if (!isJson(text)) return text;
  return parse(text, (_key, value, { source }) => (typeof value === "number" ? exactNumber(value, source ?? "", name) : value));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON.parse rounds integers beyond 2^53; they become bigints, so that Python sees the digits that were written. */
function exactNumber(value: number, source: string, name: string): number | bigint {
  if (!Number.isFinite(value))
    throw new InvalidArgumentError(`${name} ${source.slice(0, 20)} is too large for a number; -s passes arguments as strings`);
  return /^-?\d+$/.test(source) && !Number.isSafeInteger(value) ? BigInt(source) : value;
}

/** The names and texts of `--kw`. @throws InvalidArgumentError without a name, or for a name given twice */
export function parseKeywords(pairs: readonly string[]): ReadonlyMap<string, string> {
  const keywords = new Map<string, string>();
  for (const pair of pairs) {
    const [name, text] = splitPair(pair, "--kw");
    if (keywords.has(name)) throw new InvalidArgumentError(`--kw ${name} was given twice`);
    keywords.set(name, text);
  }
  return keywords;
}

/** `NAME=VALUE` of `--env`; the value is always a string. */
export function parseEnvironment(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => splitPair(pair, "--env")));
}

/** The value is not quoted in the error: it may be a secret. */
function splitPair(pair: string, option: string): [name: string, value: string] {
  const at = pair.indexOf("=");
  if (at < 1) throw new InvalidArgumentError(option, "NAME=VALUE");
  return [pair.slice(0, at), pair.slice(at + 1)];
}
