import { deepStrictEqual } from "node:assert/strict";
import { SuperJSON } from "superjson";
import { describe, expect, it } from "vitest";
import { arrayOver, bytesOf, dtypeOf, type Dtype, type TypedArray } from "../dtype.ts";
import { parseStrictJson } from "../header.ts";
import type { WireValue } from "../message.ts";
import { decodeValue } from "./decode.ts";
import { encodeValue } from "./encode.ts";

/** superjson with our attachments as custom transformers. */
function superjsonWith(attachments: Uint8Array[]): SuperJSON {
  const superjson = new SuperJSON();
  superjson.registerCustom<Uint8Array, { index: number }>(
    {
      isApplicable: (value): value is Uint8Array => value instanceof Uint8Array,
      serialize: (value) => ({ index: attachments.push(value) - 1 }),
      deserialize: ({ index }) => attachments[index]!,
    },
    "bytes",
  );
  superjson.registerCustom<TypedArray, { index: number; dtype: Dtype }>(
    {
      isApplicable: (value): value is TypedArray => !(value instanceof Uint8Array) && dtypeOf(value) !== undefined,
      serialize: (value) => ({ index: attachments.push(bytesOf(value)) - 1, dtype: dtypeOf(value)! }),
      deserialize: ({ index, dtype }) => arrayOver(dtype, attachments[index]!),
    },
    "typed-array",
  );
  return superjson;
}

/** By our parser: V8's misreads some of the names in this corpus, see plain-json.ts. */
const throughText = <T>(value: T): T => parseStrictJson(new TextEncoder().encode(JSON.stringify(value))).value as T;

/** Repeatable values of every type that both know. Numbers from 2^53 on are left out: superjson writes them as integers, which our header refuses. */
function valueFrom(seed: number): unknown {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const name = (): string =>
    pick(["a", "b", "a.b", "a\\", "\\", ".", "..", "", "0", "1", "01", "é", "\ud800", "json", "meta", "values", "a\\.b", "name"]);
  const some = <T>(make: () => T): T[] => Array.from({ length: Math.floor(random() * 4) }, make);
  const leaf = (): unknown =>
    pick<() => unknown>([
      () => null,
      () => undefined,
      () => random() < 0.5,
      () => Math.floor(random() * 2 ** 53) - 2 ** 52,
      () => random() * 10 ** Math.floor(random() * 30 - 20),
      () => pick([NaN, Infinity, -Infinity, -0, 0, 5e-324]),
      () => name(),
      () => BigInt(Math.floor(random() * 2 ** 53) - 2 ** 52) ** 3n,
      () => new Date(Math.floor(random() * 4e12)),
      () => pick([/a+b/, /[/\\]/gi, /^\u{1F600}$/u, new RegExp("/")]),
      () => new URL(`https://example.org/${Math.floor(random() * 100)}?a=b#c`),
      () => Uint8Array.from(some(() => random() * 256)),
      () => Float64Array.from(some(() => pick([random(), NaN, -0]))),
      () => Int16Array.from(some(() => random() * 65536)),
      () => BigInt64Array.from(some(() => BigInt(Math.floor(random() * 1e15)))),
    ])();
  const make = (depth: number): unknown => {
    if (depth === 0 || random() < 0.3) return leaf();
    return pick<() => unknown>([
      () => some(() => make(depth - 1)),
      () => Object.fromEntries(some(() => [name(), make(depth - 1)])),
      () => new Set(some(() => make(depth - 1))),
      () => new Map(some(() => [make(depth - 1), make(depth - 1)])),
    ])();
  };
  return make(5);
}

describe("superjson and this codec read each other", () => {
  it("over a corpus of 5000 random values", () => {
    let annotated = 0;
    for (let seed = 1; seed <= 5000; seed++) {
      const value = valueFrom(seed * 7919);
      const attachments: Uint8Array[] = [];
      const ours = throughText(encodeValue(value, "value", attachments));
      if (ours.meta !== undefined) annotated++;
      const theirAttachments: Uint8Array[] = [];
      const theirs = throughText(superjsonWith(theirAttachments).serialize(value)) as unknown as WireValue;
      // superjson takes equal bigints, and every NaN, for references to one object. There are no others in these values.
      delete (theirs.meta as { referentialEqualities?: unknown } | undefined)?.referentialEqualities;
      deepStrictEqual(ours, theirs, `seed ${seed}`);
      deepStrictEqual(
        attachments.map((part) => [...part]),
        theirAttachments.map((part) => [...part]),
      );
      deepStrictEqual(superjsonWith(attachments).deserialize(throughText(ours) as never), value, `superjson of ours, seed ${seed}`);
      deepStrictEqual(decodeValue(theirs, theirAttachments), value, `ours of superjson, seed ${seed}`);
    }
    // A corpus of nothing but plain JSON would prove little.
    expect(annotated).toBeGreaterThan(2000);
  });

  it("of errors with causes", () => {
    const value = { failed: Object.assign(new TypeError("outer", { cause: new Error("inner", { cause: 5n }) })) };
    const ours = throughText(encodeValue(value, "value", []));
    deepStrictEqual(ours, throughText(new SuperJSON().serialize(value)) as unknown);
    const back = new SuperJSON().deserialize<{ failed: Error }>(throughText(ours) as never).failed;
    expect([back.name, back.message, (back.cause as Error).message, (back.cause as Error).cause]).toEqual([
      "TypeError",
      "outer",
      "inner",
      5n,
    ]);
  });

  it("and superjson reads numbers from 2^53 on as we write them", () => {
    for (const value of [2 ** 53, -(2 ** 53), 1e20, 1e21, 1.7976931348623157e308]) {
      expect(new SuperJSON().deserialize(throughText(encodeValue(value, "value", [])) as never)).toBe(value);
    }
  });
});
