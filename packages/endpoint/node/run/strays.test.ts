/* Who ends with a worker, and who does not. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { endStrays, strayVariable } from "./strays.ts";

test.runIf(process.platform === "linux")("processes with the worker's variable, and none without an environment", async () => {
  const start = (env: NodeJS.ProcessEnv): ReturnType<typeof spawn> => spawn("/bin/sleep", ["60"], { env, detached: true, stdio: "ignore" });
  const [own, other, bare] = [start({ [strayVariable]: "none.7" }), start({ [strayVariable]: "none.70" }), start({})];
  try {
    await Promise.all([own, other, bare].map((child) => once(child, "spawn")));
    endStrays("none.7\0");
    expect(await once(own, "exit")).toEqual([null, "SIGKILL"]);
    expect([other.exitCode, other.signalCode, bare.exitCode, bare.signalCode]).toEqual([null, null, null, null]);
  } finally {
    for (const child of [own, other, bare]) child.kill("SIGKILL");
  }
});
