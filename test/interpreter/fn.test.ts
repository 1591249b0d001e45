/* Functions of this program that run on a Node host, over sessions and over files. */
import { runInThisContext } from "node:vm";
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import { plant } from "../support/effects.ts";
import { hostKinds, type TestHost } from "../support/hosts.ts";

let host: TestHost;
beforeAll(async () => {
  host = await hostKinds.find(({ name }) => name === "local")!.start();
  await plant(host.home, "work/node_modules/answer/index.js", "module.exports = 42;");
});
afterAll(() => host[Symbol.asyncDispose]());

const outside = 3;

/** A function of this text. */
function written(text: string): (...args: unknown[]) => unknown {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the text says what it is
  return runInThisContext(`(${text})`) as (...args: unknown[]) => unknown;
}

/** As a program writes it: what runs the tests would change an `import()`. */
const importing = written("async (name) => (await import(name)).platform()");

describe.each(["auto", "spool"] as const)("client.fn, transport %s", (transport) => {
  let client: RemoteClient;
  beforeAll(() => {
    client = new RemoteClient(host.again(), { transport });
  });
  afterAll(() => client.close());

  test("runs on the host, with data as arguments and result", async () => {
    const add = client.fn((a: number, b: number) => a + b);
    expectTypeOf(add(1, 2).value).toEqualTypeOf<Promise<number>>();
    expect(await add(1, 2).value).toBe(3);
    const { value, stdout } = await client.fn(function hypotenuse(sides: Float64Array) {
      console.log(process.cwd());
      return Math.hypot(...sides);
    })(new Float64Array([3, 4]));
    expect([value, stdout]).toEqual([5, `${host.home}\n`]);
    expect(await client.fn(importing)("node:os").value).toBe(process.platform);
    expect(await client.fn((name: string) => require(name) as number, { cwd: "work" })("answer").value).toBe(42);
  });

  test("fails with the function's own lines", async () => {
    const fails = client.fn(function divide(a: bigint) {
      const zero = 0n;
      return a / zero;
    });
    await expect(fails(1n).value).rejects.toMatchObject({
      code: "raised",
      message: "the function divide raised RangeError: Division by zero",
      remote: { frames: [{ file: "<function>", function: "divide", line: 3, source: "return a / zero;" }] },
    });
  });
});

test("over a session, arguments may be functions, calls and objects, and a generator is iterated", async () => {
  await using client = new RemoteClient(host.again());
  const twice = client.fn((x: number) => 2 * x);
  expect(await twice(twice(2)).value).toBe(8);
  const items: number[] = [];
  for await (const item of client.fn(function* count(n: number) {
    for (let i = 0; i < n; i++) yield i;
  })(3)) {
    items.push(item);
  }
  expect(items).toEqual([0, 1, 2]);
  const { value } = await client.fn(() => new Map([["a", 1]]), { returns: "object" })();
  await using map = value;
  expect(await client.fn((given: Map<string, number>) => given.get("a"))(map).value).toBe(1);
});

describe("what is not self-contained is refused", () => {
  const client = new RemoteClient(local());
  test.each<[string, (...args: never[]) => unknown, string]>([
    ["a variable from around it", () => outside, "fn must be self-contained, but uses outside (line 1) from around it"],
    [
      "several, by their lines",
      written("(a, { b = c1 } = {}) => {\n  a.d1 = 'd1';\n  return () => `${e1}` + typeof c1;\n}"),
      "fn must be self-contained, but uses c1 (line 1), e1 (line 3) from around it",
    ],
    ["a method", written("({ method() { return 1; } }).method"), "fn must be an arrow function or a `function`, not a method"],
    ["a bound function", written("function () {}.bind(null)"), "fn must be a function of your own, not a native or bound one"],
    ["a class", written("class Some {}"), "fn must be a function, not a class"],
    ["eval", written("() => eval('1')"), "fn must be a function without eval, whose variables can be known"],
    ["what is no function", 3 as never, "fn must be a function, not 3"],
  ])("%s", (_what, fn, message) => {
    expect(() => client.fn(fn)).toThrow(expect.objectContaining({ code: "invalid-argument", message }) as Error);
  });

  test("but not what is its own, a member, a label, text, or global on a Node host", () => {
    const own = written(`function self(a, ...rest) {
      const { outside: { x: inner = 1 } = {} } = a;
      outside: for (const each of rest) { if (each.outside) break outside; }
      try { self(); } catch (error) { console.error(error, "outside", /outside/); }
      class Local { outside = 1; static #p = inner; get() { return this.outside + Local.name; } }
      function helper() { return helper.name + new Local() + typeof undefined; }
      return { outside: helper(), [inner]: structuredClone(Buffer.from(globalThis.fetch + process.pid + NaN)) , f: async () => import("node:fs") };
    }`);
    expect(client.fn(own)).toBeTypeOf("function");
  });
});
