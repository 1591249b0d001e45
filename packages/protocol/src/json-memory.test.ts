import { describe, expect, it } from "vitest";
import { parseHeader } from "./header.ts";
import { jsonShape, parseForeignJson } from "./json-memory.ts";
import { limits } from "./limits.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the memory of a JSON text", () => {
  it("is estimated from arrays, objects, members, strings and commas, not from what stands in strings", () => {
    const cases: readonly [string, number, number][] = [
      ["7", 0, 0],
      ["[]", 64, 1],
      ["[{},{}]", 64 + 128 + 8, 2],
      ['{"a":1,"b":"c"}', 64 + 2 * (64 + 24) + 24 + 8, 1],
      ['"{[,:\\"{[\\\\"', 24, 0],
      ['["\\\\",[]]', 64 + 24 + 8 + 64, 2],
      ['["unclosed,{{', 64 + 24, 1],
    ];
    for (const [text, memory, depth] of cases) expect(jsonShape(bytes(text)), text).toEqual({ memory, depth });
  });

  it("takes time in proportion to the text, whatever escapes it holds", () => {
    const shape = jsonShape(bytes(`["${"\\\\".repeat(4_000_000)}","${'\\"'.repeat(4_000_000)}"]`));
    expect(shape).toEqual({ memory: 64 + 48 + 8, depth: 1 });
  });
});

/** An array of empty arrays that takes so much of memory, to within 8 bytes: `[],` are 72. */
function ofMemory(memory: number): string {
  const arrays = Math.floor((memory - 64 - 64) / 72);
  const rest = memory - 128 - 72 * arrays;
  expect(rest % 8).toBe(0);
  return `[${"0,".repeat(rest / 8)}${"[],".repeat(arrays)}[]]`;
}

describe("G20 values that would take too much memory are refused before they are parsed", () => {
  const head = '{"type":"x","v":';
  const own = 64 + 2 * 64 + 3 * 24 + 8;
  it.each([
    ["a step less", -8, true],
    ["exactly", 0, true],
    ["a step more", 8, false],
  ])("of a header: %s than the limit", (_, step, isTaken) => {
    const text = bytes(`${head}${ofMemory(limits.headerMemory - own + step)}}`);
    expect(jsonShape(text).memory).toBe(limits.headerMemory + step);
    if (isTaken) expect(parseHeader(text).header["type"]).toBe("x");
    else expect(() => parseHeader(text)).toThrow(expect.objectContaining({ code: "limit-exceeded" }) as Error);
  });

  it.each([
    ["a step less", -8, true],
    ["exactly", 0, true],
    ["a step more", 8, false],
  ])("of foreign JSON: %s than the limit", (_, step, isTaken) => {
    const text = bytes(ofMemory(limits.foreignJsonMemory + step));
    if (isTaken) expect(Array.isArray(parseForeignJson(text, "the reply"))).toBe(true);
    else expect(() => parseForeignJson(text, "the reply")).toThrow(/^the reply: its values would take about/);
  });

  it("foreign JSON that nests too deep, or is none, names what it is", () => {
    const nested = (depth: number): Uint8Array => bytes("[".repeat(depth) + "]".repeat(depth));
    expect(parseForeignJson(nested(limits.headerDepth), "the reply")).toBeInstanceOf(Array);
    expect(() => parseForeignJson(nested(limits.headerDepth + 1), "the reply")).toThrow("the reply nests more than 264 deep");
    expect(() => parseForeignJson(Uint8Array.of(0x22, 0xff, 0x22), "the reply")).toThrow("the reply is not JSON");
    expect(() => parseForeignJson(bytes("{secret"), "the reply")).toThrow(/^the reply is not JSON$/);
  });
});
