import { expect, test } from "vitest";
import { suiteTimes } from "./suite-times.ts";

test("suites are packages and folders of test/, the longest first, each with its long files", () => {
  const files = new Map([
    ["packages/client/src/session/session.test.ts", 4.4],
    ["test/calls/node.test.ts", 10],
    ["test/calls/python.test.ts", 31.6],
    ["test/calls/large.test.ts", 9.9],
  ]);
  expect(suiteTimes(files).split("\n")).toEqual(["    52 test/calls: python 32, node 10", "     4 packages/client"]);
});
