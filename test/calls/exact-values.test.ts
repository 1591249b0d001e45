/* Values that runtimes hold differently arrive exactly, or are refused with their place and what to do. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { float, int, NdArray, ProtocolError, RemoteExecError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rejection } from "../support/rejection.ts";

describe.each(["auto", "spool"] as const)("over %s", (transport) => {
  const client = new RemoteClient(local(), { transport });
  afterAll(() => client.close());
  const python = async (fn: string, ...args: unknown[]): Promise<unknown> => (await client.doRemoteCall("builtins", fn, args)).value;

  test("what cannot be a member or a key in Python is refused with its place, and nothing ran", async () => {
    const array = new NdArray(Uint8Array.of(1, 0), [2], { dtype: "bool" });
    const values = [
      new Set([array]),
      new Map([[[array], 1]]),
      new Set([{ a: 1 }]),
      new Set([1, true]),
      new Map<unknown, unknown>([
        [1, 2],
        [1n, 3],
      ]),
    ];
    // A spool sends a request again that was not understood, since it may have been damaged: one is enough.
    for (const value of transport === "spool" ? values.slice(0, 1) : values) {
      const error = await rejection(client.doRemoteCall("builtins", "len", ["first", { a: [value] }]), ProtocolError);
      expect(error.message).toMatch(/args\[1\]\.a\[0\]: .*: send an array/);
    }
    expect(await python("len", new Set([[1, 2]]))).toBe(1);
  });

  test("float() and int() choose the type that Python has", async () => {
    const values = [float(1), 1, float(-0), float(3n), float(1e21), int(1n), int(1e21), 1e21];
    const text = "[1.0, 1, -0.0, 3.0, 1e+21, 1, 1000000000000000000000, 1e+21]";
    expect(await python("repr", values)).toBe(text);
  });

  test("what sets and keys cannot hold in JavaScript is refused with its place", async () => {
    const cases = {
      "[{-0.0}]": "return[0]<set>[0]",
      "{'a': {-0.0: 1}}": "return.a<map key>[0]",
      "[{float('nan'), float('nan')}]": "return[0]<set>[1]",
    };
    for (const [code, path] of Object.entries(cases)) {
      const error = await rejection(client.doRemoteCall("builtins", "eval", [code]), RemoteExecError);
      expect([error.code, error.outcome]).toEqual(["unserializable-result", "raised"]);
      expect(error.message).toContain(`${path}: `);
      expect(error.hint).toBe("send a list");
    }
    expect(await python("eval", "[-0.0, {1: -0.0}, {(-0.0,)}]")).toStrictEqual([-0, new Map([[1, -0]]), new Set([[-0]])]);
  });

  test("numbers from 2^53 on are the same in both directions", async () => {
    for (const n of [2 ** 53 - 1, 2 ** 53, -(2 ** 53), 2 ** 60, 1_795_933_997_000_000_000, 1e20]) {
      expect(await python("repr", n)).toBe(String(BigInt(n)));
    }
    for (const n of [1e21, 1e300, Number.MAX_VALUE, 0.5, -0]) {
      expect(await python("eval", "[type(value).__name__, value]", { value: n })).toStrictEqual(["float", n]);
    }
    expect(await python("eval", "[2 ** 53, 2.0 ** 53, -2 ** 70, 1e22]")).toStrictEqual([2n ** 53n, 2 ** 53, -(2n ** 70n), 1e22]);
  });

  test("values of another realm arrive", async () => {
    const value: unknown = runInContext(
      "({ a: [new Set([1]), new Map([[1, [2]]]), new Date(0), new Uint8Array([7])] })",
      createContext({}),
    );
    expect(await python("repr", value)).toBe(
      "{'a': [{1}, {1: [2]}, datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), b'\\x07']}",
    );
  });
});

test("12 million characters beyond ASCII come back, with a lone surrogate among them", async () => {
  await using client = new RemoteClient(local());
  const { value } = await client.doRemoteCall("builtins", "eval", ["'\\u6587' * 12_000_000 + '\\ud800'"]);
  expect(value === `${"文".repeat(12_000_000)}\ud800`).toBe(true);
});

describe("from a function of Node", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "exact-values-"));
    await writeFile(
      join(folder, "realm.mjs"),
      `import { runInNewContext } from "node:vm";
export const make = (code) => runInNewContext("(" + code + ")");
export const fail = () => runInNewContext("(() => { throw new RangeError('there') })()");`,
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("values and errors of another realm arrive", async () => {
    await using client = new RemoteClient(local(), { runtime: "node" });
    const made = client.doRemoteCall("./realm.mjs", "make", ["[new Map([[1, new Set([2n])]]), new Date(5), /a/g, new Float32Array([1])]"], {
      cwd: folder,
    });
    expect((await made).value).toStrictEqual([new Map([[1, new Set([2n])]]), new Date(5), /a/g, Float32Array.of(1)]);
    const error = await rejection(client.doRemoteCall("./realm.mjs", "fail", [], { cwd: folder }), RemoteExecError);
    expect([error.remote?.type, error.remote?.message]).toEqual(["RangeError", "there"]);
    const refused = await rejection(client.doRemoteCall("./realm.mjs", "make", ["{ a: new WeakMap() }"], { cwd: folder }), RemoteExecError);
    expect(refused.message).toContain("return.a: an instance of WeakMap cannot travel");
  });
});
