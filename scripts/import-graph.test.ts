import { expect, test } from "vitest";
import { circles, importsOf, passedIndex } from "./import-graph.ts";

const module = (...specifiers: string[]): string => specifiers.map((each) => `import { x } from "${each}";\n`).join("");

test("imports and re-exports are found with their lines, and code in comments is none", () => {
  const text = [
    'import { a } from "./a.ts";',
    "/**",
    ' * import { b } from "./b.ts";',
    " */",
    'export type { C } from "./c.ts";',
    'const d = await import("./d.ts");',
    'import "./e.ts";',
  ].join("\n");
  expect(importsOf(text)).toEqual([
    { specifier: "./a.ts", line: 1 },
    { specifier: "./c.ts", line: 5 },
    { specifier: "./d.ts", line: 6 },
    { specifier: "./e.ts", line: 7 },
  ]);
});

test("files that import each other are a circle, whatever else hangs on it", () => {
  const texts = new Map([
    ["p/src/entry.ts", module("./one.ts")],
    ["p/src/one.ts", module("./deep/two.ts", "./leaf.ts")],
    ["p/src/deep/two.ts", module("./three.ts")],
    ["p/src/deep/three.ts", module("../one.ts")],
    ["p/src/leaf.ts", module("node:fs", "@sremote/protocol")],
  ]);
  expect(circles(texts)).toEqual([["p/src/deep/three.ts", "p/src/one.ts", "p/src/deep/two.ts"]]);
});

test("a circle of types alone counts, and so does a file that imports itself", () => {
  const texts = new Map([
    ["a.ts", 'import type { B } from "./b.ts";'],
    ["b.ts", 'import type { A } from "./a.ts";'],
    ["c.ts", 'export * from "./c.ts";'],
  ]);
  expect(circles(texts)).toEqual([["a.ts", "b.ts"], ["c.ts"]]);
});

test("imports that meet again make no circle", () => {
  const texts = new Map([
    ["top.ts", module("./left.ts", "./right.ts")],
    ["left.ts", module("./bottom.ts")],
    ["right.ts", module("./bottom.ts")],
    ["bottom.ts", ""],
  ]);
  expect(circles(texts)).toEqual([]);
});

test("an import from outside goes by the folder's index, where it has one", () => {
  const hasIndex = (folder: string): boolean => ["p/src", "p/src/closed", "q/src"].includes(folder);
  expect(passedIndex("p/src/run.ts", "p/src/closed/index.ts", hasIndex)).toBeUndefined();
  expect(passedIndex("p/src/run.ts", "p/src/closed/inner.ts", hasIndex)).toBe("p/src/closed");
  expect(passedIndex("p/src/open/run.ts", "p/src/closed/deep/inner.ts", hasIndex)).toBe("p/src/closed");
  expect(passedIndex("p/src/closed/deep/inner.ts", "p/src/closed/other.ts", hasIndex)).toBeUndefined();
  expect(passedIndex("p/src/run.ts", "p/src/open/inner.ts", hasIndex)).toBeUndefined();
  expect(passedIndex("p/src/run.ts", "q/src/inner.ts", hasIndex)).toBe("q/src");
  expect(passedIndex("p/src/closed/inner.ts", "p/src/closed-too/inner.ts", hasIndex)).toBeUndefined();
});
