import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { long, quickSuites } from "./quick-suites.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

test("quick suites start no server, and those that take long are left out by names that exist", () => {
  const files = quickSuites(root);
  expect(files).toEqual(expect.arrayContaining(["packages/protocol/src/frame.test.ts", "packages/client/src/session/session.test.ts"]));
  for (const left of ["packages/connectors/src/ssh/authentication.test.ts", "packages/connectors/src/ssh/host-key.test.ts"])
    expect(files).not.toContain(left);
  expect(long.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
