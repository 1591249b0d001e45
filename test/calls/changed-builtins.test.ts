/* A user's module that changes what JavaScript itself has: its changes stay for it, and calls and their results are as before. */
import { RemoteClient } from "@sremote/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plant } from "../support/effects.ts";
import { hostKinds, type TestHost } from "../support/hosts.ts";

const changes = {
  json: `JSON.stringify = () => "stringified"; JSON.parse = () => ({ parsed: true });`,
  toJSON: `Object.prototype.toJSON = Array.prototype.toJSON = () => "changed";`,
  arrays: `for (const name of ["map", "push", "slice", "entries", "some", "filter", "join", "at", "every", "includes"]) Array.prototype[name] = refuse;`,
  iterators: `Object.getPrototypeOf([][Symbol.iterator]()).next = refuse; Array.prototype[Symbol.iterator] = refuse;`,
  maps: `for (const name of ["get", "set", "has", "delete", "forEach"]) Map.prototype[name] = Set.prototype[name] = refuse;`,
  globals: `Promise = Map = Set = JSON = Reflect = class Own { static from() { throw new Error("changed"); } };`,
  buffers: `Buffer.from = Buffer.concat = Buffer.alloc = Buffer.allocUnsafe = Buffer.prototype.subarray = Buffer.prototype.toString = refuse;
    for (const name of ["set", "subarray", "fill", "indexOf"]) Object.getPrototypeOf(Uint8Array.prototype)[name] = refuse;`,
  texts: `for (const name of ["includes", "split", "slice", "replace", "startsWith", "endsWith", "trim"]) String.prototype[name] = refuse;
    RegExp.prototype.exec = RegExp.prototype.test = TextDecoder.prototype.decode = TextEncoder.prototype.encodeInto = Object.prototype.toString = refuse;`,
  promises: `for (const name of ["then", "catch", "finally"]) Promise.prototype[name] = refuse;`,
  process: `for (const name of ["cwd", "chdir", "umask", "cpuUsage", "resourceUsage"]) process[name] = refuse;
    Math.min = Math.max = Math.ceil = Math.round = performance.now = refuse;`,
  events: `const { Socket } = require("node:net"), { Readable, Writable, Duplex } = require("node:stream");
    for (const name of ["listenerCount", "eventNames", "rawListeners", "emit"]) events[name] = refuse;
    Readable.prototype.push = Duplex.prototype.write = Duplex.prototype.cork = Socket.prototype.ref = Socket.prototype._write = refuse;
    require("node:async_hooks").AsyncLocalStorage.prototype.run = refuse;`,
  modules: `Module._load = Module._resolveFilename = Module._findPath = Module.Module = Module.createRequire = refuse;
    Module.prototype.require = Module.prototype._compile = Module._extensions[".js"] = refuse;
    Module.registerHooks?.({ resolve: (name, context, next) => name === "node:zlib" ? refuse() : next(name, context) });`,
};
const source = (change: string): string => `
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const { prototype: events } = require("node:events"), Module = require("node:module");
const refuse = () => { throw new Error("changed"); };
const { parse, stringify } = JSON;
export function change() { ${change} return "changed"; }
export const echo = (value) => value;
export const ask = async (callback) => await callback(2);
export function* items() { yield 1; yield [2]; }
export const kept = () => JSON.stringify !== stringify || Array.prototype.map === refuse || Map.prototype.get === refuse || Buffer.from === refuse
  || Array.prototype[Symbol.iterator] === refuse || "toJSON" in {} || String.prototype.split === refuse || Promise.prototype.then === refuse
  || process.cwd === refuse || events.emit === refuse || Module._findPath === refuse;
export function fail() { throw new RangeError("the user's error"); }
`;
const value = { list: [1, [2], "three"], map: new Map([["a", 1]]), set: new Set([1]), at: new Date(0), bytes: Uint8Array.of(1, 2) };

let host: TestHost;
beforeAll(async () => {
  host = await hostKinds.find(({ name }) => name === "local")!.start();
  for (const [name, change] of Object.entries(changes)) {
    await plant(host.home, `work/${name}.mjs`, source(change));
    await plant(host.home, `work/${name}-now.mjs`, `${source(change)}change();\n`);
  }
});
afterAll(() => host[Symbol.asyncDispose]());

describe.each(Object.keys(changes))("changes of %s", (name) => {
  test("change no later call of a session", async () => {
    await using client = new RemoteClient(host.again(), { runtime: "node", pwdDir: "work", workers: 1 });
    const call = async (fn: string, args: unknown[] = []): Promise<unknown> => (await client.doRemoteCall(`./${name}.mjs`, fn, args)).value;
    expect(await call("change")).toBe("changed");
    expect(await call("echo", [value])).toEqual(value);
    expect(await call("kept")).toBe(true);
    expect(await call("ask", [(number: number) => number + 1])).toBe(3);
    const items: unknown[] = [];
    for await (const item of (await call("items")) as AsyncIterable<unknown>) items.push(item);
    expect(items).toEqual([1, [2]]);
    // They have Node's own checksum loaded.
    const large = new Uint8Array(100_000).fill(7);
    expect(await call("echo", [large])).toEqual(large);
    await expect(call("fail")).rejects.toMatchObject({ code: "raised", remote: { type: "RangeError", message: "the user's error" } });
    expect(await call("echo", [value])).toEqual(value);
  });

  test("change no answer over files", async () => {
    await using client = new RemoteClient(host.again(), { runtime: "node", pwdDir: "work", transport: "spool" });
    expect((await client.doRemoteCall(`./${name}-now.mjs`, "echo", [value])).value).toEqual(value);
  });
});
