import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../../test/support/seeded-random.ts";
import { expand } from "../node-set/index.ts";
import { formatDifferences, formatGathered, gather } from "./gather.ts";
import { OutputTree } from "./output-tree.ts";

const nodes = (set: string, output: string): [string, string][] => expand(set).map((name) => [name, output]);

describe("identical outputs", () => {
  const groups = gather([...nodes("node8", "6.2\n"), ...nodes("node[1-7]", "6.1\n"), ...nodes("gpu[1-2]", "6.2"), ...nodes("z", "")]);

  test("are put together, most hosts first, names folded", () => {
    expect(groups.map(({ names, lines }) => [names.join(), lines])).toEqual([
      ["node1,node2,node3,node4,node5,node6,node7", ["6.1"]],
      ["gpu1,gpu2,node8", ["6.2"]],
      ["z", []],
    ]);
    expect(formatGathered(groups)).toBe("node[1-7]: 6.1\ngpu[1-2],node8: 6.2\nz:\n");
  });

  test("are shown in blocks if asked", () => {
    expect(formatGathered(groups, { style: "blocks" })).toBe(`---------------
node[1-7] (7)
---------------
6.1
---------------
gpu[1-2],node8 (3)
---------------
6.2
---------------
z
---------------
`);
  });

  test("have every line prefixed, empty lines too", () => {
    expect(formatGathered(gather(nodes("n[1-2]", "a\n\nb\n")))).toBe("n[1-2]: a\nn[1-2]: \nn[1-2]: b\n");
  });

  test("of the same size come in the order of their names, as people count", () => {
    expect(gather({ n10: "a", n9: "b", n8: "c" }).map(({ names }) => names[0])).toEqual(["n8", "n9", "n10"]);
  });

  test("are the same whatever ends their lines, but not with another line", () => {
    expect(gather({ a: "x\r\ny\r\n", b: "x\ny", c: "x\ny\n" })).toHaveLength(1);
    expect(gather({ a: "x\n", b: "x\n\n", c: "x", d: " x", e: "x\ry" })).toHaveLength(4);
  });

  test("of none are nothing, and what is no text is refused", () => {
    expect(formatGathered(gather([]))).toBe("");
    // @ts-expect-error wrong argument
    expect(() => gather({ a: 3 })).toThrow(/^outputs must be/);
    // @ts-expect-error wrong argument
    expect(() => gather("a")).toThrow(/^outputs must be/);
  });
});

describe("differences", () => {
  test("are shown against what most hosts print", () => {
    const same = "a\nb\nc\nd\ne\n";
    const groups = gather([...nodes("n[1-3]", same), ...nodes("n4", "a\nb\nC\nd\ne\n"), ...nodes("n5", `${same}f\n`)]);
    expect(formatDifferences(groups, 1)).toBe(`--- n[1-3] (3)
+++ n4 (1)
@@ -2,3 +2,3 @@
 b
-c
+C
 d
--- n[1-3] (3)
+++ n5 (1)
@@ -5,1 +5,2 @@
 e
+f
`);
  });

  test("are only told where there are too many", () => {
    const lines = (word: string): string => Array.from({ length: 50_000 }, (_, index) => `${word} ${index}\n`).join("");
    expect(formatDifferences(gather({ n1: lines("a"), n2: lines("b") }))).toBe("--- n1 (1)\n+++ n2 (1)\n(more than 2000 lines differ)\n");
  });

  test("are nothing where all print the same, or there is nothing", () => {
    expect(formatDifferences(gather(nodes("n[1-3]", "a")))).toBe("");
    expect(formatDifferences([])).toBe("");
  });
});

describe("a tree of output", () => {
  test("keeps what many hosts print once, however their lines mix", () => {
    const tree = new OutputTree();
    const names = expand("node[1-1000]");
    for (let line = 0; line < 100; line++) for (const name of names) tree.add(name, `line ${line}`);
    tree.add("node500", "more");
    expect(tree.size).toBe(101);
    expect(tree.names).toHaveLength(1000);
    const groups = tree.groups();
    expect(groups.map(({ names: members, lines }) => [members.length, lines.length])).toEqual([
      [999, 100],
      [1, 101],
    ]);
    expect(tree.lines("node500")?.at(-1)).toBe("more");
    expect(tree.lines("node1001")).toBeUndefined();
  });

  test("tells silent hosts from absent ones", () => {
    const tree = new OutputTree();
    tree.touch("a");
    tree.add("b", "x");
    tree.touch("b");
    expect(tree.lines("a")).toEqual([]);
    expect(tree.lines("b")).toEqual(["x"]);
    expect(tree.groups().map(({ names }) => names)).toEqual([["a"], ["b"]]);
  });

  test("gives back exactly what was put in, lone surrogates too", () => {
    const tree = new OutputTree();
    for (const line of ["\ud800", "é\u0000", "", "__proto__"]) tree.add("a", line);
    expect(tree.lines("a")).toEqual(["\ud800", "é\u0000", "", "__proto__"]);
  });

  test("groups random outputs as a comparison of their texts does", () => {
    const random = seededRandom(31);
    for (let round = 0; round < 100; round++) {
      const outputs = new Map(
        expand("n[1-20]").map((name) => [name, Array.from({ length: random.below(4) }, () => random.pick(["a", "b", "ab"]))]),
      );
      const tree = new OutputTree();
      for (const name of outputs.keys()) tree.touch(name);
      const left = new Map([...outputs].map(([name, lines]) => [name, [...lines]]));
      for (const name of random.shuffle([...outputs].flatMap(([each, lines]) => lines.map(() => each))))
        tree.add(name, left.get(name)!.shift()!);
      const expected = Map.groupBy(outputs.keys(), (name) => JSON.stringify(outputs.get(name)));
      expect(new Map(tree.groups().map(({ names, lines }) => [JSON.stringify(lines), names]))).toEqual(expected);
    }
  });
});
