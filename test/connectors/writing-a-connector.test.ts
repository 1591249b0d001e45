/* The example of the guide, run as it stands there. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { connectorCases } from "@sremote/connectors/testing";

const root = fileURLToPath(new URL("../..", import.meta.url));

test.each(["writing-a-connector", "writing-a-rest-connector"])(
  "the connector of docs/%s.md is under 60 lines and passes every case",
  { timeout: 180_000 },
  (document) => {
    const blocks = [...readFileSync(`${root}/docs/${document}.md`, "utf8").matchAll(/^```ts\n(.*?)^```$/gms)];
    expect(blocks).toHaveLength(1);
    const code = blocks[0]?.[1] ?? "";
    expect(code.split("\n").length).toBeLessThan(60);
    const ran = connectorCases().filter(({ applies }) => applies());
    const run = spawnSync(process.execPath, ["--conditions=@sremote/source", "--input-type=module-typescript", "-e", code], {
      cwd: root,
      encoding: "utf8",
    });
    expect({ stdout: run.stdout, stderr: run.stderr, status: run.status }).toEqual({
      stdout: `${ran.length} cases passed\n`,
      stderr: "",
      status: 0,
    });
  },
);
