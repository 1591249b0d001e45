import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { apply, readMutants } from "./mutant.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("each breaking change has its place in the code as it is now, and suites that exist", () => {
  const mutants = readMutants();
  const names = mutants.map(({ file, name }) => `${file}: ${name}`);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  for (const mutant of mutants) {
    const text = readFileSync(join(root, mutant.file), "utf8");
    expect(apply(text, mutant), mutant.name).not.toBe(text);
    for (const suite of mutant.suites) expect(existsSync(join(root, suite)), `${mutant.name}: ${suite}`).toBe(true);
  }
});
