/* G40: a thousand calls in `npm test`, ten thousand in the nightly run. What a call leaves shows long before. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { RemoteExecError } from "@sremote/protocol";
import { afterAll, expect, test } from "vitest";
import { until } from "../../scripts/labs/wait.ts";
import { plant, type Runtime } from "../support/effects.ts";
import { isNightly } from "../support/nightly.ts";
import { hostKinds, stopSshd, type TestHost } from "../support/hosts.ts";
import { hostProcesses, listeningAt, socketsLeft } from "../support/leftovers.ts";

afterAll(stopSshd);

const total = isNightly ? 10_000 : 1000;

const modules: Record<Runtime, { file: string; name: string; text: string; missing: string }> = {
  python: {
    file: "work/mixed.py",
    name: "mixed",
    missing: "no_such_function",
    text: `
import os, sys

def good(number):
    print("call", number)
    return {"number": number, "bytes": b"\\x00" * (number % 50)}

def bad(number):
    print("going wrong", number, file=sys.stderr)
    raise ValueError(number)

def leave(number):
    os._exit(number % 256)

def unsendable(number):
    return {"items": [number, lambda: 0]}
`,
  },
  node: {
    file: "work/mixed.mjs",
    name: "./mixed.mjs",
    missing: "noSuchFunction",
    text: `
export function good(number) { console.log("call", number); return { number, bytes: new Uint8Array(number % 50) }; }
export function bad(number) { console.error("going wrong", number); throw new RangeError(String(number)); }
export function leave(number) { process.exit(number % 256); }
export function unsendable(number) { return { items: [number, () => 0] }; }
`,
  },
};

/** Of ten calls seven are good and three fail, each time another three of the four ways. */
async function oneCall(client: RemoteClient, runtime: Runtime, number: number): Promise<void> {
  const { name, missing } = modules[runtime];
  const call = (fn: string): Promise<{ value: unknown }> => client.doRemoteCall(name, fn, [number], { runtime, cwd: "work" });
  if (number % 10 < 7) {
    expect((await call("good")).value).toEqual({ number, bytes: new Uint8Array(number % 50) });
    return;
  }
  const ways = [
    { fn: "bad", code: "raised" },
    { fn: "leave", code: "exited" },
    { fn: "unsendable", code: "unserializable-result" },
    { fn: missing, code: "function-not-found" },
  ];
  const way = ways[Math.floor(number / 10 + number) % 4]!;
  const error: unknown = await call(way.fn).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RemoteExecError);
  expect(error).toMatchObject({ code: way.code });
}

async function descriptors(): Promise<number> {
  return (await readdir("/proc/self/fd")).length;
}

/** More than a supervisor with four workers needs, and far less than one for each call that ended its worker. */
const mostOpen = 64;

async function openFiles(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`).catch(() => [])).length;
}

/** Runs these calls in four lanes on one client, and looks for whatever they may have left. */
async function soak(kindName: string, runtime: Runtime, calls: number): Promise<void> {
  const kind = hostKinds.find(({ name }) => name === kindName)!;
  await using host: TestHost = await kind.start();
  await plant(host.home, modules[runtime].file, modules[runtime].text);
  // What importing the module leaves beside it is made once, by the first call.
  const files = async (): Promise<string[]> => (await readdir(host.home, { recursive: true })).toSorted();
  let before = { descriptors: 0, files: [""] };
  let sockets: string[];
  {
    await using client = new RemoteClient(host.connector, { runtime });
    await oneCall(client, runtime, 0);
    before = { descriptors: await descriptors(), files: await files() };
    let next = 1;
    const lane = async (): Promise<void> => {
      while (next < calls) await oneCall(client, runtime, next++);
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
    expect(await descriptors()).toBeLessThanOrEqual(before.descriptors + 1);
    const running = await hostProcesses(host.home);
    sockets = await listeningAt(running);
    // A session's supervisor can be reached again.
    expect(sockets).toHaveLength(kind.carriage === "session" ? 1 : 0);
    if (kind.carriage === "session") {
      expect(await files()).toEqual(before.files);
      expect(Math.max(...(await Promise.all(running.map(({ pid }) => openFiles(pid)))))).toBeLessThan(mostOpen);
    }
  }
  await until("every process of ours on the host to end", async () => (await hostProcesses(host.home)).length === 0);
  expect(await socketsLeft(sockets)).toEqual([]);
  expect(await descriptors()).toBeLessThanOrEqual(before.descriptors);
  if (kind.carriage === "session") {
    expect(existsSync(join(host.home, ".sremote"))).toBe(false);
  } else {
    expect(await readdir(join(host.home, ".sremote/calls"))).toEqual([]);
    expect(await readdir(join(host.home, ".sremote/tmp"))).toEqual([]);
  }
}

/** How the calls are shared out: nearly all over sessions, and each way of the spool with a few. Nightly with both runtimes, and over ssh as well. */
const shares: [kind: string, runtime: Runtime, perTenThousand: number][] = [
  ["local", "node", 2400],
  ["ssh", "python", 2000],
  ["local without sessions", "node", 80],
  ["three functions", "python", 90],
];
if (isNightly) {
  shares.push(
    ["ssh", "node", 1000],
    ["local without sessions", "python", 250],
    ["ssh without sessions", "python", 120],
    ["ssh without sessions", "node", 60],
  );
}

test(`G40 after ${total} mixed calls, 30 % failing, no file, process, socket or descriptor is left`, { timeout: 400_000 }, async () => {
  let left = total;
  for (const [kind, runtime, share] of shares) {
    const calls = Math.max(20, Math.round((total * share) / 10_000));
    await soak(kind, runtime, calls);
    left -= calls;
  }
  await soak("local", "python", Math.max(20, left));
});
