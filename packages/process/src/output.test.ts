import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../test/support/seeded-random.ts";
import { blockSize, defaultTotalOutputLimit, OutputMemory } from "./output-memory.ts";
import { CollectedOutput, defaultOutputLimit, type OutputChunk, type StreamName } from "./output.ts";

const unlimited = Number.MAX_SAFE_INTEGER;
const piece = (stream: StreamName, content: string | Uint8Array): OutputChunk => ({ stream, bytes: Buffer.from(content) });
const filled = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value);

/** What came on one stream before the other went on. */
function inTurn(chunks: readonly OutputChunk[]): string[] {
  const turns: { stream: StreamName; text: string }[] = [];
  for (const { stream, bytes } of chunks) {
    if (bytes.length === 0) continue;
    if (turns.at(-1)?.stream !== stream) turns.push({ stream, text: "" });
    turns.at(-1)!.text += Buffer.from(bytes).toString();
  }
  return turns.map(({ stream, text }) => `${stream} ${text}`);
}

describe("what is kept of output", () => {
  test("is exact, of each stream and in the order in which it came, however it is cut and read", () => {
    const random = seededRandom(21);
    const below = (end: number): number => random.below(end);
    for (let round = 0; round < 20; round += 1) {
      const output = new CollectedOutput(unlimited, new OutputMemory());
      const given: OutputChunk[] = [];
      let taken = "";
      for (let count = below(60); count > 0; count -= 1) {
        const bytes = Buffer.alloc(below(3) === 0 ? below(3 * blockSize) : below(50), String.fromCodePoint(97 + below(26)));
        given.push({ stream: below(2) === 0 ? "stdout" : "stderr", bytes });
        output.chunk(given.at(-1)!);
        if (below(4) === 0) taken += output.readNew();
      }
      if (below(2) === 0) output.settle();
      const all = (stream?: StreamName): string =>
        Buffer.concat(given.filter((each) => stream === undefined || each.stream === stream).map(({ bytes }) => bytes)).toString();
      expect([output.text(), output.text("stdout"), output.text("stderr")]).toEqual([all(), all("stdout"), all("stderr")]);
      expect([taken + output.readNew(), output.readNew(), output.truncated]).toEqual([all(), "", false]);
      expect(inTurn(output.chunks)).toEqual(inTurn(given));
    }
  });

  test("is the beginning of each stream up to its limit, without gaps", () => {
    const output = new CollectedOutput(10, new OutputMemory());
    for (const chunk of [piece("stdout", "01234567"), piece("stderr", "err"), piece("stdout", "89abc"), piece("stdout", "d")])
      output.chunk(chunk);
    expect([output.text("stdout"), output.text("stderr"), output.total("stdout")]).toEqual(["0123456789", "err", 14]);
    expect([output.truncated, output.isCut("stdout"), output.isCut("stderr")]).toEqual([true, true, false]);
  });

  test("of which a connector has lost something is cut, whichever stream it was", () => {
    const output = new CollectedOutput(10, new OutputMemory());
    output.chunk({ stream: "stdout", bytes: filled(0, 0), lost: true });
    expect([output.truncated, output.isCut("stdout"), output.isCut("stderr")]).toEqual([true, true, true]);
  });
});

describe("the memory of many outputs", () => {
  const outputs = (memory: OutputMemory, count: number): CollectedOutput[] =>
    Array.from({ length: count }, () => new CollectedOutput(unlimited, memory));
  const kept = (all: readonly CollectedOutput[]): number[] => all.map((each) => each.bytes().length);

  test("leaves each host its share, whatever others print, and the rest to those who print more", () => {
    const limit = 1_000_000;
    const all = outputs(new OutputMemory(limit, 10), 10);
    const [noisy, ...others] = all as [CollectedOutput, ...CollectedOutput[]];
    for (let index = 0; index < 1000; index += 1) noisy.chunk(piece("stdout", filled(1000, index % 251)));
    // A half for all, and a share for each stream of each host: 25,000.
    expect(kept([noisy])[0]).toBe(525_000);
    for (const [index, each] of others.entries()) each.chunk(piece("stderr", filled(24_000, index)));
    expect(kept(others)).toEqual(others.map(() => 24_000));
    expect(all.map(({ truncated }) => truncated)).toEqual([true, ...others.map(() => false)]);
    noisy.chunk(piece("stderr", "what went wrong"));
    expect(noisy.text("stderr"), "one stream does not take the other's share").toBe("what went wrong");
  });

  test.each([
    [16, ["stdout", "stderr"]],
    [48, ["stdout"]],
  ] as const)("holds all that %d processes may keep by default of %j", (processes, streams) => {
    // The defaults, 1,000 times smaller.
    const [limit, each] = [defaultTotalOutputLimit / 1024, defaultOutputLimit / 1024];
    const memory = new OutputMemory(limit, processes);
    const all = Array.from({ length: processes }, () => new CollectedOutput(each, memory));
    for (const [index, output] of all.entries()) for (const stream of streams) output.chunk(piece(stream, filled(each, index)));
    expect(all.every((output) => !output.truncated && output.bytes().length === streams.length * each)).toBe(true);
  });

  test("gives what is left of the shares of those that have ended to others", () => {
    const all = outputs(new OutputMemory(1_000_000, 10), 10);
    const [last, ...others] = all as [CollectedOutput, ...CollectedOutput[]];
    for (const each of others) {
      each.chunk(piece("stdout", "short"));
      each.settle();
    }
    last.chunk(piece("stdout", filled(2_000_000, 1)));
    // All but the share of its own stderr, and one "short", which all others share.
    expect(last.bytes().length).toBe(1_000_000 - 25_000 - 5);
  });

  test("keeps equal blocks once, wherever they came in pieces", () => {
    const limit = 8 * blockSize;
    const memory = new OutputMemory(limit, 50);
    const content = Buffer.from(Array.from({ length: 3 * blockSize + 5 }, (_, index) => (index * 7) % 253));
    const all = outputs(memory, 50);
    for (const [index, each] of all.entries()) {
      for (let at = 0; at < content.length; at += 100 + index) each.chunk(piece("stdout", content.subarray(at, at + 100 + index)));
      each.settle();
    }
    expect(new Set(all.map((each) => Buffer.from(each.bytes()).equals(content)))).toEqual(new Set([true]));
    expect(new Set(all.map((each) => each.identity("stdout"))).size).toBe(1);
    expect(all.some(({ truncated }) => truncated)).toBe(false);
    // What one changes is no longer shared.
    const [other] = outputs(memory, 1);
    other!.chunk(piece("stdout", Buffer.concat([content.subarray(0, -1), Buffer.from("!")])));
    other!.settle();
    expect(other!.identity("stdout")).not.toBe(all[0]!.identity("stdout"));
    expect(Buffer.from(all[0]!.bytes()).equals(content)).toBe(true);
  });

  test("is given back when an output counts no more, but for what others share with it", () => {
    const memory = new OutputMemory(4 * blockSize, 1);
    const room = (): number => {
      const probe = new CollectedOutput(unlimited, memory);
      probe.chunk(
        piece(
          "stdout",
          filled(10 * blockSize, 99).map((_, index) => (index * 31) % 241),
        ),
      );
      const size = probe.bytes().length;
      probe.release();
      return size;
    };
    const before = room();
    const [one, other] = outputs(memory, 2) as [CollectedOutput, CollectedOutput];
    for (const each of [one, other]) {
      each.chunk(piece("stdout", filled(blockSize, 1)));
      each.settle();
    }
    one.release();
    expect(room()).toBe(before - blockSize);
    other.release();
    expect(room()).toBe(before);
  });

  test("counts what it takes to know in which order two streams came", () => {
    const memory = new OutputMemory(4000, 1);
    const output = new CollectedOutput(unlimited, memory);
    for (let index = 0; index < 4000; index += 1) output.chunk(piece(index % 2 === 0 ? "stderr" : "stdout", "x"));
    // A byte and the length of its piece.
    expect(output.bytes().length).toBeLessThanOrEqual(Math.ceil(4000 / 9));
    expect(output.truncated).toBe(true);
  });
});
