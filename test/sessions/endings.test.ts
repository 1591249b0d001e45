/* How calls end that are ended: each cause has a name of its own, and costs no other call. */
import { chmod, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProcesses, listProcesses } from "../../scripts/labs/processes.ts";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import { until } from "../../scripts/labs/wait.ts";
import { hostKinds, hostPath, runtimes, type TestHost } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";
import { enduranceModule, plantEnduranceModules } from "./endurance-module.ts";
import { Accounts, Bench } from "./fault-bench.ts";
import { makeMemoryGroup } from "./memory-group.ts";

const localHost = hostKinds.find(({ name }) => name === "local")!;

describe.each(runtimes)("G24 a call in %s", (runtime) => {
  let host: TestHost;
  const module = enduranceModule[runtime];

  beforeAll(async () => {
    host = await localHost.start();
    await plantEnduranceModules(host.home);
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  test("that is killed, runs out of processor time, or passes its deadline is told apart, and the session goes on", async () => {
    await using client = new RemoteClient(host.again(), { runtime, pwdDir: "steps", workers: 1 });
    const killed = await rejection(client.doRemoteCall(module, "die", [9]));
    const spent = await rejection(client.doRemoteCall(module, "burn", [1]));
    const late = await rejection(client.doRemoteCall(module, "die", [0], { timeout: 300 }));
    expect(killed).toMatchObject({ code: "killed", outcome: "killed", signal: "SIGKILL" });
    expect(spent).toMatchObject({ code: "killed", outcome: "killed", signal: "SIGXCPU", hint: expect.stringContaining("ulimit -t") });
    expect(late).toMatchObject({ code: "timeout", outcome: "timeout" });
    expect((await client.doRemoteCall(module, "add", [1, 2])).value).toBe(3);
  });

  test("that is ended by the kernel for lack of memory is out-of-memory, and the session goes on", async () => {
    await using group = await makeMemoryGroup(300 * 1024 * 1024);
    const interpreter = join(host.home, "limited");
    const real = runtime === "python" ? "/usr/bin/python3" : process.execPath;
    await writeFile(interpreter, `#!/bin/sh\necho $$ > ${group.door}\nexec ${real} "$@"\n`);
    await chmod(interpreter, 0o755);
    const env = { HOME: host.home, PATH: `${hostPath}:${dirname(real)}`, LANG: "C.UTF-8" };
    await using client = new RemoteClient(local({ cwd: host.home, env }), { [runtime]: interpreter, runtime, pwdDir: "steps", workers: 1 });
    expect(await rejection(client.doRemoteCall(module, "devour"))).toMatchObject({
      code: "out-of-memory",
      outcome: "killed",
      signal: "SIGKILL",
    });
    // What kills without need of memory is not taken for that afterwards.
    expect(await rejection(client.doRemoteCall(module, "die", [9]))).toMatchObject({ code: "killed", signal: "SIGKILL" });
    expect((await client.doRemoteCall(module, "add", [1, 2])).value).toBe(3);
  });
});

describe("G39 a fork bomb under a limit of processes", () => {
  const accounts = new Accounts();
  let lab: Lab;

  beforeAll(async () => {
    lab = await startSshd({ config: [`SetEnv PATH=${hostPath}`] });
    // bash reads it for commands over SSH, too. Threads count: Node has a dozen in each process.
    await accounts.prepare(lab, runtimes.length, { files: { ".bashrc": "ulimit -u 120\n" } });
    const uids = accounts.all.map(({ uid }) => uid);
    for (const { home } of accounts.all) await plantEnduranceModules(home);
    // The kernel counts zombies, and the ids may be those of accounts that a bomb filled with them.
    await until(
      "nothing to be left of earlier users of these ids",
      async () => (await listProcesses()).every(({ uid }) => !uids.includes(uid)),
      30_000,
    );
  });
  afterAll(() => lab?.stop());

  test.each(runtimes)("is ended whole by the call's deadline, and the endpoint answers the next call, in %s", async (runtime) => {
    await using bench = await Bench.start(lab, accounts, runtime, { heartbeatInterval: 5000 });
    const { client } = bench;
    const module = enduranceModule[runtime];
    const before = await client.doRemoteCall<number[]>(module, "family");
    const { uid } = await stat(bench.place);
    const count = async (): Promise<number> => (await findProcesses((each) => each.uid === uid)).length;
    const usual = await count();
    const call = client.doRemoteCall(module, "bomb", [], { timeout: 2500 });
    call.catch(() => undefined); // met below
    await until("the bomb to grow", async () => (await count()) > usual + 40);
    expect(await rejection(call)).toMatchObject({ code: "timeout", outcome: "timeout" });
    const after = await client.doRemoteCall<number[]>(module, "family");
    expect(after.value[1]).toBe(before.value[1]);
    await until("the bomb's processes to end", async () => (await count()) <= usual, 3000);
  });
});
