/*
 * Wraps the paragraphs of Markdown files, where one of their lines is too long; all others stay as they are.
 *
 *   node scripts/wrap-markdown.ts [file …]   rewrites them (all of the repository where none is named)
 *   node scripts/wrap-markdown.ts --check    names each line that is too long, and fails where there is one
 *
 * Rows of tables, headings, HTML and words that are longer than a line cannot be wrapped. Lines of code can, by hand, and are named.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Characters of a line. */
export const lineWidth = 120;

/** What is not text to be wrapped: blank lines, headings, tables, HTML, definitions of links, rules. */
const fixed = /^\s*(?:$|#{1,6} |\||<|\[[^\]]+\]: |(?:[-*_] ?){3,}$)/;
const fence = /^\s*(```|~~~)/;
/** The beginning of an item or a quotation: its indent and marker. */
const item = /^(\s*)((?:[-*+]|\d+\.|>)\s+)/;
/** A word at which a line must not begin: Markdown would take it for an item, a heading, a quotation, a table or a rule. */
const special = /^(?:(?:[-*+]|=+|-+|#+|\d+[.)])$|[|><]|```|~~~)/;
/** Code and links are kept on one line; all else is divided at spaces. */
const words = /(?:`+[^`]*`+|!?\[[^\]]*\]\([^)]*\)|\S)+/g;

const lengthOf = (text: string): number => Array.from(text).length;

/** One paragraph or item, whose lines follow one another. */
function wrapBlock(lines: readonly string[]): string[] {
  if (lines.every((line) => lengthOf(line) <= lineWidth)) return [...lines];
  const [, indent = "", marker = ""] = item.exec(lines[0]!) ?? /^(\s*)/.exec(lines[0]!) ?? [];
  const isQuotation = marker.startsWith(">");
  const following = indent + (isQuotation ? marker : " ".repeat(marker.length));
  const texts = lines.map((line, index) =>
    index === 0 ? line.slice(indent.length + marker.length) : isQuotation ? line.replace(/^\s*>\s?/, "") : line,
  );
  const wrapped: string[] = [];
  let current = "";
  for (const [word] of texts.join(" ").matchAll(words)) {
    const head = wrapped.length === 0 ? indent + marker : following;
    const isFull = lengthOf(`${head}${current} ${word}`) > lineWidth;
    if (current === "") current = word;
    else if (!isFull) current += ` ${word}`;
    else {
      // A word that may not be the first takes the one before it along.
      const last = special.test(word) ? (/ \S+$/.exec(current)?.[0] ?? "") : "";
      wrapped.push(head + current.slice(0, current.length - last.length));
      current = `${last} ${word}`.trimStart();
    }
  }
  return [...wrapped, (wrapped.length === 0 ? indent + marker : following) + current];
}

/** The text with all its paragraphs wrapped that have a line of more than `lineWidth` characters. */
export function wrapMarkdown(text: string): string {
  const result: string[] = [];
  let block: string[] = [];
  let isCode = false;
  const finish = (): void => {
    if (block.length > 0) result.push(...wrapBlock(block));
    block = [];
  };
  for (const line of text.split("\n")) {
    const isFence = fence.test(line);
    if (isFence || isCode || fixed.test(line)) {
      finish();
      result.push(line);
      if (isFence) isCode = !isCode;
    } else {
      if (item.test(line) && !(line.startsWith(">") && block[0]?.startsWith(">"))) finish();
      block.push(line);
    }
  }
  finish();
  return result.join("\n");
}

/** The lines that are too long though they could be wrapped, by hand where they are code: their numbers from 1, and texts. */
export function longLines(text: string): { line: number; text: string }[] {
  let isCode = false;
  return text.split("\n").flatMap((line, index) => {
    if (fence.test(line)) isCode = !isCode;
    const cannot = !isCode && (fixed.test(line) || (line.replace(item, "").match(words) ?? []).length < 2);
    return lengthOf(line) > lineWidth && !cannot ? [{ line: index + 1, text: line }] : [];
  });
}

/** All Markdown files of the repository, but changesets, whose texts are made into others, and data of tests. */
export function markdownFiles(): string[] {
  const { stdout } = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], { cwd: root, encoding: "utf8" });
  return stdout.split("\n").filter((path) => path !== "" && !/^\.changeset\/|(?:^|\/)vectors\//.test(path) && existsSync(join(root, path)));
}

if (import.meta.main) {
  const named = process.argv.slice(2).filter((each) => each !== "--check");
  const isCheck = process.argv.includes("--check");
  for (const path of named.length > 0 ? named : markdownFiles()) {
    const file = join(root, path);
    const text = readFileSync(file, "utf8");
    const wrapped = isCheck ? text : wrapMarkdown(text);
    if (wrapped !== text) writeFileSync(file, wrapped);
    for (const { line, text: long } of longLines(wrapped)) {
      console.error(`${path}:${line}: ${lengthOf(long)} characters, at most ${lineWidth}: ${long.trim().slice(0, 60)}…`);
      process.exitCode = 1;
    }
  }
  if (isCheck && process.exitCode === 1) console.error("`npm run format` wraps all but code, which is wrapped by hand");
}
