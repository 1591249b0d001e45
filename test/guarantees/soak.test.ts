/* G40. SREMOTE_SOAK_CALLS lowers the number of calls for a quick run; with CI=true it is ignored. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { RemoteExecError } from "@sremote/protocol";
import { afterAll, expect, test } from "vitest";
import { findProcesses } from "../../scripts/labs/processes.ts";
import { until } from "../../scripts/labs/wait.ts";
import { plant, type Runtime } from "../support/effects.ts";
import { hostKinds, stopSshd, type TestHost } from "../support/hosts.ts";

afterAll(stopSshd);

const asked = process.env["CI"] === "true" ? undefined : process.env["SREMOTE_SOAK_CALLS"];
const total = Number(asked ?? 10_000);

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

async function soak(kindName: string, runtime: Runtime, calls: number): Promise<void> {
  const kind = hostKinds.find(({ name }) => name === kindName)!;
  await using host: TestHost = await kind.start();
  await plant(host.home, modules[runtime].file, modules[runtime].text);
  const descriptors = async (): Promise<number> => (await readdir("/proc/self/fd")).length;
  let before = 0;
  {
    await using client = new RemoteClient(host.connector, { runtime });
    await oneCall(client, runtime, 0);
    before = await descriptors();
    let next = 1;
    const lane = async (): Promise<void> => {
      while (next < calls) await oneCall(client, runtime, next++);
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
    expect(await descriptors()).toBeLessThanOrEqual(before + 1);
  }
  expect(await readdir(join(host.home, ".sremote/calls"))).toEqual([]);
  expect(await readdir(join(host.home, ".sremote/tmp"))).toEqual([]);
  await until(
    "every process of ours on the host to end",
    async () => (await findProcesses(({ command }) => command.includes(`${host.home}/.sremote`))).length === 0,
  );
  expect(await descriptors()).toBeLessThanOrEqual(before);
}

const few = Math.max(20, Math.round(total * 0.02));
test(`G40 after ${total} mixed calls, 30 % failing, no file, process or descriptor is left`, { timeout: 400_000 }, async () => {
  await soak("local", "python", total - 4 * few);
  await soak("local", "node", few);
  await soak("three functions", "python", few);
  await soak("ssh", "python", few);
  await soak("ssh", "node", few);
});
