/*
 * Every verb of a fleet, at every place where its host can stop answering: the deadline of the run, that of the host, `kill` and `wait` end it, with
 * a reason that says so, and the fleet closes. Bounds are generous: a busy machine is slow, a deadline that binds nothing takes half a minute.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ssh } from "@sremote/connectors";
import { type Fleet, fleet, type Job, parallel, type Run, sequence } from "@sremote/fleet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startEmbeddedSsh } from "../../scripts/labs/embedded-ssh.ts";
import { startProxy } from "../../scripts/labs/proxy.ts";
import { coldPlaces, startStallingHost } from "../stubs/stalling-host.ts";

/** Milliseconds after which deadlines pass, and runs are killed. */
const soon = 300;
/** Milliseconds that a verb may take in all, and the fleet to close. */
const [bound, closeBound] = [8000, 15_000];

interface Limits {
  timeout?: number;
  hostTimeout?: number;
}
type Verb = (hosts: Fleet, limits: Limits) => Run;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sremote-stalls-"));
  await writeFile(join(directory, "file"), "x");
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

const verbs: Readonly<Record<string, Verb>> = {
  run: (hosts, limits) => hosts.run("sleep 60", limits),
  "run with input": (hosts, limits) => hosts.run("sleep 60", { ...limits, stdin: "x" }),
  "run without a watchdog": (hosts, limits) => hosts.run("sleep 60", { ...limits, killOnDisconnect: false }),
  call: (hosts, limits) => hosts.call("time", "sleep", [60], limits),
  push: (hosts, limits) => hosts.push(join(directory, "file"), "/tmp/sremote-stalls", limits),
  pull: (hosts, limits) => hosts.pull("/etc/hostname", join(directory, "pulled"), limits),
  "sync there": (hosts, limits) => hosts.sync(directory, "/tmp/sremote-stalls.d", { ...limits, direction: "push" }),
  "sync here": (hosts, limits) => hosts.sync(join(directory, "synced"), "/etc/ssh", { ...limits, direction: "pull" }),
};

interface End {
  begin: (verb: Verb, hosts: Fleet) => Run;
  reason: Job["reason"];
}

const killedBy = (end: (run: Run) => unknown): End["begin"] => {
  return (verb, hosts) => {
    const run = verb(hosts, {});
    end(run);
    return run;
  };
};

const ends: Readonly<Record<string, End>> = {
  timeout: { begin: (verb, hosts) => verb(hosts, { timeout: soon }), reason: "timeout" },
  hostTimeout: { begin: (verb, hosts) => verb(hosts, { hostTimeout: soon }), reason: "timeout" },
  kill: { begin: killedBy((run) => void delay(soon).then(() => run.kill())), reason: "killed" },
  wait: { begin: killedBy((run) => void run.wait({ timeout: soon, kill: true })), reason: "timeout" },
  parallel: { begin: (verb, hosts) => parallel([verb(hosts, {})], { timeout: soon }), reason: "timeout" },
  sequence: { begin: (verb, hosts) => sequence([verb(hosts, {})], { timeout: soon }), reason: "timeout" },
};

/** All at once. @returns those that did not end as they should */
async function wrongOnes(hosts: Fleet): Promise<unknown[]> {
  const one = async (name: string, verb: Verb, end: string): Promise<unknown[]> => {
    const begun = performance.now();
    const { begin, reason } = ends[end]!;
    const run = begin(verb, hosts);
    await Promise.race([run, delay(2 * bound)]);
    const took = performance.now() - begun;
    const found = { name, end, reason: run.jobs[0]?.reason, late: took > bound, gathered: run.gather().length };
    const isRight = found.reason === reason && !found.late && found.gathered === 1;
    return isRight ? [] : [{ ...found, error: String(run.jobs[0]?.error) }];
  };
  const all = await Promise.all(Object.entries(verbs).flatMap(([name, verb]) => Object.keys(ends).map((end) => one(name, verb, end))));
  return all.flat();
}

async function closesInTime(hosts: Fleet): Promise<void> {
  const begun = performance.now();
  await hosts.close();
  expect(performance.now() - begun).toBeLessThan(closeBound);
}

const options = { logLevel: "silent", forceKillAfterDelay: 200, concurrency: 1000 } as const;

describe.concurrent("the host of a fleet stops answering", () => {
  test.each(coldPlaces)("at %s", async (place) => {
    await using host = await startStallingHost(place);
    const to = { host: "127.0.0.1", port: host.port, username: "u", password: "p", sshConfig: false, agent: false } as const;
    const hosts = fleet(["h"], { ...options, connect: () => ssh({ ...to, hostKey: () => true }) });
    expect(await wrongOnes(hosts)).toEqual([]);
    // What is under way then ends with the fleet.
    const under = Object.values(verbs).map((verb) => verb(hosts, {}));
    await closesInTime(hosts);
    expect(under.map(({ ended }) => ended)).toEqual(under.map(() => true));
  });

  test("while runs, calls and the watchdog are under way", async () => {
    await using server = await startEmbeddedSsh();
    await using proxy = await startProxy({ host: server.address, port: server.port });
    const privateKey = await readFile(server.privateKeyPath);
    const to = { host: proxy.address, port: proxy.port, username: server.username, privateKey, sshConfig: false, agent: false } as const;
    const hosts = fleet(["h"], { ...options, connect: () => ssh({ ...to, hostKey: { fingerprint: server.fingerprint } }) });
    const began = [hosts.run("echo up; sleep 60"), hosts.run("echo up; cat", { stdin: true }), hosts.call("code", "interact", [])];
    for (const run of began.slice(0, 2)) expect((await run.lines().next()).value).toMatchObject({ text: "up" });
    proxy.blackhole();
    const killed = performance.now();
    const results = await Promise.all([...began.map((run) => run.kill()), wrongOnes(hosts)]);
    expect(results.at(-1)).toEqual([]);
    expect(performance.now() - killed).toBeLessThan(closeBound);
    expect(began.map(({ jobs }) => jobs[0]!.reason)).toEqual(["killed", "killed", "killed"]);
    await closesInTime(hosts);
  });
});

test("a host that is not reached by its deadline: the error says what it waited for", async () => {
  await using host = await startStallingHost("banner");
  const to = { host: "127.0.0.1", port: host.port, username: "u", password: "p", sshConfig: false, agent: false } as const;
  await using hosts = fleet(["h"], { ...options, connect: () => ssh({ ...to, hostKey: () => true }) });
  const { jobs } = await hosts.run("true", { hostTimeout: 50 });
  expect(String(jobs[0]!.error)).toContain("it had not started: it was waiting for the host to be reached");
});
