/* docs/guarantees.md says where promises are proven: each must be, there. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { suitesByPromise, titlesIn, updatedPage } from "../../scripts/proofs.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = join(root, "docs/guarantees.md");
const rows = [...(readFileSync(page, "utf8").split("## Where each is proven")[0] ?? "").matchAll(/^\| (G\d\d) \|(.*)\|$/gm)].map(
  ([, number, rest]) => ({
    number: number!,
    rest: rest!,
  }),
);

test("every promise has a test that is named after it", () => {
  const named = suitesByPromise();
  expect(rows.map(({ number }) => number).filter((number) => !named.has(number))).toEqual([]);
});

test("the table of suites and breaking changes is as `node scripts/proofs.ts` writes it", () => {
  const text = readFileSync(page, "utf8");
  expect(text).toBe(updatedPage(text));
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
