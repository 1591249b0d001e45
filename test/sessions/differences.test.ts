/* What docs/sessions.md names under "What differs from calls over files", on both. All else is the same: same-as-files.test.ts. */
import { existsSync } from "node:fs";
import { RemoteClient } from "@sremote/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { plant } from "../support/effects.ts";
import { hostKinds, runtimes, type TestHost } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

const python = `
import atexit

seen = []

def remember(value):
    seen.append(value)
    return seen

def count(n):
    yield from range(n)

def apply(function):
    return function(1)

def large(mebibytes):
    return len(bytearray(mebibytes << 20))

def at_exit():
    atexit.register(print, "left", flush=True)
`;
const node = `
const seen = [];
export function remember(value) { seen.push(value); return seen; }
export function* count(n) { for (let i = 0; i < n; i++) yield i; }
export function apply(fn) { return fn(1); }
export function large(mebibytes) { return Buffer.alloc(mebibytes << 20, 1).length; }
export function at_exit() { process.on("exit", () => console.log("left")); return undefined; }
`;
const modules = { python: "lab", node: "./lab.mjs" };

describe.each(runtimes)("in %s", (runtime) => {
  let host: TestHost;
  let session: RemoteClient;
  let files: RemoteClient;
  const lab = modules[runtime];

  beforeEach(async () => {
    host = await hostKinds.find(({ name }) => name === "local")!.start();
    await plant(host.home, "work/lab.py", python);
    await plant(host.home, "work/lab.mjs", node);
    session = new RemoteClient(host.connector, { runtime, pwdDir: "work" });
    files = new RemoteClient(host.connector, { runtime, pwdDir: "work", transport: "spool" });
  });
  afterEach(async () => {
    await files.close();
    await session.close();
    await host[Symbol.asyncDispose]();
  });

  const twice = async (client: RemoteClient, options = {}): Promise<unknown> => {
    await client.doRemoteCall(lab, "remember", [1], options);
    return (await client.doRemoteCall(lab, "remember", [2], options)).value;
  };

  test("the state of modules is kept by a warm process, and by no call of its own process", async () => {
    expect(await twice(session)).toEqual([1, 2]);
    expect(await twice(session, { isolation: "call" })).toEqual([2]);
    expect(await twice(files)).toEqual([2]);
  });

  test("generators, callbacks and what needs a living process are errors over files", async () => {
    const items: unknown[] = [];
    for await (const item of session.call(lab, "count", [3]).items()) items.push(item);
    expect(items).toEqual([0, 1, 2]);
    expect(await rejection(files.doRemoteCall(lab, "count", [3]))).toMatchObject({ code: "unserializable-result", outcome: "raised" });
    const double = (value: number): number => value * 2;
    expect((await session.doRemoteCall(lab, "apply", [double])).value).toBe(2);
    const refused = await rejection(files.doRemoteCall(lab, "apply", [double]));
    expect(refused).toMatchObject({ code: "unserializable-argument" });
    expect(refused.message).toContain("args[0]");
    for (const options of [{ workerName: "a" }, { queueTimeout: 1000 }, { idleTimeout: 1000 }, { returns: "object" }] as const) {
      expect(await rejection(files.doRemoteCall(lab, "remember", [1], options))).toMatchObject({ code: "unsupported" });
    }
  });

  test("memory is counted for the process: a warm one's largest so far, and each call's own", async () => {
    const used = async (client: RemoteClient, mebibytes: number): Promise<number> =>
      (await client.doRemoteCall(lab, "large", [mebibytes])).usage?.maxRssBytes ?? 0;
    expect(await used(session, 200)).toBeGreaterThan(200 << 20);
    expect(await used(session, 1)).toBeGreaterThan(200 << 20);
    expect(await used(files, 200)).toBeGreaterThan(200 << 20);
    expect(await used(files, 1)).toBeLessThan(200 << 20);
  });

  test("what runs at the exit of a process prints into no call of a session", async () => {
    expect((await session.doRemoteCall(lab, "at_exit")).stdout).toBe("");
    expect((await session.doRemoteCall(lab, "remember", [1])).stdout).toBe("");
    expect((await files.doRemoteCall(lab, "at_exit")).stdout).toBe("left\n");
  });

  test("the base directory is told by both, and made by files alone", async () => {
    const { base } = (await session.doRemoteCall(lab, "remember", [1])).host;
    expect(existsSync(base)).toBe(false);
    expect((await files.doRemoteCall(lab, "remember", [1])).host.base).toBe(base);
    expect(existsSync(base)).toBe(true);
  });
});
