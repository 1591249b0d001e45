import { expect, test } from "vitest";
import { lineWidth, longLines, wrapMarkdown } from "./wrap-markdown.ts";

const long = Array.from({ length: 30 }, (_, index) => `word${index}`).join(" ");
const lengths = (text: string): number[] => text.split("\n").map((line) => line.length);

test("a paragraph with a line that is too long is wrapped, with all its words in order", () => {
  const wrapped = wrapMarkdown(`short\n${long}`);
  expect(Math.max(...lengths(wrapped))).toBeLessThanOrEqual(lineWidth);
  expect(wrapped.split(/\s/)).toEqual(["short", ...long.split(" ")]);
  expect(wrapMarkdown(wrapped)).toBe(wrapped);
});

test("a paragraph whose lines are short stays as it is", () => {
  const text = "one\ntwo\n\n- three\n  four\n";
  expect(wrapMarkdown(text)).toBe(text);
});

test("items and quotations keep their marks, and their lines stand below their texts", () => {
  const [first, second] = wrapMarkdown(`- ${long}\n- two`).split("\n");
  expect(first).toMatch(/^- word0 /);
  expect(second).toMatch(/^  word/);
  expect(wrapMarkdown(`- ${long}\n- two`).endsWith("\n- two")).toBe(true);
  expect(wrapMarkdown(`> ${long}`).split("\n")).toSatisfy((lines: string[]) => lines.every((line) => line.startsWith("> word")));
});

test("tables, headings and code are left alone; code that is too long is named", () => {
  const text = `# ${long}\n\n| ${long} |\n\n\`\`\`\n${long}\n\`\`\`\n`;
  expect(wrapMarkdown(text)).toBe(text);
  expect(longLines(text).map(({ line }) => line)).toEqual([6]);
});

test("code in a line and links are not divided", () => {
  const code = `\`${"a ".repeat(20)}\``;
  const link = `[${"b ".repeat(20)}](https://example.org)`;
  const lines = wrapMarkdown(`${long} ${code} ${long} ${link}`).split("\n");
  expect(lines.some((line) => line.includes(code))).toBe(true);
  expect(lines.some((line) => line.includes(link))).toBe(true);
});

test("no line begins with a word that Markdown takes for a mark", () => {
  for (const mark of ["-", "+", "12.", "#", ">", "|"]) {
    for (let padding = 90; padding < 120; padding++) {
      const wrapped = wrapMarkdown(`begin ${"x".repeat(padding)} y ${mark} z ${long}`);
      expect(Math.max(...lengths(wrapped))).toBeLessThanOrEqual(lineWidth);
      expect(wrapped.split("\n").filter((line) => line.startsWith(mark))).toEqual([]);
    }
  }
});
