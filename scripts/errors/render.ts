/* docs/errors.md, made of the texts in the sources and of what is known of each code. */
import { readFileSync } from "node:fs";
import { codes, type Code } from "../../packages/protocol/src/index.ts";
import { collect } from "./collect.ts";
import { explanations } from "./cures.ts";
import { textCures } from "./text-cures.ts";

/** Characters of a line. */
const width = 116;

export const page: URL = new URL("../../docs/errors.md", import.meta.url);
const head = new URL("head.md", import.meta.url);

export function renderErrors(): string {
  const { byCode, withoutCode, otherHints } = collect();
  const sections = (Object.keys(codes) as Code[]).map((code) => section(code, byCode.get(code)!));
  return [
    readFileSync(head, "utf8").trimEnd(),
    sections.join("\n").trimEnd(),
    "## Other hints",
    "They come with the error whose cause they know, whatever its text.",
    block(otherHints.map((hint) => wrap(hint, "    "))),
    "## Errors without a code",
    wrap(
      "An `Error`, `TypeError` or `RangeError` as the language has it. Most are the `cause` of an error above, or are thrown in your function on the host; of those that are not, tell us.",
    ),
    block(withoutCode.map((text) => wrap(text, "    "))),
  ]
    .join("\n\n")
    .concat("\n");
}

function section(code: Code, texts: ReadonlyMap<string, readonly string[]>): string {
  const { cause, cure } = explanations[code];
  const own = Object.entries(textCures[code] ?? {}).map(([text, advice]) => wrap(`- *${escaped(text)}*: ${advice}`, "  "));
  const lines = [...texts].flatMap(([text, hints]) => [
    wrap(text, "    "),
    ...hints.map((hint) => `    ${wrap(`hint: ${hint}`, "          ")}`),
  ]);
  return [`### ${code}`, wrap(cause), wrap(`**Cure:** ${cure}`), ...(own.length === 0 ? [] : [own.join("\n")]), block(lines), ""]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

function block(lines: readonly string[]): string {
  return `\`\`\`text\n${lines.join("\n")}\n\`\`\``;
}

/** As text of Markdown. */
function escaped(text: string): string {
  return text.replaceAll(/[*_`[\]<>\\]/g, String.raw`\$&`);
}

/** Lines of a text; those after the first begin with the indent. */
function wrap(text: string, indent = ""): string {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line !== "" && line.length + 1 + word.length > width) lines.push(indent + word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("\n");
}
