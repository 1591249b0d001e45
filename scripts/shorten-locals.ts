/* Gives variables that only one function of the Python endpoint knows one letter in place of a word. Parameters keep their names: callers may say them. */

/** String literals, which keep their text. */
export const strings = /("""|'''|"|')(?:\\[^]|(?!\1)[^])*?\1/g;
const word = /(?<![\w.])[A-Za-z_]\w*/g;
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const reserved = new Set(
  "False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return self try while with yield _".split(
    " ",
  ),
);

/** @param text a module as stripPython gives it, indented by single spaces */
export function shortenLocals(text: string): string {
  const bare = text.replace(strings, '""');
  const known = new Set([
    ...reserved,
    ...wordsOf(bare, /^(?:def|class) (\w+)/gm),
    ...wordsOf(bare, /^(\w[\w, ]*) = /gm),
    ...wordsOf(bare, /\bimport (.*)/g),
  ]);
  return functionsOf(text)
    .map(({ part, isFunction }) => (isFunction ? shorten(part, known) : part))
    .join("\n");
}

function wordsOf(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), ([, found]) => found!.match(/\w+/g) ?? []).flat();
}

/** Outermost functions and methods, with what is nested in them, and the lines between. */
function functionsOf(text: string): { part: string; isFunction: boolean }[] {
  const lines = text.split("\n");
  // Within brackets and strings indentation means nothing.
  const masked = text.replace(strings, (literal) => literal.replace(/[^\n]/g, "0")).split("\n");
  let depth = 0;
  const indents = masked.map((line) => {
    const indent = depth > 0 || line === "" || line.startsWith("0") ? Number.POSITIVE_INFINITY : /^ */.exec(line)![0].length;
    for (const character of line) depth += "([{".includes(character) ? 1 : ")]}".includes(character) ? -1 : 0;
    return indent;
  });
  const found: { part: string; isFunction: boolean }[] = [];
  for (let at = 0; at < lines.length;) {
    const isFunction = indents[at]! < Number.POSITIVE_INFINITY && /^ *(?:async )?def /.test(lines[at]!);
    let end = at + 1;
    if (isFunction) while (end < lines.length && indents[end]! > indents[at]!) end++;
    found.push({ part: lines.slice(at, end).join("\n"), isFunction });
    at = end;
  }
  return found;
}

function shorten(part: string, known: ReadonlySet<string>): string {
  const bare = part.replace(strings, '""');
  const kept = new Set([
    ...known,
    ...parametersOf(bare),
    ...wordsOf(bare, /\blambda ([^:]*):/g),
    ...wordsOf(bare, /[(,]\s*(\w+)=(?!=)/g),
    ...wordsOf(bare, /\b(?:global|nonlocal) (.*)/g),
    ...wordsOf(bare, /\b(?:def|class) (\w+)/g),
  ]);
  const own = new Set(
    [...wordsOf(bare, /^ *([\w, ]+) = /gm), ...wordsOf(bare, /\bfor ([\w, ()]+?) in /g), ...wordsOf(bare, /\bas (\w+)/g)].filter(
      (each) => each.length > 1 && !/^\d/.test(each) && !kept.has(each),
    ),
  );
  const used = new Set(bare.match(/\w+/g));
  const free = Array.from(letters).filter((letter) => !used.has(letter));
  const counts = new Map<string, number>();
  for (const [each] of bare.matchAll(word)) if (own.has(each)) counts.set(each, (counts.get(each) ?? 0) + 1);
  const often = [...counts].toSorted(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  const short = new Map(often.slice(0, free.length).map(([each], index) => [each, free[index]!]));
  return renameOutsideStrings(part, word, short);
}

/** Of the function and of those nested in it. */
function parametersOf(bare: string): string[] {
  return Array.from(bare.matchAll(/\bdef \w+\(/g), ({ index, 0: start }) => {
    let end = index + start.length;
    for (let depth = 1; depth > 0; end++) depth += bare[end] === "(" ? 1 : bare[end] === ")" ? -1 : 0;
    return bare.slice(index + start.length, end).match(/\w+/g) ?? [];
  }).flat();
}

export function renameOutsideStrings(text: string, names: RegExp, short: ReadonlyMap<string, string>): string {
  const rename = (part: string): string => part.replace(names, (each) => short.get(each) ?? each);
  let made = "";
  let at = 0;
  for (const literal of text.matchAll(strings)) {
    made += rename(text.slice(at, literal.index)) + literal[0];
    at = literal.index + literal[0].length;
  }
  return made + rename(text.slice(at));
}
