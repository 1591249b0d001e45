/* Every error text of the product, by code. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { codes, type Code } from "../../packages/protocol/src/index.ts";
import { explanations } from "./cures.ts";
import { pythonTexts } from "./python-texts.ts";
import { shellTexts } from "./shell-texts.ts";
import { typescriptTexts } from "./typescript-texts.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const isOfProduct = (file: string): boolean => !/\.test\.ts$|\.d\.ts$|\/(?:testing|generated|dist|node_modules|tests)\//.test(file);

/** @returns the texts of each code, sorted, each once */
export function collectTexts(): ReadonlyMap<Code, readonly string[]> {
  const found = new Map<Code, Set<string>>((Object.keys(codes) as Code[]).map((code) => [code, new Set(explanations[code].texts)]));
  for (const [pattern, read] of [
    ["packages/*/{src,node}/**/*.ts", typescriptTexts],
    ["packages/*/python/**/*.py", pythonTexts],
    ["resources/*.sh", shellTexts],
  ] as const) {
    for (const file of globSync(pattern, { cwd: root }).filter(isOfProduct)) {
      for (const { code, text } of read(readFileSync(`${root}/${file}`, "utf8"))) found.get(code)!.add(text);
    }
  }
  return new Map([...found].map(([code, texts]) => [code, [...texts].toSorted()]));
}
