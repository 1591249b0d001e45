/* What a session survives, and what is left of one that ends: its link, its client, its supervisor. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RemoteClient } from "@sremote/client";
import { OutcomeUnknownError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { sessionDefaults } from "../../packages/client/src/client-options.ts";
import { silentIntervals } from "../../packages/client/src/session/session.ts";
import { isAlive, signalEach } from "../../scripts/labs/processes.ts";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import type { Account } from "../../scripts/labs/users.ts";
import { until } from "../../scripts/labs/wait.ts";
import type { Runtime } from "../support/effects.ts";
import { hostKinds, hostPath, runtimes, stopSshd, type TestHost, withRuntimes } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";
import type { ClientProgram } from "./client-program.ts";
import { enduranceModule, plantEnduranceModules } from "./endurance-module.ts";
import { Accounts, Bench } from "./fault-bench.ts";

/** Mostly they wait for leases and heartbeats. */
const atOnce = 4;
vi.setConfig({ maxConcurrency: atOnce });

const accounts = new Accounts();
let lab: Lab;

beforeAll(async () => {
  lab = await startSshd({ config: [`SetEnv PATH=${hostPath}`] });
  await accounts.prepare(lab, atOnce);
  for (const { home } of accounts.all) await plantEnduranceModules(home);
});
afterAll(async () => {
  await lab?.stop();
  await stopSshd();
});

/** A heartbeat that notices soon. */
const quick = 200;

async function gone(pids: readonly number[], timeout: number): Promise<void> {
  await until(`processes ${pids.join(", ")} to end`, () => !pids.some(isAlive), timeout);
}

async function family(client: RemoteClient, runtime: Runtime): Promise<[worker: number, supervisor: number]> {
  return (await client.doRemoteCall<[number, number]>(enduranceModule[runtime], "family")).value;
}

/** Starts what leaves processes behind. @returns the ids of worker, supervisor and the others, once they are there */
async function breed(client: RemoteClient, runtime: Runtime, path: string): Promise<{ pids: number[]; call: Promise<unknown> }> {
  const call = client.doRemoteCall(enduranceModule[runtime], "breed", [path]);
  call.catch(() => undefined); // the tests look at it when it has ended
  return { pids: await bred(path), call };
}

async function bred(path: string): Promise<number[]> {
  return await until("the function's processes", async () => {
    const text = existsSync(path) ? await readFile(path, "utf8") : "";
    return text !== "" && text.split(" ").map(Number);
  });
}

describe.concurrent.each(runtimes)("a session of %s whose link is lost", (runtime) => {
  test("G03 gives the result that was finished meanwhile, and every line printed meanwhile, once and in order", async () => {
    await using bench = await Bench.start(lab, accounts, runtime);
    const { client, module, place, proxy } = bench;
    const call = client.call<number>(module, "prints", [place]);
    const lines: string[] = [];
    const reading = (async () => {
      for await (const line of call.stdout) lines.push(line);
    })();
    const pid = await bench.running();
    proxy.cut();
    await bench.go();
    await until("the function to be over", async () => existsSync(join(place, "over")));
    expect(isAlive(pid)).toBe(true); // the worker waits for its next call
    proxy.restore();
    const { value } = await call;
    await reading;
    expect(value).toBeGreaterThanOrEqual(3);
    expect(lines).toEqual(Array.from({ length: value }, (_, index) => `line ${index}`));
    expect(await bench.effects()).toBe(1);
  });

  test("G03 says that the outcome is unknown when the lease is over, and has ended everything by then; nothing runs twice", async () => {
    await using bench = await Bench.start(lab, accounts, runtime, { resumeTimeout: 1500, heartbeatInterval: quick });
    const { client, proxy, module, place } = bench;
    const { pids, call } = await breed(client, runtime, join(place, "pids"));
    proxy.cut();
    const error = await rejection(call, OutcomeUnknownError);
    expect(error).toMatchObject({ code: "outcome-unknown", stage: "call", callId: expect.stringMatching(/^[0-9a-f]{32}$/) });
    await gone(pids, 4000);
    proxy.restore();
    expect((await client.call(module, "plain", [place, "new"])).value).toBe("new");
    // A second run would have written its own.
    expect(await bred(join(place, "pids"))).toEqual(pids);
  });

  test("G03 says so too when the host is reached again too late", async () => {
    await using bench = await Bench.start(lab, accounts, runtime, { resumeTimeout: 1500, heartbeatInterval: quick });
    const { pids, call } = await breed(bench.client, runtime, join(bench.place, "pids"));
    // The client's own clock of the lease has not begun as long as it takes the link for alive.
    bench.proxy.halfOpen("to-server");
    signalEach([pids[1]!], "SIGKILL");
    await gone(pids, 2000);
    bench.proxy.restore();
    await rejection(call, OutcomeUnknownError);
    expect((await bench.client.call(bench.module, "plain", [bench.place, "new"])).value).toBe("new");
  });

  test("G09 notices a blackhole within four heartbeats", async () => {
    await using bench = await Bench.start(lab, accounts, runtime, { heartbeatInterval: quick });
    const { client, proxy, module, place } = bench;
    const { connector } = client;
    const starts: number[] = [];
    const start = connector.spawn!.bind(connector);
    connector.spawn = (command, options) => {
      starts.push(performance.now());
      return start(command, options);
    };
    const call = client.call(module, "held", [place, "value"]);
    call.catch(() => undefined); // met below
    await bench.running();
    proxy.blackhole();
    const begin = performance.now();
    await until("the client to start a new link", () => starts.length > 1, 5000);
    const noticed = starts[1]! - begin;
    expect(noticed).toBeGreaterThan((silentIntervals - 1) * quick);
    // With time for a busy machine.
    expect(noticed).toBeLessThan((silentIntervals + 1) * quick + 500);
    proxy.restore();
    await bench.go();
    expect((await call).value).toBe("value");
  });

  test("G09 comes back on a new connection when the old one is dead for good", async () => {
    await using bench = await Bench.start(lab, accounts, runtime, { heartbeatInterval: quick, resumeTimeout: 9000 });
    const call = bench.client.call(bench.module, "held", [bench.place, "value"]);
    call.catch(() => undefined); // met below
    await bench.running();
    bench.proxy.strand();
    await until("a new connection", () => bench.proxy.accepted > 1);
    await bench.go();
    expect((await call).value).toBe("value");
    expect(await bench.effects()).toBe(1);
  });
});

test("G09 a blackhole is noticed within 60 s when nothing is configured", () => {
  // A ping may just have been answered when it begins; the host is given up at the beat after the last that it may miss.
  expect((silentIntervals + 1) * sessionDefaults.heartbeatInterval).toBeLessThanOrEqual(60_000);
});

const clientProgram = fileURLToPath(new URL("client-program.ts", import.meta.url));
const kinds = hostKinds.filter(({ name }) => name === "local" || name === "ssh");
const clients = withRuntimes(kinds).map(({ kind, runtime, name }) => [name, { kind, runtime }] as const);

test.concurrent.each(clients)(
  "G15 when the client is killed, all that it ran is gone after the lease: %s",
  async (_, { kind, runtime }) => {
    const place = `pids-${runtime}-${kind.name}`;
    const lease = 2000;
    let host: TestHost | undefined;
    let account: Account | undefined;
    try {
      let connector: ClientProgram["connector"];
      let home: string;
      if (kind.name === "local") {
        host = await kind.start();
        home = host.home;
        connector = { local: { cwd: home, env: { HOME: home, PATH: hostPath, LANG: "C.UTF-8" } } };
        await plantEnduranceModules(home);
      } else {
        account = await accounts.take();
        home = account.home;
        const hostKey = { fingerprint: lab.hostKeys[0]!.fingerprint };
        const where = { host: lab.address, port: lab.port, username: account.name, privateKeyPath: lab.key.path };
        connector = { ssh: { ...where, hostKey, sshConfig: false } };
      }
      const path = join(home, place);
      const program: ClientProgram = { connector, runtime, module: enduranceModule[runtime], lease, heartbeat: quick, path };
      const child = spawn(process.execPath, ["--conditions=@sremote/source", clientProgram, JSON.stringify(program)], {
        stdio: ["ignore", "inherit", "inherit"],
      });
      const exited = once(child, "exit");
      const pids = await bred(path);
      expect(pids).toHaveLength(5);
      child.kill("SIGKILL");
      await exited;
      // One second more between SIGTERM and SIGKILL, and time for a busy machine.
      await gone(pids, lease + 1000 + 2000);
    } finally {
      if (account !== undefined) accounts.giveBack(account);
      await host?.[Symbol.asyncDispose]();
    }
  },
);

describe.concurrent.each(runtimes)("a session of %s", (runtime) => {
  test("G15 whose supervisor is killed leaves nothing behind, says that outcomes are unknown, and is followed by a new one", async () => {
    await using bench = await Bench.start(lab, accounts, runtime, { workers: 2 });
    const { client } = bench;
    const [, supervisor] = await family(client, runtime);
    const { pids, call } = await breed(client, runtime, join(bench.place, "pids"));
    expect(pids[1]).toBe(supervisor);
    signalEach([supervisor], "SIGKILL");
    await rejection(call, OutcomeUnknownError);
    // No lease: the kernel, or who watches for it, tells the workers at once.
    await gone(pids, 2000);
    const [, next] = await family(client, runtime);
    expect(next).not.toBe(supervisor);
  });

  test.each([
    ["killed", "die", 9, { code: "killed", signal: "SIGKILL" }],
    ["crashed", "die", 11, { code: "killed", signal: "SIGSEGV" }],
    ["aborted", "abort", undefined, { code: "killed", signal: "SIGABRT" }],
    ["left", "leave", 3, { code: "exited", exitCode: 3 }],
  ] as const)("G24 loses one call, and no other, to a worker that is %s", async (_, fn, argument, named) => {
    await using bench = await Bench.start(lab, accounts, runtime, { workers: 2 });
    const { client, module, place } = bench;
    const other = client.call(module, "held", [place, "unharmed"]);
    other.catch(() => undefined); // met below
    await bench.running();
    const args = argument === undefined ? [] : [argument];
    expect(await rejection(client.doRemoteCall(enduranceModule[runtime], fn, args))).toMatchObject({ ...named, outcome: "killed" });
    expect((await client.doRemoteCall(enduranceModule[runtime], "add", [1, 2])).value).toBe(3);
    await bench.go();
    expect((await other).value).toBe("unharmed");
    expect(await bench.effects()).toBe(1);
  });
});
