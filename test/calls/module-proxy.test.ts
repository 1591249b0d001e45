/* A module as an object: calls, keyword arguments, constants, and that looking at it never becomes a call. */
import { inspect, isDeepStrictEqual } from "node:util";
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { InvalidArgumentError, RemoteExecError } from "@sremote/protocol";
import { afterAll, describe, expect, test } from "vitest";
import { rejection } from "../support/rejection.ts";

const python = new RemoteClient(local());
const node = new RemoteClient(local(), { runtime: "node" });
afterAll(() => Promise.all([python.close(), node.close()]));

test("functions take keyword arguments behind the others, of the call and of the module", async () => {
  const text = python.module("textwrap", { kwargs: { placeholder: "!" } });
  expect(await text["shorten"]!("hello big world", python.kwargs({ width: 9 }))).toBe("hello!");
  expect(await text["shorten"]!("hello big world", python.kwargs({ width: 9, placeholder: "…" }))).toBe("hello…");
  expect(await node.module("node:path")["format"]!(node.kwargs({ dir: "/a", base: "b" }))).toBe("/a/b");
  expect(() => python.kwargs([1] as never)).toThrow(InvalidArgumentError);
});

test("constants are read, and never called", async () => {
  expect(await python.constant("math", "pi")).toBe(Math.PI);
  expect(await python.constant("os", "path.sep")).toBe("/");
  expect(await node.constant("node:os", "EOL")).toBe("\n");
  expect(await python.constant("node:buffer", "constants.MAX_LENGTH", { runtime: "node" })).toBeGreaterThan(2 ** 31);
  for (const read of [() => python.constant("math", "sqrt"), () => node.constant("node:os", "hostname")]) {
    const error = await rejection(read(), RemoteExecError);
    expect(error).toMatchObject({ code: "function-not-found", outcome: "not-run" });
    expect(error.message).toContain("is no constant but a");
  }
  expect((await rejection(python.constant("math", "tauu"), RemoteExecError)).message).toContain("near names: tau");
  expect(await rejection(python.constant("math", "", {}))).toBeInstanceOf(InvalidArgumentError);
});

describe("looking at a proxy calls nothing", () => {
  // A connector that can do nothing: whatever reaches the host throws.
  const used: string[] = [];
  const refuse = (what: string) => (): never => {
    used.push(what);
    throw new Error(`${what} was used`);
  };
  const client = new RemoteClient({ ...local(), exec: refuse("exec"), push: refuse("push"), pull: refuse("pull"), spawn: refuse("spawn") });
  const module = client.module("os.path");
  const member = module["join"]!;
  // As programs without types do it.
  const [untypedModule, untypedMember] = [module, member] as unknown as [string, string];

  test.each([
    ["JSON.stringify", () => JSON.stringify({ module, member }), '{"module":"os.path","member":"os.path.join"}'],
    ["a template string", () => `${untypedModule} ${untypedMember}`, "os.path os.path.join"],
    ["concatenation", () => module + "", "os.path"],
    ["util.inspect", () => inspect({ module, member }), "{ module: [RemoteModule os.path], member: [RemoteModule os.path.join] }"],
    ["Object.prototype.toString", () => Object.prototype.toString.call(member), "[object RemoteModule]"],
    ["Object.keys", () => Object.keys(module), []],
    ["spread", () => ({ ...(module as object) }), {}],
    ["in", () => "join" in module, false],
    ["instanceof", () => module instanceof Promise, false],
    ["what is an instance of it", () => [] instanceof (member as never), false],
    ["typeof", () => typeof member, "function"],
    ["a deep comparison", () => isDeepStrictEqual(module, member), false],
  ])("%s", (_, look, expected) => {
    expect(look()).toEqual(expected);
  });

  test("await, Promise.resolve and async functions give the proxy itself", async () => {
    expect((await (untypedModule as never as Promise<unknown>)) === module).toBe(true);
    expect((await Promise.resolve(member)) === member).toBe(true);
    expect((await (async () => member)()) === member).toBe(true);
  });

  test.each([
    ["structuredClone", () => structuredClone(module)],
    ["iterating", () => [...(module as never)]],
    ["setting a member", () => ((module as { x?: unknown }).x = 1)],
    ["deleting one", () => delete (module as { join?: unknown }).join],
    ["a number", () => Number.isNaN(+module) && undefined],
  ])("%s is an error of the language, or no number", (name, look) => {
    if (name === "a number") expect(look()).toBeUndefined();
    else expect(look).toThrow();
  });

  test("and nothing reached the host", async () => {
    await new Promise((resolve) => setImmediate(resolve));
    expect(used).toEqual([]);
  });
});
