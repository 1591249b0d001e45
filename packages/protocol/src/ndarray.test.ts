import { describe, expect, it } from "vitest";
import { arrayOver, dtypeOf, dtypes, isDtype } from "./dtype.ts";
import { InvalidArgumentError } from "./error.ts";
import { halfToNumber } from "./float16.ts";
import { NdArray } from "./ndarray.ts";

const upTo = (count: number): Int32Array => Int32Array.from({ length: count }, (_, index) => index);

describe("NdArray", () => {
  it("finds elements in both orders", () => {
    const rows = new NdArray(upTo(24), [2, 3, 4]);
    const columns = new NdArray(upTo(24), [2, 3, 4], { order: "F" });
    for (let i = 0; i < 2; i++) {
      for (let j = 0; j < 3; j++) {
        for (let k = 0; k < 4; k++) {
          expect(rows.get(i, j, k)).toBe(i * 12 + j * 4 + k);
          expect(columns.get(i, j, k)).toBe(i + j * 2 + k * 6);
        }
      }
    }
    expect(rows.get(-1, -1, -1)).toBe(23);
    expect(rows.size).toBe(24);
  });

  it("nests with the first dimension outermost", () => {
    expect(new NdArray(upTo(6), [2, 3]).toNested()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(new NdArray(upTo(6), [2, 3], { order: "F" }).toNested()).toEqual([
      [0, 2, 4],
      [1, 3, 5],
    ]);
    expect(new NdArray(upTo(0), [2, 0, 3]).toNested()).toEqual([[], []]);
    expect(new NdArray(upTo(1), []).toNested()).toBe(0);
  });

  it("reads bool, complex, 64-bit integers and float16", () => {
    expect(new NdArray(Uint8Array.of(0, 1), [2], { dtype: "bool" }).toNested()).toEqual([false, true]);
    expect(new NdArray(Float32Array.of(1, 2, 3, 4), [2], { dtype: "complex64" }).toNested()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(new NdArray(BigInt64Array.of(-(2n ** 63n)), [1]).get(0)).toBe(-(2n ** 63n));
    expect(new NdArray(Uint16Array.of(0x3e00, 0xc000), [2], { dtype: "float16" }).toNested()).toEqual([1.5, -2]);
  });

  it("refuses what does not fit together, naming the argument", () => {
    const wrong: [() => unknown, string][] = [
      [() => new NdArray(upTo(6), [2, 2]), "shape"],
      [() => new NdArray(upTo(6), [-2, -3]), "shape"],
      [() => new NdArray(upTo(6), [6.5]), "shape"],
      [
        () =>
          new NdArray(
            upTo(1),
            Array.from({ length: 33 }, () => 1),
          ),
        "shape",
      ],
      [() => new NdArray(upTo(6), 6 as never), "shape"],
      [() => new NdArray([1] as never, [1]), "data"],
      [() => new NdArray(upTo(1), [1], { dtype: "float32" }), "options.dtype"],
      [() => new NdArray(upTo(1), [1], { dtype: "toString" as never }), "options.dtype"],
      [() => new NdArray(upTo(1), [1], { order: "A" as never }), "options.order"],
      [() => new NdArray(upTo(6), [2, 3]).get(0), "indices"],
      [() => new NdArray(upTo(6), [2, 3]).get(0, 3), "indices[1]"],
      [() => new NdArray(upTo(6), [2, 3]).get(-3, 0), "indices[0]"],
    ];
    for (const [make, argument] of wrong) {
      expect(make).toThrow(InvalidArgumentError);
      expect(make).toThrow(`${argument} must `);
    }
    expect(
      () =>
        new NdArray(
          upTo(1),
          Array.from({ length: 32 }, () => 1),
        ),
    ).not.toThrow();
  });
});

describe("dtypes", () => {
  it("have the size of their array's elements times the lanes", () => {
    for (const [name, facts] of Object.entries(dtypes)) {
      expect(facts.array.BYTES_PER_ELEMENT * facts.lanes).toBe(facts.size);
      expect(isDtype(name)).toBe(!name.includes("["));
    }
    expect(["toString", "__proto__", "float", 3, null].map(isDtype)).toEqual([false, false, false, false, false]);
  });

  it("are told from the array, whatever it claims to be", () => {
    expect(dtypeOf(new Uint8ClampedArray(1))).toBe("uint8");
    expect(dtypeOf(new DataView(new ArrayBuffer(1)))).toBeUndefined();
    expect(dtypeOf({ [Symbol.toStringTag]: "Int8Array" })).toBeUndefined();
  });

  it("view aligned bytes and copy others", () => {
    const bytes = Uint8Array.from({ length: 24 }, (_, index) => index);
    expect(arrayOver("float64", bytes.subarray(8, 16)).buffer).toBe(bytes.buffer);
    for (const odd of [bytes.subarray(1, 9), Buffer.from(bytes.buffer, 1, 8)]) {
      const copied = arrayOver("float64", odd);
      expect(copied.buffer).not.toBe(bytes.buffer);
      expect([...new Uint8Array(copied.buffer, copied.byteOffset, 8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    }
  });
});

it("halfToNumber reads the values of the standard's tables", () => {
  const table: [number, number][] = [
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x03ff, 2 ** -14 * (1023 / 1024)],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3bff, 0.99951171875],
    [0x3c00, 1],
    [0x3c01, 1.0009765625],
    [0x7bff, 65504],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
    [0x7e00, NaN],
    [0xc000, -2],
  ];
  for (const [bits, value] of table) expect(halfToNumber(bits)).toBe(value);
});
