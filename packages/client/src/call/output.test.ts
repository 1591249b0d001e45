import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { CallOutput } from "./output.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Records what the output asks of its connection. */
function begun(output: CallOutput, limit = Number.POSITIVE_INFINITY): { granted: number; muted: number } {
  const asked = { granted: 0, muted: 0 };
  output.begin({ grant: (_output, bytes) => void (asked.granted += bytes), mute: () => void asked.muted++ }, limit);
  return asked;
}

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

describe("an output", () => {
  it("is collected up to its limit; then the host is told to stop, and the result says that it was cut", () => {
    const output = new CallOutput();
    const asked = begun(output, 5);
    output.feed(text("abc"));
    output.feed(text("defg"));
    expect(asked.muted).toBe(1);
    output.missed(993);
    output.end();
    expect(output.captured()).toEqual({ bytes: Uint8Array.from(Buffer.from("abcde")), total: 1000, truncated: true });
  });

  it("G20 makes lines of drops in a time that grows with their number", async () => {
    const output = new CallOutput();
    begun(output);
    const lines = output.lines();
    const [drop, began] = [text("x"), performance.now()];
    const first = lines.next();
    for (let at = 0; at < 300_000; at += 1) {
      output.feed(drop);
      await Promise.resolve(); // It is taken before the next.
    }
    output.feed(text("\n"));
    output.end();
    expect(((await first).value as string).length).toBe(300_000);
    expect(await all(lines)).toEqual([]);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it("cuts lines across chunks, and characters across chunks of bytes", async () => {
    const output = new CallOutput();
    begun(output);
    const lines = all(output);
    const euro = text("€");
    for (const chunk of [text("one\ntw"), text("o\n\n"), euro.subarray(0, 1), euro.subarray(1), text("\nlast")]) output.feed(chunk);
    output.end();
    expect(await lines).toEqual(["one", "two", "", "€", "last"]);
    expect(output.captured().bytes).toHaveLength(0);
  });

  it("gives a line of more than 1 MiB in parts, so that memory is bounded", async () => {
    const output = new CallOutput();
    begun(output);
    const lines = all(output);
    for (let each = 0; each < 48; each++) output.feed(text("x".repeat(65_536)));
    output.end();
    const found = await lines;
    expect(found.join("")).toHaveLength(48 * 65_536);
    expect(found.length).toBeGreaterThan(1);
  });

  it("that is read live gives credit only for what was taken", async () => {
    const output = new CallOutput();
    const asked = begun(output);
    const bytes = output.bytes();
    const first = bytes.next();
    for (let each = 0; each < 4; each++) output.feed(new Uint8Array(65_536));
    expect((await first).value).toHaveLength(65_536);
    expect(asked.granted).toBe(0);
    await bytes.next();
    expect(asked.granted).toBe(65_536);
    await bytes.return(undefined);
    expect(asked.muted).toBe(1);
  });

  it("first gives what came before somebody read it, once", async () => {
    const output = new CallOutput();
    begun(output);
    output.feed(text("early\n"));
    const lines = all(output);
    output.feed(text("late\n"));
    output.end();
    expect(await lines).toEqual(["early", "late"]);
    await expect(all(output)).rejects.toThrow("was read before");
  });

  it("throws the error of its call after the last line", async () => {
    const output = new CallOutput();
    begun(output);
    output.feed(text("one\n"));
    output.end({ error: new RangeError("failed") });
    const lines = output.lines();
    expect((await lines.next()).value).toBe("one");
    await expect(lines.next()).rejects.toThrow("failed");
  });

  it("waits for a sink before it gives credit, and reports its error", async () => {
    const taken: number[] = [];
    const gate = Promise.withResolvers<void>();
    const output = new CallOutput({
      write: async (chunk: Uint8Array) => {
        await gate.promise;
        taken.push(chunk.length);
        if (taken.length === 2) throw new Error("disk full");
      },
    });
    const asked = begun(output);
    output.feed(new Uint8Array(70_000));
    output.feed(new Uint8Array(70_000));
    await Promise.resolve();
    expect([taken, asked.granted]).toEqual([[], 0]);
    gate.resolve();
    await expect(output.passedOn()).rejects.toThrow("disk full");
    expect([taken, asked.granted]).toEqual([[70_000, 70_000], 140_000]);
  });

  it("respects the backpressure of a stream, and tells of one that is closed", async () => {
    const chunks: Buffer[] = [];
    const slow = new Writable({
      highWaterMark: 10,
      write: (chunk: Buffer, _encoding, callback) => {
        chunks.push(chunk);
        setImmediate(callback);
      },
    });
    const output = new CallOutput(slow);
    begun(output);
    output.feed(text("a".repeat(20)));
    output.feed(text("b".repeat(20)));
    await output.passedOn();
    expect(Buffer.concat(chunks).toString()).toBe("a".repeat(20) + "b".repeat(20));
    slow.destroy();
    output.feed(text("c"));
    await expect(output.passedOn()).rejects.toThrow("closed");
  });
});
