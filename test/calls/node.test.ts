import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { RemoteExecError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mainKinds, runtimesOn, stopSshd, type TestHost } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

const sample = `
import { spawnSync } from "node:child_process";
import { writeSync } from "node:fs";

export class Greeter {
  constructor(name) { this.name = name; }
  static hello(name) { return "hello " + name; }
}
export const later = async (value) => { await new Promise((done) => setTimeout(done, 10)); return value; };
export const echo = (...args) => args;
export default function () { return "the default"; }
export function everything() {
  return { none: null, nothing: undefined, big: 2n ** 80n, nan: NaN, minus: -0, bytes: Buffer.from([0, 255]), set: new Set([3]),
    keys: new Map([[1, "a"]]), time: new Date(5), pattern: /a+/i, url: new URL("https://example.org/p?q=1"), floats: new Float32Array([0.5]) };
}
export function loud() {
  console.log("from node");
  console.error("on stderr");
  writeSync(1, Buffer.from([0x72, 0xff, 0, 10]));
  spawnSync("sh", ["-c", "echo from a child; echo child stderr >&2"], { stdio: "inherit" });
  return "done";
}
export function fail() {
  try { JSON.parse("{"); } catch (cause) { throw new RangeError("outer", { cause }); }
}
export const unsendable = () => ({ items: [1, { handler: () => 0 }] });
export const end = (code) => process.exit(code);
`;

describe.each(mainKinds.filter((kind) => runtimesOn(kind).includes("node")))("Node calls on $name", (kind) => {
  let host: TestHost;
  let client: RemoteClient;
  const call = async (fn: string, ...args: unknown[]): Promise<unknown> =>
    (await client.doRemoteCall("./sample.mjs", fn, args, { cwd: "work" })).value;

  beforeAll(async () => {
    host = await kind.start();
    client = new RemoteClient(host.connector, { runtime: "node" });
    await client.doRemoteCall("node:fs", "mkdirSync", ["work"]);
    await writeFile(join(host.home, "work/sample.mjs"), sample);
    await mkdir(join(host.home, "work/node_modules/old"), { recursive: true });
    await writeFile(join(host.home, "work/node_modules/old/index.js"), "exports.which = () => 'CommonJS';");
  });
  afterAll(async () => {
    await client?.close();
    await host?.[Symbol.asyncDispose]();
  });

  test("returns values and facts of the host", async () => {
    const { value, host: facts } = await client.doRemoteCall("node:os", "homedir");
    expect(value).toBe(host.home);
    expect(facts).toMatchObject({ runtime: "node", home: host.home, base: join(host.home, ".sremote") });
  });

  test("ES modules, CommonJS packages, default exports, classes and async functions", async () => {
    expect(await call("echo", 1, [2])).toEqual([1, [2]]);
    expect(await call("default")).toBe("the default");
    expect(await call("Greeter.hello", "world")).toBe("hello world");
    expect(await call("later", { deep: [1n] })).toEqual({ deep: [1n] });
    expect((await client.doRemoteCall("old", "which", [], { cwd: "work" })).value).toBe("CommonJS");
  });

  test("keyword arguments are one object after the positional ones", async () => {
    expect((await client.doRemoteCall("./sample.mjs", "echo", [1], { cwd: "work", kwargs: { b: null } })).value).toEqual([1, { b: null }]);
    expect((await client.doRemoteCall("./sample.mjs", "echo", { a: 1 }, { cwd: "work" })).value).toEqual([{ a: 1 }]);
  });

  test("every value comes back as documented", async () => {
    expect(await call("everything")).toEqual({
      none: null,
      nothing: undefined,
      big: 2n ** 80n,
      nan: Number.NaN,
      minus: -0,
      bytes: new Uint8Array([0, 255]),
      set: new Set([3]),
      keys: new Map([[1, "a"]]),
      time: new Date(5),
      pattern: /a+/i,
      url: new URL("https://example.org/p?q=1"),
      floats: new Float32Array([0.5]),
    });
  });

  test("G31 output of Node, raw writes and child processes is complete and exact", async () => {
    const { value, output, stderr } = await client.doRemoteCall("./sample.mjs", "loud", [], { cwd: "work" });
    expect(value).toBe("done");
    expect(Buffer.from(output.stdout.bytes).toString("latin1")).toBe("from node\nr\xff\0\nfrom a child\n");
    expect(stderr).toBe("on stderr\nchild stderr\n");
  });

  test("a remote error carries type, message, frames with source, and cause", async () => {
    const error = await rejection(call("fail"), RemoteExecError);
    expect(error).toMatchObject({
      code: "raised",
      outcome: "raised",
      remote: { type: "RangeError", message: "outer", cause: { type: "SyntaxError" } },
    });
    const own = error.remote?.frames?.find((frame) => frame.function === "fail");
    expect(own).toMatchObject({ file: join(host.home, "work/sample.mjs") });
    expect(own?.source).toContain('throw new RangeError("outer"');
    expect(error.stack).toContain("node.test.ts");
  });

  test("G12 an unserialisable result names the path and says that the function ran; the next call works", async () => {
    const error = await rejection(call("unsendable"), RemoteExecError);
    expect(error).toMatchObject({ code: "unserializable-result", stage: "result", remote: { path: "return.items[1].handler" } });
    expect(error.message).toMatch(/ran/);
    expect(await call("echo")).toEqual([]);
  });

  test("a missing module or function says so, with near names and a hint", async () => {
    const missing = await rejection(client.doRemoteCall("no-such-package", "x"), RemoteExecError);
    expect(missing).toMatchObject({ code: "module-not-found", outcome: "not-run" });
    expect(missing.details).toContain("if it is yours, ship it with ship(), or set cwd");
    const near = await rejection(client.doRemoteCall("node:os", "hostnam"), RemoteExecError);
    expect(near).toMatchObject({ code: "function-not-found", outcome: "not-run" });
    expect(near.message).toContain("hostname");
  });

  test("G24 exit, signal and deadline are told apart", async () => {
    expect(await rejection(call("end", 255), RemoteExecError)).toMatchObject({ code: "exited", outcome: "killed", exitCode: 255 });
    expect(await rejection(client.doRemoteCall("node:process", "abort"), RemoteExecError)).toMatchObject({
      code: "killed",
      signal: "SIGABRT",
    });
    const sleep = client.doRemoteCall("node:timers/promises", "setTimeout", [60_000], { timeout: 300 });
    expect(await rejection(sleep, RemoteExecError)).toMatchObject({ code: "timeout", outcome: "timeout" });
  });

  test("variables are in place before the interpreter starts", async () => {
    const { value } = await client.doRemoteCall("node:v8", "getHeapStatistics", [], { env: { NODE_OPTIONS: "--max-old-space-size=123" } });
    // The limit is the old space plus some for the young generation.
    expect((value as { heap_size_limit: number }).heap_size_limit / 2 ** 20).toBeLessThan(200);
  });
});
