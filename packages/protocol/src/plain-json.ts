/*
 * A JSON parser for the texts that JSON.parse cannot be trusted with: those with an escape in a member name.
 *
 * V8 guesses the next member name from objects seen before and compares the guess with the raw text. After {"a":1,"\\":2} was parsed it reads
 * {"a":1,"\u00e9":2} as {"a":1,"\\":2}: the data would be silently wrong. Seen in V8 13.6 (Node 24) and 14.6 (Node 26), not in 12.4 (Node 22) and before.
 * Strings on their own are not affected.
 */

const literals: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const white = /[ \t\n\r]*/y;
const bare = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;
// oxlint-disable-next-line no-control-regex -- control characters are what a string must not hold
const quoted = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;

/** The value of a JSON text. The caller has bounded its depth. @throws SyntaxError */
export function parsePlainJson(text: string): unknown {
  let at = 0;

  /** What the pattern matches at the current position, which moves behind it. */
  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match[0];
  }

  function skip(character: string): boolean {
    take(white);
    if (text[at] !== character) return false;
    at++;
    return true;
  }

  function string(): string {
    take(white);
    const raw = take(quoted);
    if (raw === undefined) throw new SyntaxError("expected a string");
    if (!raw.includes("\\")) return raw.slice(1, -1);
    const unescaped: string = JSON.parse(raw);
    return unescaped;
  }

  function members(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    if (skip("}")) return object;
    do {
      const name = string();
      if (!skip(":")) throw new SyntaxError("expected a colon");
      const value = any();
      if (name === "__proto__") Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
      else object[name] = value;
    } while (skip(","));
    if (!skip("}")) throw new SyntaxError("expected the end of an object");
    return object;
  }

  function items(): unknown[] {
    const array: unknown[] = [];
    if (skip("]")) return array;
    do array.push(any());
    while (skip(","));
    if (!skip("]")) throw new SyntaxError("expected the end of an array");
    return array;
  }

  function any(): unknown {
    if (skip("{")) return members();
    if (skip("[")) return items();
    if (text[at] === '"') return string();
    const word = take(bare);
    if (word === undefined) throw new SyntaxError("expected a value");
    return literals.has(word) ? literals.get(word) : Number(word);
  }

  const value = any();
  take(white);
  if (at !== text.length) throw new SyntaxError("expected the end");
  return value;
}
