import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import { expect, test } from "vitest";
import { apply, readMutants } from "./mutant.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const mutants = readMutants();
const changed = mutants.map((mutant) => ({ mutant, text: apply(readFileSync(join(root, mutant.file), "utf8"), mutant) }));

test("each breaking change has its place in the code as it is now, and suites that exist", () => {
  const names = mutants.map(({ file, name }) => `${file}: ${name}`);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  for (const { mutant, text } of changed) {
    expect(text, mutant.name).not.toBe(readFileSync(join(root, mutant.file), "utf8"));
    for (const suite of mutant.suites) expect(existsSync(join(root, suite)), `${mutant.name}: ${suite}`).toBe(true);
  }
});

// What no interpreter reads, any suite notices.
test("each breaking change leaves a program of its language", () => {
  const python: [name: string, text: string][] = [];
  for (const { mutant, text } of changed) {
    if (mutant.file.endsWith(".py")) python.push([mutant.name, text]);
    else if (mutant.file.endsWith(".ts")) expect(() => stripTypeScriptTypes(text), mutant.name).not.toThrow();
    else if (mutant.file.endsWith(".cjs")) expect(() => new Script(`(function () {${text}\n})`), mutant.name).not.toThrow();
    else expect(spawnSync("sh", ["-n"], { input: text, encoding: "utf8" }), mutant.name).toMatchObject({ status: 0, stderr: "" });
  }
  const program = "import ast, json, sys\nfor name, text in json.load(sys.stdin): ast.parse(text, name)";
  const parsed = spawnSync("python3", ["-c", program], { input: JSON.stringify(python), encoding: "utf8" });
  expect([parsed.status, parsed.stderr]).toEqual([0, ""]);
});
