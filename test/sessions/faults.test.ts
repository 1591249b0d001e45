/*
 * What a link can suffer at each step of a call: the call ends with its value or a named outcome, its function has run at most once, and the client works
 * again afterwards. From the moment the session is there, a link that comes back within the lease costs nothing at all.
 */
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { findProcesses, isAlive } from "../../scripts/labs/processes.ts";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import { until } from "../../scripts/labs/wait.ts";
import type { Runtime } from "../support/effects.ts";
import { hostPath, runtimes } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { Accounts, Bench, heartbeat, lease, outcomeOf } from "./fault-bench.ts";
import { type Marks, points } from "./fault-point.ts";
import { faults, Strike } from "./fault.ts";

/** Cases are mostly waiting for something. */
const atOnce = 10;
vi.setConfig({ maxConcurrency: atOnce });

/** Milliseconds within which every case has ended, whatever happens. */
const bound = 25_000;

/** Codes that say that nothing ran, or that it is not known: what may come of a fault before the session is there. */
const named = [
  "connect-refused",
  "connect-timeout",
  "connect-failed",
  "host-key-changed",
  "host-key-unknown",
  "auth-failed",
  "channel-failed",
  "connection-lost",
  "protocol-error",
  "outcome-unknown",
];

const accounts = new Accounts();
let lab: Lab;
let marks: Record<Runtime, Marks>;

beforeAll(async () => {
  lab = await startSshd({ config: [`SetEnv PATH=${hostPath}`, "MaxStartups 100"] });
  await accounts.prepare(lab, atOnce);
  marks = { python: await measure("python"), node: await measure("node") };
});
afterAll(async () => {
  await lab?.stop();
});

/** Starts a session and nothing else: its call is refused when the session is there, since what it is given is an object of another one. */
async function measure(runtime: Runtime): Promise<Marks> {
  // As many digits as the heartbeat of the cases, and no ping on the way.
  await using bench = await Bench.start(lab, accounts, runtime, { heartbeatInterval: 999 });
  const { client, proxy } = bench;
  await client.status();
  const authenticated = proxy.carriedIn("to-client");
  await using other = new RemoteClient(local());
  const { value } = await other.call("collections", "Counter", [], { returns: "object" });
  const refused = client.call(bench.module, "plain", [value]);
  await expect(refused).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringContaining("is an object of another session") as string,
  });
  return { authenticated, hello: proxy.carriedIn("to-server"), welcome: proxy.carriedIn("to-client") };
}

/**
 * Every fault at every moment. With the supervisor of Node every third, so that it meets each fault, and one at each moment: the rest is the client's, and
 * test/simulation tries the very same supervisor over links with hundreds of seeds. Nightly all.
 */
const cases = points.flatMap((point, moment) =>
  faults.flatMap((fault, kind) =>
    runtimes
      .filter((runtime) => isNightly || runtime === "python" || (moment + kind) % 3 === 0)
      .map((runtime) => [`${fault.name} ${point.name}, in ${runtime}`, { runtime, point, fault }] as const),
  ),
);
const closing = runtimes.flatMap((runtime) => faults.map((fault) => [`${fault.name}, in ${runtime}`, { runtime, fault }] as const));

async function within<T>(work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`nothing came of it within ${bound} ms`)), bound);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

describe.concurrent("G01 G03 G09 a fault of the link", () => {
  test.for(cases)("%s", async ([, { runtime, point, fault }], { expect: check }) => {
    await using bench = await Bench.start(lab, accounts, runtime);
    const strike = new Strike(bench.proxy, fault, point.direction);
    const outcome = await within(outcomeOf(point.act(bench, strike, marks[runtime])));
    strike.hasSettled = true;
    check(strike.count, "the fault has struck").toBe(1);
    await strike.over;
    const effects = await bench.effects();
    if (point.before && "code" in outcome) {
      check(named).toContain(outcome.code);
      check(effects).toBeLessThanOrEqual(1);
    } else {
      check(outcome).toEqual({ value: point.value });
      check(effects).toBe(point.effects ?? 1);
    }
    bench.proxy.restore();
    bench.proxy.setDelay(0);
    const again = await within(outcomeOf(bench.client.call(bench.module, "plain", [bench.place, "again"]).value));
    check(again).toEqual({ value: "again" });
    check(await bench.effects()).toBe(effects + 1);
  });

  test.for(closing)("while the client closes ends everything: %s", async ([, { runtime, fault }], { expect: check }) => {
    await using bench = await Bench.start(lab, accounts, runtime);
    const call = outcomeOf(bench.client.call(bench.module, "held", [bench.place]));
    const pid = await bench.running();
    const strike = new Strike(bench.proxy, fault, "to-server");
    strike.now();
    await within(bench.client.close());
    strike.hasSettled = true;
    check(await call).toMatchObject({ code: "closed" });
    await strike.over;
    // Where the word did not get through, the host misses four heartbeats and then waits for the lease.
    await until("the function's process to end", () => !isAlive(pid), 4 * heartbeat + lease + 5000);
    check(await bench.effects()).toBe(1);
    check(await outcomeOf(bench.client.call(bench.module, "plain", [bench.place]))).toMatchObject({ code: "closed" });
  });
});

test("G15 no process of any of these cases is left", async () => {
  const uids = accounts.all.map(({ uid }) => uid);
  const left = async (): Promise<string[]> => (await findProcesses(({ uid }) => uids.includes(uid))).map(({ command }) => command);
  await until("all processes of the accounts to end", async () => (await left()).length === 0, 4 * heartbeat + lease + 5000).catch(
    () => undefined,
  );
  expect(await left()).toEqual([]);
});
