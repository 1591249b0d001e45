/* Calls on many hosts, over real sshd. */
import { type Connector, openssh, ssh } from "@sremote/connectors";
import { RemoteExecError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ManyHosts, startManyHosts } from "../../../../scripts/labs/many-hosts.ts";
import { findProcesses } from "../../../../scripts/labs/processes.ts";
import { until } from "../../../../scripts/labs/wait.ts";
import { hostPath } from "../../../../test/support/hosts.ts";
import type { Host } from "../host/index.ts";
import { parallel } from "../run/index.ts";
import type { Fleet } from "./fleet.ts";
import { fleet } from "./make-fleet.ts";

describe.each([
  ["ssh", ssh],
  ["openssh", openssh],
] as const)("over %s", (_, make) => {
  let many: ManyHosts;
  let hosts: Fleet;
  beforeAll(async () => {
    many = await startManyHosts({ count: 5, dead: 1, config: [`SetEnv PATH=${hostPath}`] });
    const connect = (host: Host): Connector => make({ ...host.sshOptions(), knownHosts: many.knownHosts, sshConfig: false });
    hosts = fleet(many.hosts, { connect, logLevel: "silent" });
  });
  afterAll(async () => {
    await hosts?.close();
    await many?.[Symbol.asyncDispose]();
  });

  test("G34 a function is called on each, with arguments of its own; its value, output and error are its host's", async () => {
    const run = hosts.call<number>("builtins", "divmod", (__, index) => [7, index], { name: "divide" });
    const seen = (await Array.fromAsync(run.completed())).length;
    const done = await run;
    expect([seen, done.ok, String(done.unreachable), String(done.failed)]).toEqual([6, false, "dead1", "node1"]);
    expect(done.jobs.map(({ value }) => value)).toEqual([undefined, [7, 0], [3, 1], [2, 1], [1, 3], undefined]);
    expect(done.jobs[0]!.error).toBeInstanceOf(RemoteExecError);
    expect(done.jobs[0]).toMatchObject({
      reason: "error",
      exitCode: null,
      error: { code: "raised", remote: { type: "ZeroDivisionError" } },
    });
    await expect(run.orThrow()).rejects.toThrow(/divide: 2 of 6 failed/);
  });

  test("output comes as lines while it runs, and is gathered as that of processes", async () => {
    const nodes = hosts.only("node*");
    const run = parallel([nodes.call("builtins", "print", ["hello"]), nodes.run("echo from sh")]);
    const lines = (await Array.fromAsync(run)).map(({ host, text }) => `${host} ${text}`);
    expect(lines.toSorted()).toEqual([1, 2, 3, 4, 5].flatMap((index) => [`node${index} from sh`, `node${index} hello`]));
    const same = await nodes.call("builtins", "print", ["same"], { outputLimit: 3 });
    expect(same.gather()).toEqual([{ names: nodes.hosts.names, lines: ["sam"], truncated: true }]);
    const kept = { total: 5, truncated: true, bytes: new Uint8Array(Buffer.from("sam")) };
    expect(same.jobs[4]!.result).toMatchObject({ value: null, stdout: "sam", stderr: "", output: { stdout: kept, stderr: { total: 0 } } });
  });

  test("G34 G14 a host that takes its time holds up none, and is ended at its deadline or when it is killed", async () => {
    const nodes = hosts.only("node*");
    const run = nodes.call("time", "sleep", (__, index) => [index === 2 ? 600 : 0]);
    const first: string[] = [];
    for await (const { host } of run.completed()) {
      first.push(host!.name);
      if (first.length === 4) break;
    }
    expect(first.toSorted()).toEqual(["node1", "node2", "node4", "node5"]);
    await run.kill();
    expect(run.jobs[2]).toMatchObject({ reason: "killed", value: undefined, ok: true });
    const late = await nodes.at("node3").call("time", "sleep", [600], { hostTimeout: 200 });
    expect(late.jobs[0]).toMatchObject({ reason: "timeout", ok: false });
    const workers = (): ReturnType<typeof findProcesses> =>
      findProcesses(({ uid, command }) => uid === many.account.uid && command.includes("sleep 600"));
    await until("none sleeps on", async () => (await workers()).length === 0);
    expect((await nodes.at("node3").call("builtins", "len", ["abc"])).jobs[0]!.value).toBe(3);
  });

  test("what is no argument of a call is told before anything is sent", () => {
    expect(() => hosts.call("time", "sleep", [1], { concurrency: -1 })).toThrow(/^options\.concurrency must be/);
    expect(() => hosts.call("time", "sleep", [1], { hostTimeout: "soon" })).toThrow(/^options\.hostTimeout must be/);
  });
});
