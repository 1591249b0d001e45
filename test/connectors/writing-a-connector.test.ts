/* The example of the guide, run as it stands there. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { connectorCases } from "@sremote/connectors/testing";
import { isNightly, ofLayers } from "../support/nightly.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Of a service whose commands are waited for, cases take seconds each. */
const ofServices = isNightly
  ? /^/
  : /exit code 255|G31|G08 every|file of (?:0|70000) bytes|deadline of exec|no-such-file|closed connector|label/;

test.each([
  ["writing-a-connector", ofLayers],
  ["writing-a-rest-connector", ofServices],
] as const)("the connector of docs/%s.md is under 60 lines and behaves", { timeout: 300_000 }, (document, tried) => {
  const blocks = [...readFileSync(`${root}/docs/${document}.md`, "utf8").matchAll(/^```ts\n(.*?)^```$/gms)];
  expect(blocks).toHaveLength(1);
  const text = blocks[0]?.[1] ?? "";
  expect(text.split("\n").length).toBeLessThan(60);
  const code = text.replace(/\bmemoryLimit: /, `cases: ${tried}, $&`);
  expect(code).not.toBe(text);
  const ran = connectorCases().filter(({ name, applies }) => applies() && tried.test(name));
  const run = spawnSync(process.execPath, ["--conditions=@sremote/source", "--input-type=module-typescript", "-e", code], {
    cwd: root,
    encoding: "utf8",
  });
  expect({ stdout: run.stdout, stderr: run.stderr, status: run.status }).toEqual({
    stdout: `${ran.length} cases passed\n`,
    stderr: "",
    status: 0,
  });
});
