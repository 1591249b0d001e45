import { expect, test } from "vitest";
import { violations } from "./check-layers.ts";

test("an import against the arrows is reported with its line", () => {
  const text = 'import { a } from "@sremote/protocol";\nimport { b } from "@sremote/client";\n';
  expect(violations("connectors", "connectors/src/x.ts", text)).toEqual([
    { file: "connectors/src/x.ts", line: 2, specifier: "@sremote/client" },
  ]);
});

test("protocol may not even import node:*", () => {
  expect(violations("protocol", "protocol/src/x.ts", 'import "node:fs";')).toHaveLength(1);
  expect(violations("client", "client/src/x.ts", 'import "node:fs";')).toHaveLength(0);
});

test("dynamic imports and re-exports count; tests may import what they need", () => {
  expect(violations("connectors", "connectors/src/x.ts", 'export * from "sremote"; await import("@sremote/cli")')).toHaveLength(2);
  expect(violations("connectors", "connectors/src/x.test.ts", 'import { x } from "@sremote/client"')).toHaveLength(0);
});
