/* What users may rely on is committed (docs/api), so that no change of it goes unseen. Needs the built packages. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { apiReports } from "../../scripts/api-report.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let reports: ReadonlyMap<string, string>;
beforeAll(() => {
  reports = apiReports();
});

/** Names under one heading of a page, values or types. */
function declared(text: string, title: string): string[] {
  const block = text.split(`\n/* ${title} */\n`)[1]?.split("\n/* ")[0] ?? "";
  const names = [...block.matchAll(/^(?:declare )?(?:abstract )?(?:class|const|function|interface|type) (\w+)/gm)].map(
    ([, name = ""]) => name,
  );
  return [...new Set(names)];
}

test("docs/api says what the packages export; after a change that is meant, `npm run api` writes it anew", () => {
  const paths = [...reports.keys()];
  expect(globSync("docs/api/*.d.ts", { cwd: root }).toSorted()).toEqual(paths.toSorted());
  for (const path of paths) expect(readFileSync(join(root, path), "utf8"), `${path} is out of date: npm run api`).toBe(reports.get(path));
});

test("a report has the names that a program finds in its entry", async () => {
  for (const [path, text] of reports) {
    const entry = path.replace(/^docs\/api\/(sremote)-?(.*)\.d\.ts$/, (_all, umbrella: string, name: string) =>
      name === "" ? umbrella : `${umbrella}/${name}`,
    );
    const module: object = await import(entry);
    expect(declared(text, "Values").toSorted(), entry).toEqual(Object.keys(module).toSorted());
  }
});

test("no entry has more than 40 values, and a name is in one entry", () => {
  const values = Array.from(reports.values(), (text) => declared(text, "Values"));
  for (const names of values) expect(names.length).toBeLessThanOrEqual(40);
  const all = [...reports.values()].flatMap((text) => [...declared(text, "Values"), ...declared(text, "Types")]);
  expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
});

test("what is unknown is `unknown`: `any` is the type of members of modules that nothing is known of, and of nothing else", () => {
  const lines = [...reports.values()].flatMap((text) => text.split("\n").filter((line) => /\bany\b/.test(line)));
  expect(lines).toEqual(["  readonly [name: string]: any;"]);
});
