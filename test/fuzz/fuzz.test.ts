import { expect, test } from "vitest";
import { fuzz } from "./fuzz.ts";

test("G30 random and damaged headers and values mean the same in TypeScript and in Python", async () => {
  const { tried, differences } = await fuzz(3000, 20_261_129);
  expect(differences).toEqual([]);
  expect(tried).toBeGreaterThan(0);
});
