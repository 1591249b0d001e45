import { crc32 as zlibCrc32 } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { crc32, crc32Portable, useCrc32 } from "./crc32.ts";

afterEach(() => useCrc32(crc32Portable));

describe("crc32", () => {
  it("gives the check value of the catalogue of CRCs", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });

  it("agrees with zlib for every length up to 300 and every alignment", () => {
    const bytes = Uint8Array.from({ length: 400 }, (_, index) => (index * 167 + (index >> 3)) & 255);
    for (let length = 0; length <= 300; length++) {
      const part = bytes.subarray(length % 9, (length % 9) + length);
      expect(crc32(part)).toBe(zlibCrc32(part));
    }
  });

  it("continues from a seed", () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, index) => index * 7);
    for (let cut = 0; cut <= 100; cut++) expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(crc32(bytes));
  });

  it("can be replaced", () => {
    useCrc32((bytes, seed = 0) => zlibCrc32(bytes, seed));
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    useCrc32(() => 7);
    expect(crc32(new Uint8Array(1000))).toBe(7);
    expect(crc32(new Uint8Array(1))).toBe(crc32Portable(new Uint8Array(1))); // few bytes are done before it is reached
  });
});
