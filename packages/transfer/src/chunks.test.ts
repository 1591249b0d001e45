import { PassThrough, Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { chunksOf } from "./chunks.ts";

const pieces = (count: number, size: number): Buffer[] => Array.from({ length: count }, (_, index) => Buffer.alloc(size, index));

describe("the chunks of a stream", () => {
  test("come as they were written, in order, also those that were waiting together", async () => {
    const stream = new PassThrough();
    const written = pieces(5, 10);
    for (const each of written) stream.write(each);
    stream.end();
    expect(await Array.fromAsync(chunksOf(stream))).toEqual(written);
  });

  test("are waited for by the writer: not much more is read than is taken", async () => {
    let read = 0;
    const stream = Readable.from(
      (function* () {
        for (; read < 100; read += 1) yield Buffer.alloc(1 << 18);
      })(),
      { objectMode: false },
    );
    const chunks = chunksOf(stream);
    await chunks.next();
    // Everything that can come without another being taken has come when the stream stands still.
    let before = -1;
    while (before !== read) {
      before = read;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(read).toBeLessThan(10);
    expect((await Array.fromAsync(chunks)).length).toBe(99);
  });

  test("of one that breaks off end with its error, behind what came before, and of one that was closed before its end, too", async () => {
    const stream = new PassThrough();
    const chunks = chunksOf(stream);
    stream.write("first");
    expect(String((await chunks.next()).value)).toBe("first");
    const next = chunks.next();
    stream.destroy(new Error("the link was lost"));
    await expect(next).rejects.toThrow("the link was lost");
    const closed = new PassThrough();
    closed.destroy();
    await expect(chunksOf(closed).next()).rejects.toThrow("closed before its end");
    const ended = new PassThrough();
    ended.resume().end();
    await new Promise((resolve) => ended.once("close", resolve));
    expect(await Array.fromAsync(chunksOf(ended))).toEqual([]);
  });
});
