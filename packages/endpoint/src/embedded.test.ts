/* What leaves for a host is what was built. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { embedded } from "./embedded.ts";

const bytes = Buffer.from("a program");
const sha256 = createHash("sha256").update(bytes).digest("hex");

test("a program that is as it was built is given", () => {
  expect(embedded({ whole: { sha256, base64: bytes.toString("base64") } }, "whole").equals(bytes)).toBe(true);
});

test.each([
  ["changed", { sha256, base64: Buffer.from("a prograM").toString("base64") }, "was changed after it was built"],
  ["cut", { sha256, base64: bytes.toString("base64").slice(0, 4) }, "was changed after it was built"],
  ["missing", undefined, "is missing"],
])("one that is %s is an error before anything is sent", (_, program, problem) => {
  const programs = program === undefined ? {} : { named: program };
  expect(() => embedded(programs, "named")).toThrow(
    expect.objectContaining({
      code: "endpoint-broken",
      message: expect.stringContaining(`named, which would run on the host, ${problem}`) as string,
    }),
  );
});
