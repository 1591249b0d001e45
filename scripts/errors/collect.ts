/* Every error text of the product, by code, and every hint. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { codes, type Code } from "../../packages/protocol/src/index.ts";
import { explanations } from "./cures.ts";
import { pythonHints, pythonTexts } from "./python-texts.ts";
import { shellTexts } from "./shell-texts.ts";
import { stageTexts } from "./stage-texts.ts";
import { type ErrorText, typescriptHints, typescriptTexts } from "./typescript-texts.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const isOfProduct = (file: string): boolean => !/\.test\.ts$|\.d\.ts$|\/(?:testing|generated|dist|node_modules|tests)\//.test(file);

export interface Collected {
  /** Of each code, each text once, sorted, with the hints that stand beside it. */
  readonly byCode: ReadonlyMap<Code, ReadonlyMap<string, readonly string[]>>;
  /** Texts of errors that have no code. */
  readonly withoutCode: readonly string[];
  /** Hints that stand beside no text, as what they belong to is known only at run time. */
  readonly otherHints: readonly string[];
}

const none = (): string[] => [];
const kinds: readonly (readonly [pattern: string, texts: (source: string) => ErrorText[], hints: (source: string) => string[]])[] = [
  ["packages/*/{src,node}/**/*.ts", typescriptTexts, typescriptHints],
  ["packages/*/python/**/*.py", pythonTexts, pythonHints],
  ["resources/*.sh", shellTexts, none],
  ["resources/{attach,stage*}.{py,cjs}", stageTexts, none],
];

export function collect(): Collected {
  const found = new Map(
    (Object.keys(codes) as Code[]).map((code) => [
      code,
      new Map((explanations[code].texts ?? []).map((text) => [text, new Set<string>()])),
    ]),
  );
  const withoutCode = new Set<string>();
  const allHints = new Set<string>();
  for (const [pattern, textsOf, hintsOf] of kinds) {
    for (const file of globSync(pattern, { cwd: root }).filter(isOfProduct)) {
      const source = readFileSync(`${root}/${file}`, "utf8");
      for (const hint of hintsOf(source)) allHints.add(hint);
      for (const { code, text, hint } of textsOf(source)) {
        if (code === undefined) withoutCode.add(text);
        else {
          const texts = found.get(code)!;
          const hints = texts.get(text) ?? new Set();
          texts.set(text, hint === undefined ? hints : hints.add(hint));
        }
      }
    }
  }
  const byCode = new Map(
    [...found].map(([code, texts]) => [
      code,
      new Map([...texts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([text, hints]) => [text, [...hints].toSorted()])),
    ]),
  );
  const beside = new Set([...byCode.values()].flatMap((texts) => [...texts.values()].flat()));
  return { byCode, withoutCode: [...withoutCode].toSorted(), otherHints: [...allHints].filter((hint) => !beside.has(hint)).toSorted() };
}
