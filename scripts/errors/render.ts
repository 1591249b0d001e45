/* docs/errors.md, made of the texts in the sources and of what is known of each code. */
import { readFileSync } from "node:fs";
import { codes, type Code } from "../../packages/protocol/src/index.ts";
import { collectTexts } from "./collect.ts";
import { explanations } from "./cures.ts";

/** Characters of a line. */
const width = 116;

export const page: URL = new URL("../../docs/errors.md", import.meta.url);
const head = new URL("head.md", import.meta.url);

export function renderErrors(): string {
  const texts = collectTexts();
  const sections = (Object.keys(codes) as Code[]).map((code) => section(code, texts.get(code) ?? []));
  return `${readFileSync(head, "utf8").trimEnd()}\n\n${sections.join("\n")}`;
}

function section(code: Code, texts: readonly string[]): string {
  const { cause, cure } = explanations[code];
  return `### ${code}\n\n${wrap(`${cause} `).trimEnd()}\n\n${wrap(`**Cure:** ${cure}`)}\n\n\`\`\`text\n${texts.map((text) => wrap(text, "    ")).join("\n")}\n\`\`\`\n`;
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
