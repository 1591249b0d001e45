import { describe, expect, it } from "vitest";
import { ByteList } from "./byte-list.ts";

describe("a list of bytes", () => {
  it("gives back what was added, in whatever pieces it came", () => {
    const whole = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7) % 251);
    for (const size of [1, 7, 1000, 32_767, 32_768, 65_536, 65_537, 300_000]) {
      const list = new ByteList();
      for (let at = 0; at < whole.length; at += size) list.add(whole.subarray(at, at + size));
      expect(list.length).toBe(whole.length);
      expect(Buffer.compare(list.take(), whole)).toBe(0);
      expect([list.length, list.take().length]).toEqual([0, 0]);
    }
  });

  it("does not keep the chunks it was given: small ones are copied, and a small view lets its buffer go", () => {
    const list = new ByteList();
    const chunk = Uint8Array.of(1);
    list.add(chunk);
    const view = new Uint8Array(1 << 20).subarray(0, 40_000);
    list.add(view);
    chunk[0] = 9;
    view[0] = 9;
    expect([...list.take().subarray(0, 2)]).toEqual([1, 0]);
  });
});
