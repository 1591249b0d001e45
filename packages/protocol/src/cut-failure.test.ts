import { expect, it } from "vitest";
import { cutFailure } from "./cut-failure.ts";
import { limits } from "./limits.ts";
import type { Failure } from "./message.ts";

const failed = (message: string, more: Partial<Failure> = {}): Failure => ({ code: "raised", stage: "call", message, ...more });

it("a failure of usual size stays as it is", () => {
  const failure = failed("m", {
    type: "ValueError",
    frames: [{ file: "a.py", line: 1, function: "f", source: null }],
    notes: ["n"],
    cause: failed("c"),
    exceptions: [failed("e")],
  });
  expect(cutFailure(failure)).toEqual(failure);
});

it.each([
  ["one less", -1, false],
  ["exactly", 0, false],
  ["one more", 1, true],
])("G20 a text of %s than the limit", (_, step, isCut) => {
  const message = "x".repeat(limits.failurePart + step);
  expect(cutFailure(failed(message)).message).toBe(isCut ? `${message.slice(0, limits.failurePart)}…` : message);
});

it.each([
  [99, 99],
  [100, 100],
  [101, 100],
])("G20 of %i notes %i are kept, the first and the last ones", (count, kept) => {
  const notes = Array.from({ length: count }, (_, index) => String(index));
  const found = cutFailure(failed("m", { notes })).notes!;
  expect([found.length, found[0], found.at(-1)]).toEqual([kept, "0", String(count - 1)]);
});

it("G20 all texts together are bounded, however they are spread over causes and groups", () => {
  const long = "x".repeat(60_000);
  const group = failed(long, {
    notes: Array<string>(60).fill(long),
    exceptions: Array.from({ length: 60 }, () => failed(long, { cause: failed(long) })),
  });
  expect(JSON.stringify(cutFailure(group)).length).toBeLessThan(limits.failureText + 60_000);
});
