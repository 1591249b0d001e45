/* client.map when its link is lost: G49. */
import type { MapResult } from "@sremote/client";
import { OutcomeUnknownError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { isAlive, signalEach } from "../../scripts/labs/processes.ts";
import { until } from "../../scripts/labs/wait.ts";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import { Accounts, Bench } from "../sessions/fault-bench.ts";
import { removeLeft } from "./module.ts";
import { hostPath, runtimes, stopSshd } from "../support/hosts.ts";

const accounts = new Accounts();
let lab: Lab;
beforeAll(async () => {
  lab = await startSshd({ config: [`SetEnv PATH=${hostPath}`] });
  await accounts.prepare(lab, 1);
});
afterAll(async () => {
  for (const { uid } of accounts.all) await removeLeft(uid);
  await lab?.stop();
  await stopSshd();
});

/** The supervisor of a worker. */
const parentOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]!.split(" ")[1]);
const itemsIn = (place: string, count: number): [string, number][] => Array.from({ length: count }, (_, index) => [place, index]);

describe.each(runtimes)("a map in %s whose link is lost", (runtime) => {
  test("G49 gives each result once when the link is back in time", async () => {
    await using bench = await Bench.start(lab, accounts, runtime);
    const { client, module, place, proxy } = bench;
    const results = (async () => await client.map(module, "held", itemsIn(place, 8), { spread: true, chunkSize: 3 }))();
    await bench.running();
    proxy.cut();
    await bench.go();
    proxy.restore();
    expect(await results).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await bench.effects()).toBe(8);
  });

  test("G49 says what may have run when its session is lost for good, and runs the rest in a new one", async () => {
    await using bench = await Bench.start(lab, accounts, runtime);
    const { client, module, place } = bench;
    const map = client.map(module, "held", itemsIn(place, 4), { spread: true, settled: true, chunkSize: 2, concurrency: 1 });
    const pid = await bench.running();
    signalEach([parentOf(pid)], "SIGKILL");
    const results: MapResult[] = [];
    for await (const each of map) {
      results.push(each);
      if (each.index !== 0) continue;
      await until("the worker to end with its supervisor", () => !isAlive(pid));
      await bench.go();
    }
    const told = results.map((each) => (each.status === "fulfilled" ? each.value : each.reason));
    expect(told).toEqual([expect.any(OutcomeUnknownError), expect.any(OutcomeUnknownError), 2, 3]);
    // Of those that were sent one had begun, and was ended.
    expect(await bench.effects()).toBe(3);
  });
});
