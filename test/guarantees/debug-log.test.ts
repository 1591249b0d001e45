import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { hostPath } from "../support/hosts.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Calls with secrets, over a host that loses the connection when the spool is to be emptied: then there is something to log. */
const program = `
import { RemoteClient } from "@sremote/client";
import { memory } from "@sremote/connectors/testing";
const connector = memory({ env: { PATH: ${JSON.stringify(hostPath)} } });
const client = new RemoteClient(connector, { transport: "spool" });
client.registerRemoteEnvVariable("TOKEN", "canary-env");
await client.doRemoteCall("builtins", "len", [["canary-argument"]]);
await client.doRemoteCall("os", "getenv", ["canary-name"], { kwargs: { default: "canary-keyword" } });
await client.doRemoteCall("os", "no_such", ["canary-failing"]).catch((error) => console.error(error));
connector.inject("exec", { kind: "fail-before" });
await client.close();
`;

test("G27 the debug log tells what went wrong and holds no secret", () => {
  const run = spawnSync(process.execPath, ["--conditions=@sremote/source", "--input-type=module", "-e", program], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NODE_DEBUG: "sremote" },
  });
  expect(run.status).toBe(0);
  expect(run.stderr).toContain("SREMOTE");
  expect(run.stderr).toContain("connection-lost");
  expect(run.stdout + run.stderr).not.toContain("canary");
});
