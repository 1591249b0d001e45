import { describe, expect, it } from "vitest";
import { SremoteError } from "../error.ts";
import { parseHeader } from "../header.ts";
import { limits } from "../limits.ts";
import type { WireValue } from "../message.ts";
import { NdArray } from "../ndarray.ts";
import { Attachments } from "./attachments.ts";
import { decodeValue } from "./decode.ts";
import { encodeValue } from "./encode.ts";
import type { RemoteErrorValue } from "./restore.ts";
import { UnserializableError } from "./unserializable-error.ts";

/** Through the text that travels, with every rule for headers. */
function roundTrip(value: unknown): unknown {
  const attachments: Uint8Array[] = [];
  const text = JSON.stringify({ type: "x", value: encodeValue(value, "args[0]", attachments) });
  const { header, depth } = parseHeader(new TextEncoder().encode(text));
  return decodeValue(header["value"], attachments, { depth });
}

function refusal(value: unknown, options?: { code?: "unserializable-result" }): UnserializableError {
  try {
    encodeValue(value, "args[0]", [], options);
  } catch (error) {
    if (error instanceof UnserializableError) return error;
    throw error;
  }
  throw new Error("it was encoded");
}

function nested(depth: number, wrap: (inner: unknown) => unknown, innermost: unknown): unknown {
  let value = innermost;
  for (let level = 0; level < depth; level++) value = wrap(value);
  return value;
}

describe("encodeValue, plain JSON", () => {
  it("sends plain values as they are, without a copy", () => {
    const value = { a: [1, "b", null, true, 1.5], c: { d: {} } };
    const wire = encodeValue(value, "args[0]", []);
    expect(wire.json).toBe(value);
    expect(wire).not.toHaveProperty("meta");
  });

  it("takes a second use of the same object for another value", () => {
    const shared = { at: new Date(5) };
    expect(roundTrip([shared, shared])).toEqual([{ at: new Date(5) }, { at: new Date(5) }]);
    const plain = { a: 1 };
    expect(roundTrip({ x: plain, y: [plain] })).toEqual({ x: { a: 1 }, y: [{ a: 1 }] });
  });

  it("sends objects without a prototype and holes of arrays", () => {
    expect(roundTrip(Object.assign(Object.create(null) as object, { a: 1n }))).toEqual({ a: 1n });
    // oxlint-disable-next-line no-sparse-arrays
    expect(roundTrip([1, , 2])).toStrictEqual([1, undefined, 2]);
  });
});

describe("encodeValue refuses what cannot travel, naming the path", () => {
  const cycle: { items: unknown[] } = { items: [] };
  cycle.items.push({ back: cycle });
  const ownMap = new Map<string, unknown>();
  ownMap.set("self", ownMap);
  class Account {
    owner = "me";
  }
  class Plain {
    toJSON(): string {
      return "hidden";
    }
  }
  it.each<[string, unknown, string, string]>([
    ["a function", { items: [1, 2, 3, { handler: () => 1 }] }, "args[0].items[3].handler", "function"],
    ["a symbol", [Symbol("s")], "args[0][0]", "symbol"],
    ["a class instance", { account: new Account() }, "args[0].account", "Account"],
    ["an instance with toJSON", [new Plain()], "args[0][0]", "Plain"],
    ["a plain object with toJSON", { a: { toJSON: () => 1 } }, "args[0].a", "toJSON"],
    ["a cycle", cycle, "args[0].items[0].back", "cycle"],
    ["a cycle through a map", ownMap, "args[0]<map value>[0]", "cycle"],
    ["a member of a set", new Set([1, () => 1]), "args[0]<set>[1]", "function"],
    ["a key of a map", new Map([[Symbol("s"), 1]]), "args[0]<map key>[0]", "symbol"],
    ["a value of a map", new Map([[1, new WeakMap()]]), "args[0]<map value>[0]", "WeakMap"],
    ["a name that is no identifier", { "a b": { 'c"d': () => 1 } }, 'args[0]["a b"]["c\\"d"]', "function"],
    ["an invalid Date", { at: new Date(NaN) }, "args[0].at", "Date"],
    ["a Date before the year 1", [new Date(-1e14)], "args[0][0]", "year"],
    ["a Date after the year 9999", [new Date(8.64e15)], "args[0][0]", "year"],
    ["a promise", [Promise.resolve(1)], "args[0][0]", "Promise"],
    ["the cause of an error", new Error("x", { cause: () => 1 }), "args[0].cause", "function"],
  ])("%s", (_what, value, path, reason) => {
    const error = refusal(value);
    expect(error.code).toBe("unserializable-argument");
    expect(error.path).toBe(path);
    expect(error.message).toContain(`${path}: `);
    expect(error.message).toContain(reason);
    expect(error).toBeInstanceOf(SremoteError);
  });

  it("with the code it was given", () => {
    expect(refusal(() => 1, { code: "unserializable-result" }).code).toBe("unserializable-result");
  });
});

describe("G20 encodeValue keeps the limits that decodeValue has", () => {
  const wraps: [string, (inner: unknown) => unknown, number][] = [
    ["arrays", (inner) => [inner], 256],
    ["objects", (inner) => ({ a: inner }), 256],
    // A pair in an array: two for each map.
    ["maps in maps", (inner) => new Map([[1, inner]]), 128],
    // A type and an object for each annotation but the innermost, which has no object.
    ["sets in sets", (inner) => new Set([inner]), 128],
  ];
  it.each(wraps)("%s", (_what, wrap, most) => {
    for (const [depth, fits] of [
      [most - 1, true],
      [most, true],
      [most + 1, false],
    ] as const) {
      const value = nested(depth, wrap, null);
      if (fits) expect(roundTrip(value)).toEqual(value);
      else expect(refusal(value).code).toBe("limit-exceeded");
    }
  });

  it("a value a million deep is an error and not an overflow of the stack", () => {
    expect(refusal(nested(1_000_000, (inner) => [inner], null)).code).toBe("limit-exceeded");
    expect(refusal(nested(1_000_000, (inner) => ({ inner }), 1n)).code).toBe("limit-exceeded");
  });

  it("a wire value a million deep that no header was the source of", () => {
    expect(() => decodeValue({ json: nested(1_000_000, (inner) => [inner], null) }, [])).toThrow(/256 deep/);
  });

  it("digits of a bigint", () => {
    for (const sign of [1n, -1n]) {
      for (const digits of [4299, 4300]) expect(roundTrip(sign * 10n ** BigInt(digits - 1))).toBe(sign * 10n ** BigInt(digits - 1));
      expect(refusal(sign * 10n ** 4300n).code).toBe("limit-exceeded");
    }
  });

  it("attachments", () => {
    const bytes = Array.from({ length: limits.attachments }, () => new Uint8Array(1));
    expect(roundTrip(bytes.slice(1))).toHaveLength(4095);
    expect(roundTrip(bytes)).toHaveLength(4096);
    const error = refusal([...bytes, new Uint8Array(1)]);
    expect([error.code, error.path]).toEqual(["limit-exceeded", "args[0][4096]"]);
  });
});

describe("G30 what comes back is what was sent, bit for bit", () => {
  it.each([
    0,
    -0,
    1,
    -1,
    2 ** 53 - 1,
    -(2 ** 53 - 1),
    2 ** 53,
    -(2 ** 53),
    2 ** 53 + 2,
    1e20,
    1e21,
    1e300,
    Number.MAX_VALUE,
    5e-324,
    0.1,
    NaN,
    Infinity,
    -Infinity,
  ])("the number %s", (value) => {
    expect(roundTrip(value)).toBe(value);
    expect(roundTrip({ deep: [value] })).toStrictEqual({ deep: [value] });
  });

  it.each([0n, -1n, 2n ** 53n, 2n ** 64n + 1n, -(10n ** 100n)])("the bigint %s", (value) => {
    expect(roundTrip(value)).toBe(value);
  });

  it.each(["\ud800", "\udfff x", "\udc00\ud800", "😀", "\0", "\u2028", "é", ""])("the string %j, and as a name", (value) => {
    expect(roundTrip(value)).toBe(value);
    expect(roundTrip({ [value]: new Date(0) })).toStrictEqual({ [value]: new Date(0) });
  });

  it.each(["__proto__", "constructor", "prototype", "toString", "length", "a.b", "a\\", "\\.", ".", "", "0", "01"])(
    "a member called %j, plain and annotated",
    (name) => {
      for (const inner of [1, 1n, undefined, { x: -0 }, new Set([new Map([[name, NaN]])])]) {
        const value: Record<string, unknown> = {};
        Object.defineProperty(value, name, { value: inner, enumerable: true, writable: true, configurable: true });
        const back = roundTrip(value) as object;
        expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
        expect(Object.getOwnPropertyDescriptor(back, name)).toStrictEqual(Object.getOwnPropertyDescriptor(value, name));
      }
      expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
    },
  );

  it("errors, with name, message, cause and members of a group", () => {
    const back = roundTrip(
      new AggregateError([new TypeError("inner")], "outer", { cause: new RangeError("why", { cause: { plain: 1n } }) }),
    ) as RemoteErrorValue;
    expect(back).toBeInstanceOf(Error);
    expect([back.name, back.message]).toEqual(["AggregateError", "outer"]);
    const cause = back.cause as Error;
    expect([cause.name, cause.message, cause.cause]).toEqual(["RangeError", "why", { plain: 1n }]);
    const members = back.remote["exceptions"] as Error[];
    expect(members.map((member) => [member.name, member.message])).toEqual([["TypeError", "inner"]]);
    expect(back.stack).not.toContain("restore");
  });

  it("bytes of every kind of view, as plain Uint8Arrays", () => {
    const bytes = Uint8Array.from([1, 2, 3, 4, 5, 6]);
    const views = [bytes, bytes.subarray(1, 3), Buffer.from(bytes), bytes.buffer, new DataView(bytes.buffer, 2, 2)];
    const back = roundTrip(views) as Uint8Array[];
    expect(back.map((view) => view.constructor)).toEqual(views.map(() => Uint8Array));
    expect(back.map((view) => [...view])).toEqual([
      [1, 2, 3, 4, 5, 6],
      [2, 3],
      [1, 2, 3, 4, 5, 6],
      [1, 2, 3, 4, 5, 6],
      [3, 4],
    ]);
  });

  it("typed arrays of every kind, with NaN, infinities and -0", () => {
    const arrays = [
      Int8Array.of(-128),
      Int16Array.of(-32768, 5),
      Uint16Array.of(65535),
      Int32Array.of(-1),
      Uint32Array.of(2 ** 32 - 1),
      BigInt64Array.of(-(2n ** 63n)),
      BigUint64Array.of(2n ** 64n - 1n),
      Float32Array.of(1.5, NaN),
      Float64Array.of(NaN, Infinity, -0),
    ];
    expect(roundTrip(arrays)).toStrictEqual(arrays);
    const misaligned = new Float64Array(new Uint8Array(17).subarray(0, 16).slice().buffer);
    expect(roundTrip(misaligned)).toStrictEqual(misaligned);
  });

  it("NdArrays, without copying", () => {
    const attachments: Uint8Array[] = [];
    const data = Float64Array.from({ length: 6 }, (_, index) => index);
    const wire = encodeValue(new NdArray(data, [2, 3], { order: "F" }), "return", attachments);
    expect(attachments[0]!.buffer).toBe(data.buffer);
    const back = decodeValue(JSON.parse(JSON.stringify(wire)) as WireValue, attachments) as NdArray;
    expect(back.data.buffer).toBe(data.buffer);
    expect([back.shape, back.dtype, back.order]).toEqual([[2, 3], "float64", "F"]);
    expect(back.toNested()).toEqual([
      [0, 2, 4],
      [1, 3, 5],
    ]);
  });
});

describe("Attachments", () => {
  it("can be referenced once in all the values of a message", () => {
    const attachments = new Attachments([new Uint8Array(1)]);
    const wire = (): WireValue => ({ json: { index: 0 }, meta: { values: [["custom", "bytes"]], v: 1 } });
    decodeValue(wire(), attachments, { root: "args" });
    expect(() => decodeValue(wire(), attachments, { root: "kwargs" })).toThrow(/kwargs: attachment 0 is referenced twice/);
  });
});

describe("decodeValue refuses", () => {
  it("naming the path", () => {
    const wire = { json: { items: [1, { at: "yesterday" }] }, meta: { values: { "items.1.at": ["Date"] }, v: 1 } };
    expect(() => decodeValue(wire, [], { root: "return" })).toThrow(/^return\.items\[1\]\.at: a Date is written like/);
  });

  it("in a message of readable size, whatever the names", () => {
    const name = "n".repeat(1_000_000);
    for (const wire of [
      { json: [], meta: { values: { [name]: ["Date"] }, v: 1 } },
      { json: { [name]: "yesterday" }, meta: { values: { [name]: ["Date"] }, v: 1 } },
    ]) {
      expect(() => decodeValue(wire, [])).toThrow(/^.{10,600}$/s);
    }
  });

  it("with memory in proportion to the message: a hundred thousand long paths that lead nowhere", () => {
    const values = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`${index}${".0".repeat(200)}`, ["undefined"]]));
    expect(() => decodeValue({ json: [], meta: { values, v: 1 } }, [])).toThrow(/leads nowhere/);
  });
});

describe("custom values of a session", () => {
  it("are made of an object's own members, not of what it has inherited", () => {
    const wire: unknown = JSON.parse('{"json":{},"meta":{"v":1,"values":{"__proto__":[["custom","object"]]}}}');
    expect(() => decodeValue(wire, [], { custom: () => ({}) })).toThrow("leads nowhere");
  });

  it("are written and read by the hooks, anywhere in a value", () => {
    const callback = (): void => undefined;
    const wire = encodeValue({ list: [1, callback] }, "args", [], {
      custom: (value) => (value === callback ? { name: "callback", json: { id: 7 } } : undefined),
    });
    expect(wire).toEqual({ json: { list: [1, { id: 7 }] }, meta: { values: { "list.1": [["custom", "callback"]] }, v: 1 } });
    const custom = (name: string, json: Record<string, unknown>): unknown =>
      name === "callback" ? `callback ${String(json["id"])}` : undefined;
    expect(decodeValue(JSON.parse(JSON.stringify(wire)), [], { custom })).toEqual({ list: [1, "callback 7"] });
  });

  it("are refused without a hook, or where the hook does not know them", () => {
    expect(() => encodeValue([() => 1], "args", [])).toThrow("args[0]: a function cannot travel");
    expect(() => encodeValue([() => 1], "args", [], { custom: () => undefined })).toThrow("args[0]: a function cannot travel");
    const wire = { json: { id: 1 }, meta: { values: [["custom", "object"]], v: 1 } };
    expect(() => decodeValue(wire, [])).toThrow("an annotation that is not known");
    expect(() => decodeValue(wire, [], { custom: () => undefined })).toThrow("an annotation that is not known");
  });
});
