/* Which files are shipped, and when a change is seen. */
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  chmodSync,
  renameSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { codeBytes, codeDepth, codeFiles } from "./limits.ts";
import { LocalTree } from "./local-tree.ts";
import { readShipOptions, type ShipOptions } from "./options.ts";
import { compilePattern } from "./patterns.ts";
import { stripTypes } from "./strip-types.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sremote-tree-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text = ""): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const tree = (options: ShipOptions = {}, path = root): LocalTree => new LocalTree(readShipOptions(path, { as: ".", ...options }, "python"));
const paths = (options: ShipOptions = {}): readonly string[] =>
  tree(options)
    .look()
    .files.map(({ path }) => path);

describe("what is shipped", () => {
  it("leaves out hidden files, what programs make, and virtual environments", () => {
    for (const path of [
      "a.py",
      ".env",
      ".git/x.py",
      "d/__pycache__/a.pyc",
      "d/b.py",
      "node_modules/x/i.js",
      "venv/pyvenv.cfg",
      "venv/x.py",
      "old.pyc",
    ])
      write(path);
    expect(paths()).toEqual(["a.py", "d/b.py"]);
    expect(paths({ include: [".env", "d/**"] })).toEqual([".env", "d/b.py"]);
    expect(paths({ exclude: ["d"] })).toEqual(["a.py"]);
  });

  it.each([
    ["*.csv", ["a.csv", "d/e/a.csv"], ["a.csvx", "acsv"]],
    ["/*.csv", ["a.csv"], ["d/a.csv"]],
    ["data/**", ["data/a", "data/b/c"], ["x/data/a", "data2/a"]],
    ["**/raw/*.bin", ["raw/a.bin", "x/y/raw/a.bin"], ["raw/x/a.bin"]],
    ["data/", ["data", "x/data/y"], ["data2"]],
    ["a?.[x]", ["ab.[x]"], ["a/.[x]", "ab.x"]],
  ])("%s matches as git's patterns do", (pattern, matching, others) => {
    const compiled = compilePattern(pattern);
    expect(matching.filter((path) => !compiled.test(path))).toEqual([]);
    expect(others.filter((path) => compiled.test(path))).toEqual([]);
  });

  it("follows symbolic links within the tree", () => {
    write("real/a.py", "A = 1\n");
    symlinkSync("real", join(root, "linked"));
    symlinkSync("real/a.py", join(root, "b.py"));
    expect(paths()).toEqual(["b.py", "linked/a.py", "real/a.py"]);
    symlinkSync("nowhere", join(root, "broken.py"));
    expect(() => paths()).toThrow(/broken.py is a symbolic link to a file that does not exist/);
  });

  it("refuses too many files, bytes and directories in each other", () => {
    write("a.py");
    for (let each = 1; each < codeFiles; each++) linkSync(join(root, "a.py"), join(root, `a${each}.py`));
    expect(paths()).toHaveLength(codeFiles);
    linkSync(join(root, "a.py"), join(root, "b.py"));
    expect(() => paths()).toThrow(/has more than 10000 files/);
    const inner = join(root, "inner");
    write("inner/big.bin");
    truncateSync(join(inner, "big.bin"), codeBytes + 1);
    expect(() => tree({}, inner).look()).toThrow(/has more than 64 MiB/);
    const deep = join(root, "deep");
    write(`deep/${"d/".repeat(codeDepth - 1)}a.py`);
    expect(tree({}, deep).look().files).toHaveLength(1);
    write(`deep/${"d/".repeat(codeDepth)}a.py`);
    expect(() => tree({}, deep).look()).toThrow(/directories more than 64 deep/);
  });

  it("refuses a directory with nothing in it", () => {
    expect(() => paths()).toThrow(/has no files/);
  });
});

describe("a change", () => {
  it("is seen where size and time of modification are as before", () => {
    write("a.py", "A = 1\n");
    const time = new Date(1_700_000_000_000);
    utimesSync(join(root, "a.py"), time, time);
    const watched = tree();
    const first = watched.look();
    expect(watched.look()).toBe(first);
    write("a.py", "A = 2\n");
    utimesSync(join(root, "a.py"), time, time);
    const second = watched.look();
    expect(second.digest).not.toBe(first.digest);
    write("a.py", "A = 1\n");
    expect(watched.look().digest).toBe(first.digest);
  });

  it("of names and modes is seen", () => {
    write("a.py");
    const watched = tree();
    const digests = [watched.look().digest];
    const changes = [
      (): void => write("b.py"),
      (): void => renameSync(join(root, "b.py"), join(root, "c.py")),
      (): void => chmodSync(join(root, "c.py"), 0o755),
      (): void => rmSync(join(root, "c.py")),
    ];
    for (const change of changes) {
      change();
      digests.push(watched.look().digest);
    }
    expect(new Set(digests).size).toBe(4);
    expect(digests.at(-1)).toBe(digests[0]);
  });
});

describe("TypeScript", () => {
  const strip = (text: string): string => Buffer.from(stripTypes("/x/a.ts", Buffer.from(text), true)!).toString("utf8");

  it("loses types and keeps lines; relative imports name JavaScript", () => {
    const text = strip(
      'import a from "./a.ts";\nimport type { B } from "./b.ts";\nexport * from "../c.mts";\nconst d: number = await import("./d.cts");\nimport e from "e.ts";\n',
    );
    expect(text.split("\n").map((line) => line.replaceAll(/\s+/g, " ").trim())).toEqual([
      'import a from "./a.js";',
      "",
      'export * from "../c.mjs";',
      'const d = await import("./d.cjs");',
      'import e from "e.ts";',
      "",
    ]);
  });

  it("that cannot be stripped, or read, is refused with its line", () => {
    expect(() => strip("let a = 1;\nenum B { C }\n")).toThrow(/^shipped code does not compile: \/x\/a.ts:2: /);
    expect(() => strip("let a = 1;\n\nlet b = ;\n")).toThrow(/\/x\/a.ts:3: SyntaxError: Expression expected/);
    expect(stripTypes("/x/a.js", Buffer.from("#!/usr/bin/env node\nlet a = 1;\n"), false)).toBe(undefined);
  });
});
