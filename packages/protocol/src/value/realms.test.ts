/* Values that were made in another realm, as a vm context or a test runner has it, travel as those of this one; what only looks like one does not. */
import { createContext, runInContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { NdArray } from "../ndarray.ts";
import { decodeValue } from "./decode.ts";
import { encodeValue } from "./encode.ts";

const context = createContext({});
const there = (code: string): unknown => runInContext(`(${code})`, context) as unknown;

function sent(value: unknown): unknown {
  const attachments: Uint8Array[] = [];
  return decodeValue(JSON.parse(JSON.stringify(encodeValue(value, "value", attachments))), attachments);
}

describe("values of another realm", () => {
  it.each([
    ["objects and arrays", "{ a: [1, { b: null }], c: Object.create(null) }"],
    ["a Date", "new Date(5)"],
    ["a RegExp", "/a(b)/gi"],
    ["a Set", 'new Set([1, "a", new Set([2])])'],
    ["a Map", "new Map([[1, new Map([[[2], 3n]])]])"],
    ["bytes", "new Uint8Array([1, 2])"],
    ["a Float64Array", "new Float64Array([1.5, -0])"],
    ["a BigInt64Array", "new BigInt64Array([1n])"],
    ["a subclass of Map", "new (class Own extends Map {})([[1, 2]])"],
    ["NaN, -0, bigint and undefined", "[NaN, -0, 2n ** 70n, undefined]"],
    ["all of them, deep", "{ a: [new Map([[new Date(1), [new Set([/x/])]]])] }"],
  ])("%s", (_name, code) => {
    // oxlint-disable-next-line no-eval -- the same value, of this realm
    const here: unknown = (0, eval)(`(${code})`);
    const value = there(code);
    expect(sent(value)).toStrictEqual(sent(here));
    expect(Object.getPrototypeOf(sent([value]) as object)).toBe(Array.prototype);
  });

  it("an ArrayBuffer, a DataView and an NdArray over foreign memory are the bytes they hold", () => {
    expect(sent(there("new Uint8Array([1, 2, 3]).buffer"))).toStrictEqual(Uint8Array.of(1, 2, 3));
    expect(sent(there("new DataView(new Uint8Array([1, 2, 3]).buffer, 1)"))).toStrictEqual(Uint8Array.of(2, 3));
    const back = sent(new NdArray(there("new Float64Array([1, 2])") as Float64Array, [2]));
    expect([...((back as NdArray).data as Float64Array)]).toEqual([1, 2]);
  });

  it("errors keep name, message, cause and members", () => {
    const back = sent(there("new AggregateError([new TypeError('inner')], 'outer', { cause: new RangeError('why') })")) as Error;
    expect([back.name, back.message, String(back.cause)]).toEqual(["AggregateError", "outer", "RangeError: why"]);
    expect((back as unknown as { remote: { exceptions: Error[] } }).remote.exceptions.map(String)).toEqual(["TypeError: inner"]);
    expect(String(sent(new DOMException("no", "AbortError")))).toBe("AbortError: no");
  });

  it.each([
    ["a prototype of Map", Object.create(Map.prototype)],
    ["a prototype of Date", Object.create(Date.prototype)],
    ["a prototype of Set and its tag", Object.create(there("Set.prototype") as object)],
    ["a tag", new (class Own { get [Symbol.toStringTag](): string { return "Date"; } })()], // prettier-ignore
    ["a proxy of a Map", new Proxy(new Map(), {})],
    ["a class of the other realm", there("new (class Own { a = 1 })()")],
    ["a promise of the other realm", there("Promise.resolve(1)")],
    ["a WeakMap of the other realm", there("new WeakMap()")],
  ])("%s alone makes no such value", (_name, value) => {
    expect(() => encodeValue({ a: [value] }, "args[0]", [])).toThrow(/^args\[0\]\.a\[0\]: an instance of \w+.* cannot travel$/);
  });
});

describe("sets and keys", () => {
  it("with -0, which JavaScript would make 0, are refused with their path", () => {
    const wires: [string, unknown, unknown][] = [
      ["set", [-0], {}],
      ["set", ["-0"], { 0: ["number"] }],
      ["map", [[-0, 1]], {}],
    ];
    for (const [type, json, inner] of wires) {
      const wire = { json: { a: json }, meta: { values: { a: [type, inner] }, v: 1 } };
      expect(() => decodeValue(wire, [], { root: "return" })).toThrow("return.a: -0 cannot be a member of a set or a key");
    }
    expect(decodeValue({ json: [[-0]], meta: { values: ["set"], v: 1 } }, [])).toStrictEqual(new Set([[-0]]));
  });
});
