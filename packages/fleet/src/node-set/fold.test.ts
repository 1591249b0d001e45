import { describe, expect, test } from "vitest";
import { type SeededRandom, seededRandom } from "../../../../test/support/seeded-random.ts";
import { compareNatural } from "./compare-natural.ts";
import { expand } from "./expand.ts";
import { fold } from "./fold.ts";

describe("names are folded", () => {
  test.each([
    ["", ""],
    ["node", "node"],
    ["node1", "node1"],
    ["node1 node2", "node[1-2]"],
    ["node9 node1 node3 node2", "node[1-3,9]"],
    ["node1 node1", "node1"],
    ["node8 node9 node10 node11", "node[8-11]"],
    ["node08 node09 node10 node11", "node[08-11]"],
    ["node098 node100 node099", "node[098-100]"],
    ["node8 node08 node9 node09 node10 node100", "node[8-9,100,08-10]"],
    ["n0 n00 n1", "n[0-1,00]"],
    ["r1n1 r1n2 r2n1 r2n2", "r[1-2]n[1-2]"],
    ["r1n1 r1n2 r2n1", "r1n[1-2],r2n1"],
    ["r1n1 r2n1 r3n1", "r[1-3]n1"],
    ["a1b b1a a2b", "a[1-2]b,b1a"],
    ["10.0.0.1 10.0.0.2 10.0.1.1 10.0.1.2", "10.0.[0-1].[1-2]"],
    ["[::1]:22 [::2]:22", "[::[1-2]]:22"],
    ["me@n1:22 me@n2:22 n2", "me@n[1-2]:22,n2"],
    ["node10 gpu2 gpu1 node9", "gpu[1-2],node[9-10]"],
    ["x1234567890123456 x1234567890123457", "x1234567890123456,x1234567890123457"],
    ["x123456789012345 x123456789012346", "x[123456789012345-123456789012346]"],
  ])("%s", (names, expected) => {
    expect(fold(names === "" ? [] : names.split(" "))).toBe(expected);
  });

  test("whatever their order", () => {
    const random = seededRandom(7);
    const names = expand("r[1-3]n[01-12],gpu[1-4,7],login");
    for (let round = 0; round < 20; round++) expect(fold(random.shuffle(names))).toBe("gpu[1-4,7],login,r[1-3]n[01-12]");
  });
});

describe("fold and expand undo each other", () => {
  /** A name of letters and numbers, padded or not, some of them with separators or as addresses. */
  function randomName(random: SeededRandom): string {
    const number = (): string => String(random.below(random.pick([3, 12, 120]))).padStart(random.pick([0, 0, 2, 3]), "0");
    return random.pick([
      () => `n${number()}`,
      () => `r${number()}n${number()}`,
      () => `${number()}-${number()}.x${number()}`,
      () => `[fe80::${number()}]:${number()}`,
      () => `10.${number()}.0.${number()}`,
      () => random.pick(["login", "me@gate", "a.b-c"]),
    ])();
  }

  test("expand(fold(names)) is the same set, for 500 sets of random names", () => {
    const random = seededRandom(20_261_122);
    for (let round = 0; round < 500; round++) {
      const names = Array.from({ length: 1 + random.below(60) }, () => randomName(random));
      const folded = fold(names);
      expect(new Set(expand(folded)), folded).toEqual(new Set(names));
      expect(expand(folded), folded).toHaveLength(new Set(names).size);
      expect(fold(expand(folded))).toBe(folded);
    }
  });

  test("a full grid of any size comes out as one term", () => {
    const random = seededRandom(5);
    for (let round = 0; round < 50; round++) {
      const [racks, nodes, ports] = [2 + random.below(8), 2 + random.below(20), 2 + random.below(4)];
      const text = `r[1-${racks}]n[1-${nodes}]p[1-${ports}]`;
      expect(fold(random.shuffle(expand(text)))).toBe(text);
    }
  });

  test("100 000 names take no time", () => {
    expect(fold(expand("node[00001-99999]"))).toBe("node[00001-99999]");
  });
});

describe("the order of people", () => {
  test("numbers count, zeros in front do not, and it is a total order", () => {
    const sorted = [
      "",
      "a",
      "a1",
      "a01",
      "a2",
      "a2b",
      "a10",
      "a10b",
      "b",
      "b1c2",
      "b1c10",
      "b99999999999999999998",
      "b99999999999999999999",
    ];
    const random = seededRandom(3);
    for (let round = 0; round < 20; round++) expect(random.shuffle(sorted).toSorted(compareNatural)).toEqual(sorted);
    for (const left of sorted) {
      for (const right of sorted) {
        expect(Math.sign(compareNatural(left, right))).toBe(Math.sign(sorted.indexOf(left) - sorted.indexOf(right)));
      }
    }
  });
});
