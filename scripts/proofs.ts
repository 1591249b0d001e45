// `node scripts/proofs.ts`: writes into docs/guarantees.md which suites and which breaking changes (test/mutants) prove each promise.
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readMutants } from "./mutants/mutant.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = join(root, "docs/guarantees.md");
const begin = "<!-- proofs:begin -->\n";
const end = "<!-- proofs:end -->";

/** Titles that begin with numbers of promises: of tests, of groups of them, and of the cases of the suite for connectors. */
export function titlesIn(path: string): string[] {
  return Array.from(readFileSync(path, "utf8").matchAll(/\(\s*["`](G\d\d [^"`]*)/g), ([, title]) => title!);
}

/** The files whose titles name a promise, by its number. */
export function suitesByPromise(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of globSync(["packages/*/{src,node}/**/*.ts", "test/**/*.ts"], {
    cwd: root,
    exclude: ["**/node_modules/**"],
  }).toSorted()) {
    const numbers = new Set(titlesIn(join(root, file)).flatMap((title) => title.match(/\bG\d\d\b/g) ?? []));
    for (const number of numbers) found.set(number, [...(found.get(number) ?? []), file]);
  }
  return found;
}

function table(numbers: readonly string[]): string {
  const suites = suitesByPromise();
  const mutants = readMutants();
  const rows = numbers.map((number) => {
    const links = (suites.get(number) ?? []).map(
      (file) => `[${basename(file).replace(/(\.test)?\.ts$/, "")}](${relative(join(root, "docs"), join(root, file))})`,
    );
    const broken = mutants.filter(({ guarantees = [] }) => guarantees.includes(number)).map(({ name }) => name);
    return `| ${number} | ${links.join(", ")} | ${broken.join("; ") || "–"} |\n`;
  });
  return `| number | suites | breaking changes that they notice |\n|---|---|---|\n${rows.join("")}`;
}

/** The page as it is to be. */
export function updatedPage(text: string): string {
  const numbers = [...new Set(Array.from(text.matchAll(/^\| (G\d\d) \|/gm), ([, number]) => number!))];
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end);
  if (from < begin.length || to < from) throw new Error(`${page} has no place for the table of proofs`);
  return text.slice(0, from) + table(numbers) + text.slice(to);
}

if (import.meta.main) writeFileSync(page, updatedPage(readFileSync(page, "utf8")));
