/* docs/guarantees.md says where promises are proven: each must be, there. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = join(root, "docs/guarantees.md");
const rows = [...readFileSync(page, "utf8").matchAll(/^\| (G\d\d) \|(.*)\|$/gm)].map(([, number, rest]) => ({
  number: number!,
  rest: rest!,
}));

/** Titles that begin with numbers of promises: of tests, of groups of them, and of the cases of the suite for connectors. */
function titlesIn(path: string): string[] {
  return Array.from(readFileSync(path, "utf8").matchAll(/\(\s*["`](G\d\d [^"`]*)/g), ([, title]) => title!);
}

test("every promise has a test that is named after it", () => {
  const files = ["packages", "test"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !/node_modules|dist\//.test(name))
      .map((name) => join(root, folder, name)),
  );
  const named = new Set(files.flatMap(titlesIn).flatMap((title) => title.match(/\bG\d\d\b/g) ?? []));
  expect(rows.map(({ number }) => number).filter((number) => !named.has(number))).toEqual([]);
});

test("where it is said to be proven for fleets, it is", () => {
  const proofs = rows.flatMap(({ number, rest }) =>
    Array.from(rest.matchAll(/\]\(([^)]+\.test\.ts)\)/g), ([, path]) => ({ number, path: path! })),
  );
  expect(new Set(proofs.map(({ number }) => number)).size).toBe(15);
  const missing = proofs.filter(
    ({ number, path }) => !titlesIn(join(dirname(page), path)).some((title) => title.split(/\W/).includes(number)),
  );
  expect(missing).toEqual([]);
});
