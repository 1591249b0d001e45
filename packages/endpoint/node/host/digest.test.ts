import { createHash, randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { sha256 } from "./digest.ts";

it("gives the digest that node:crypto gives, for every length around the ends of blocks and around the change of engine", () => {
  const lengths = [...Array(200).keys(), 1000, 16_383, 16_384, 16_385, 100_000];
  for (const length of lengths) {
    const bytes = randomBytes(length);
    expect(sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
  }
});
