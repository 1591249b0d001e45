import { expect, test } from "vitest";
import { seededRandom } from "../../../../test/support/seeded-random.ts";
import { matchesWildcard } from "./wildcard.ts";

test.each([
  ["*", "", true],
  ["*", "anything", true],
  ["gpu*", "gpu", true],
  ["gpu*", "gp", false],
  ["gpu?", "gpu1", true],
  ["gpu?", "gpu12", false],
  ["gpu?", "gpu", false],
  ["*1*2", "a1b12", true],
  ["*1*2", "a2b1", false],
  ["a.c", "abc", false],
  ["a*b*c", "aXbXbXc", true],
  ["", "", true],
  ["", "a", false],
])("%j and %j: %s", (pattern, name, expected) => {
  expect(matchesWildcard(pattern, name)).toBe(expected);
});

test("it agrees with a regular expression on random patterns", () => {
  const random = seededRandom(11);
  const text = (letters: readonly string[], length: number): string => Array.from({ length }, () => random.pick(letters)).join("");
  let matched = 0;
  for (let round = 0; round < 3000; round++) {
    const pattern = text(["a", "b", "*", "?"], random.below(6));
    const name = text(["a", "b"], random.below(7));
    const expected = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(name);
    expect(matchesWildcard(pattern, name), `${pattern} ${name}`).toBe(expected);
    if (expected) matched++;
  }
  expect(matched).toBeGreaterThan(200);
});

test("many stars do not take exponential time", () => {
  expect(matchesWildcard(`${"a*".repeat(400)}b`, "a".repeat(1000))).toBe(false);
});
