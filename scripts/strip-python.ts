/*
 * Takes comments and docstrings out of Python source, and makes its indentation one space instead of four, so that the payload stays small.
 * Lines keep their numbers.
 * A scanner of the few tokens that matter: strings, comments, brackets and line ends (Python reference, "Lexical analysis").
 */

/** The same program without comments and docstrings, less indented. */
export function stripPython(source: string): string {
  let out = "";
  let at = 0;
  let brackets = 0;
  /** Whether nothing but indentation has come since the last logical line ended. */
  let lineStart = true;
  while (at < source.length) {
    const string = stringAt(source, at);
    if (string !== undefined) {
      const text = source.slice(at, string);
      // A string that is a statement by itself does nothing, but may be all that a block holds.
      const alone = lineStart && brackets === 0 && /^[ \t]*(?:#[^\n]*)?(?:\n|$)/.test(source.slice(string));
      if (alone)
        out = (isWholeBlock(source, at, string) ? `${out}0` : out.replace(/[ \t]+$/, "")) + "\n".repeat(text.split("\n").length - 1);
      else out += text;
      at = string;
      lineStart = false;
      continue;
    }
    const character = source[at]!;
    if (character === "#" && !(at === 0 && source[1] === "!")) {
      while (at < source.length && source[at] !== "\n") at++;
      out = out.replace(/[ \t]+$/, "");
      continue;
    }
    if (character === "\\" && source[at + 1] === "\n") {
      out += "\\\n";
      at += 2;
      continue;
    }
    if (character === "\n" || at === 0) {
      const spaces = /^\n? *(?![ \n]|$)/.exec(source.slice(at, at + 200))?.[0].replace("\n", "").length ?? 0;
      if (character === "\n") {
        out += "\n";
        lineStart = brackets === 0;
        at++;
      }
      // Within brackets indentation means nothing.
      if (brackets === 0) {
        if (spaces % 4 !== 0) throw new Error(`a line is indented by ${spaces} spaces`);
        out += " ".repeat(spaces / 4);
      }
      at += spaces;
      if (character === "\n" || spaces > 0) continue;
    }
    if ("([{".includes(character)) brackets++;
    else if (")]}".includes(character)) brackets--;
    if (character !== " " && character !== "\t") lineStart = false;
    out += character;
    at++;
  }
  return out;
}

/** Whether the statement from `at` to `end` may be all that its block holds: the next one is not indented as it is. */
function isWholeBlock(source: string, at: number, end: number): boolean {
  const own = at - (source.lastIndexOf("\n", at) + 1);
  const next = /^[^\n]*(?:\n[ \t]*(?:#[^\n]*)?)*\n( *)[^\s#]/.exec(source.slice(end));
  return next?.[1]!.length !== own;
}

/** Where the string literal that begins at `at` ends, or undefined when none begins there. */
function stringAt(source: string, at: number): number | undefined {
  if (at > 0 && /[A-Za-z0-9_]/.test(source[at - 1]!)) return undefined;
  const opening = /^(?:[rRbBuUfF]{0,2})("""|'''|"|')/.exec(source.slice(at, at + 5));
  if (opening === null) return undefined;
  const quote = opening[1]!;
  for (let end = at + opening[0].length; end < source.length; end++) {
    if (source[end] === "\\") end++;
    else if (source.startsWith(quote, end)) return end + quote.length;
  }
  throw new Error("a string that does not end");
}
