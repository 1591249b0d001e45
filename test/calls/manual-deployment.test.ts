import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { expect, test } from "vitest";
import { hostPath } from "../support/hosts.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("an endpoint deployed by hand, with sh and python3 alone, is used by a client that may not install", async () => {
  const home = mkdtempSync(join(tmpdir(), "sremote-manual-"));
  try {
    const script = readFileSync(join(root, "scripts/deploy-endpoint"));
    const env = { HOME: home, PATH: hostPath };
    const deployed = spawnSync("sh", ["-s", join(root, "resources")], { input: script, env, encoding: "utf8" });
    expect(deployed).toMatchObject({ status: 0, stderr: "" });
    expect(deployed.stdout).toMatch(/^installed .*\/\.sremote\/endpoint\/[0-9a-f]{64}\n/);
    await using client = new RemoteClient(local({ cwd: home, env }), { autoInstall: false });
    expect((await client.doRemoteCall("os", "getenv", ["HOME"])).value).toBe(home);
    expect((await client.doRemoteCall("node:os", "homedir", [], { runtime: "node" })).value).toBe(home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

test("deploying by hand says what is missing", () => {
  const run = spawnSync("sh", [join(root, "scripts/deploy-endpoint"), "/nonexistent"], { encoding: "utf8" });
  expect(run).toMatchObject({ status: 1, stdout: "", stderr: "deploy-endpoint: there is no /nonexistent/sremote-endpoint.pyz\n" });
});
