/* `node scripts/values/write.ts [--check]`: the tables of docs/values.md and docs/tables.md from the cases that test/calls/value-table.test.ts tries. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fromJavaScript, fromPython, refusedFromPython } from "./cases.ts";

/** Each section is in one of them. */
const pages = ["values.md", "tables.md"].map((name) => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)));

/** In a table `|` ends a cell. */
const code = (text: string): string => (text.startsWith("an ") ? text : `\`${text.replaceAll("|", "\\|")}\``);

const row = (...cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function tables(): Readonly<Record<string, string>> {
  const groups = [...new Set(fromPython.map(({ group }) => group))];
  const found = groups.map((group): [string, string] => [
    group,
    [
      row("in Python", "in TypeScript", "sent back, in Python"),
      "|---|---|---|",
      ...fromPython.filter((each) => each.group === group).map((each) => row(code(each.code), code(each.arrives), code(each.back))),
    ].join("\n"),
  ]);
  const javascript = [
    row("in JavaScript", "in Python"),
    "|---|---|",
    ...fromJavaScript.map(([each, arrives]) => row(code(each), code(arrives))),
  ];
  const refused = [
    row("in Python", "what the error says to do"),
    "|---|---|",
    ...refusedFromPython.map((each) => row(code(each.code), each.hint)),
  ];
  return { ...Object.fromEntries(found), JavaScript: javascript.join("\n"), refused: refused.join("\n") };
}

const before = pages.map((page) => readFileSync(page, "utf8"));
const texts = [...before];
for (const [name, table] of Object.entries(tables())) {
  const section = new RegExp(`(<!-- values: ${name} -->\n\n)[^]*?(\n\n<!-- end -->)`);
  const at = texts.findIndex((text) => section.test(text));
  if (at === -1) throw new Error(`neither docs/values.md nor docs/tables.md has a section for ${name}`);
  texts[at] = texts[at]!.replace(section, (_all, begin: string, end: string) => `${begin}${table}${end}`);
}
if (process.argv.includes("--check")) {
  if (texts.some((text, at) => text !== before[at])) {
    console.error("docs/values.md or docs/tables.md is not what the cases say: run `npm run values`");
    process.exit(1);
  }
} else {
  for (const [at, page] of pages.entries()) writeFileSync(page, texts[at]!);
}
