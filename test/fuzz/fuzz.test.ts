import { expect, test } from "vitest";
import { fuzz } from "./fuzz.ts";

test("G30 random, damaged and limit headers, values, messages, frames and packets mean the same in TypeScript, Node and Python", async () => {
  const { tried, differences } = await fuzz({ milliseconds: 3000, seed: 20_261_129 });
  expect(differences).toEqual([]);
  expect(tried).toBeGreaterThan(0);
});
