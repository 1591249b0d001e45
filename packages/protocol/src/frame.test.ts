import { describe, expect, it, vi } from "vitest";
import { crc32 } from "./crc32.ts";
import { ProtocolError } from "./error.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import { decodeFrame, encodeFrame, type DecodedFrame } from "./frame.ts";
import { limits } from "./limits.ts";

/** Repeatable numbers in [0, 1): mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const join = (chunks: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(chunks));
const header = JSON.stringify({ type: "x", text: "é世😀" });

function sample(seed: number): { header: string; attachments: Uint8Array[] } {
  const next = random(seed);
  const attachments = Array.from({ length: Math.floor(next() * 5) }, () =>
    Uint8Array.from({ length: Math.floor(next() * (next() < 0.1 ? 90_000 : 40)) }, () => next() * 256),
  );
  return { header: JSON.stringify({ type: "x", seed, text: "é".repeat(next() * 20) }), attachments };
}

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return "read";
}

/** As a channel would bring it: all bytes, then the end. */
function decodeAsStream(bytes: Uint8Array, step: number): DecodedFrame[] {
  const decoder = new FrameDecoder();
  const frames: DecodedFrame[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    decoder.push(bytes.subarray(at, at + step));
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame);
  }
  decoder.end();
  return frames;
}

describe("encodeFrame", () => {
  it("makes one chunk of a small frame, and leaves large attachments where they are", () => {
    expect(encodeFrame(header, [new Uint8Array(1000)])).toHaveLength(1);
    const large = new Uint8Array(100_001);
    const chunks = encodeFrame(header, [new Uint8Array(0), large]);
    expect(chunks).toContain(large);
    expect(decodeFrame(join(chunks)).attachments.map((part) => part.length)).toEqual([0, 100_001]);
  });

  it("refuses what no receiver would take", () => {
    expect(
      refusal(() =>
        encodeFrame(
          header,
          Array.from({ length: limits.attachments + 1 }, () => new Uint8Array(0)),
        ),
      ),
    ).toBe("limit-exceeded");
    expect(refusal(() => encodeFrame(`"${"x".repeat(limits.header - 1)}"`))).toBe("limit-exceeded");
    // The same 256 MiB five times; never read, since the sum is over the limit.
    const part = new Uint8Array(268_435_456);
    expect(refusal(() => encodeFrame(header, [part, part, part, part, part]))).toBe("limit-exceeded");
  });

  it("aligns every attachment to 8 bytes", () => {
    const { attachments } = decodeFrame(join(encodeFrame(header, [new Uint8Array(3), new Uint8Array(9), new Uint8Array(8)])));
    expect(attachments.map((part) => part.byteOffset % 8)).toEqual([0, 0, 0]);
  });
});

describe("FrameDecoder", () => {
  it("gives the same frames however the bytes are cut", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const next = random(seed);
      const samples = Array.from({ length: 1 + Math.floor(next() * 4) }, (_, index) => sample(seed * 100 + index));
      const bytes = join(samples.flatMap((one) => encodeFrame(one.header, one.attachments)));
      const decoder = new FrameDecoder();
      const frames: DecodedFrame[] = [];
      const eager = next() < 0.5;
      const drain = (): void => {
        for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame);
      };
      for (let at = 0; at < bytes.length;) {
        const step = Math.floor(next() * (next() < 0.5 ? 10 : 50_000));
        decoder.push(bytes.subarray(at, at + step));
        if (eager) drain();
        at += step;
      }
      drain();
      decoder.end();
      expect(frames.map((frame) => frame.header)).toEqual(samples.map((one) => JSON.parse(one.header) as unknown));
      expect(frames.map((frame) => frame.attachments)).toEqual(samples.map((one) => one.attachments));
    }
  });

  it("gives a frame with its last byte, not before", () => {
    const bytes = join(encodeFrame(header, [new Uint8Array(5)]));
    const decoder = new FrameDecoder();
    for (const [at, byte] of bytes.entries()) {
      decoder.push(Uint8Array.of(byte));
      expect(decoder.next() !== undefined).toBe(at === bytes.length - 1);
    }
  });

  it("reads a frame that takes all steps of its allocation, in pieces that end nowhere near one", () => {
    const attachments = [2_000_001, 5_000_003].map((length, seed) =>
      Uint8Array.from({ length }, (_, index) => (index >> 8) * 31 + index + seed),
    );
    const bytes = join(encodeFrame(header, attachments));
    const decoder = new FrameDecoder();
    for (let at = 0; at < bytes.length; at += 99_991) {
      expect(decoder.next()).toBeUndefined();
      decoder.push(bytes.subarray(at, at + 99_991));
    }
    // Not by toEqual, which takes seconds for so many numbers.
    expect(decoder.next()?.attachments.map((part, index) => Buffer.compare(part, attachments[index]!))).toEqual([0, 0]);
  });

  it("refuses the first byte that is not ours", () => {
    const decoder = new FrameDecoder();
    decoder.push(new TextEncoder().encode("W"));
    expect(refusal(() => decoder.next())).toBe("protocol-error");
    expect(refusal(() => decoder.next())).toBe("protocol-error");
    expect(refusal(() => decoder.push(Uint8Array.of(0x89)))).toBe("protocol-error");
    expect(refusal(() => decoder.end())).toBe("protocol-error");
  });

  it("is not slowed by a million chunks of one byte", () => {
    const bytes = join(encodeFrame(header, [new Uint8Array(1_000_000)]));
    const started = performance.now();
    const decoder = new FrameDecoder();
    for (let at = 0; at < bytes.length; at++) decoder.push(bytes.subarray(at, at + 1));
    expect(decoder.next()?.attachments[0]?.length).toBe(1_000_000);
    // Quadratic work would take minutes.
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  /** A right prefix for a body of 1 GiB: the length is written over and the checksum made anew. */
  function gigabytePrefix(): Uint8Array {
    const prefix = join(encodeFrame(header)).slice(0, 24);
    new DataView(prefix.buffer).setUint32(12, 2 ** 30, true);
    new DataView(prefix.buffer).setUint32(20, crc32(prefix.subarray(0, 20)), true);
    return prefix;
  }

  // 0 and 1 MiB end in its first and second step of allocation, 6 MiB in the last, which is the whole gigabyte.
  it.each([0, 1, 6])("G20 takes no memory for a gigabyte of which %d MiB come", (sent) => {
    const before = process.memoryUsage.rss();
    const decoder = new FrameDecoder();
    decoder.push(gigabytePrefix());
    expect(decoder.next()).toBeUndefined();
    for (let portions = 0; portions < sent * 16; portions++) {
      decoder.push(new Uint8Array(65_536));
      expect(decoder.next()).toBeUndefined();
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 2 ** 20);
    expect(refusal(() => decoder.end())).toBe("protocol-error");
  });

  it("G20 says that a frame has no room where the system gives no memory", () => {
    const decoder = new FrameDecoder();
    decoder.push(gigabytePrefix());
    const allocate = globalThis.Uint8Array;
    vi.stubGlobal(
      "Uint8Array",
      class extends allocate {
        constructor(length: number) {
          if (length > 2 ** 29) throw new RangeError("Array buffer allocation failed");
          super(length);
        }
      },
    );
    try {
      for (let portions = 0; portions < 64; portions++) decoder.push(new allocate(65_536));
      expect(refusal(() => decoder.next())).toBe("limit-exceeded");
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("G20 refuses a body over the receiver's limit by its prefix alone", () => {
    const bytes = join(encodeFrame(header, [new Uint8Array(1000)]));
    const decoder = new FrameDecoder({ maxBody: 500 });
    decoder.push(bytes.subarray(0, 24));
    expect(refusal(() => decoder.next())).toBe("limit-exceeded");
  });
});

describe("G19 a damaged frame", () => {
  const attachments = [
    Uint8Array.from({ length: 1500 }, (_, index) => index * 31),
    Uint8Array.from({ length: 1501 }, (_, index) => index * 7),
  ];
  // The sizes of frames are 28 + 8n: this is the first from 4 KiB on.
  const size = 4100;
  const filler = size - join(encodeFrame(JSON.stringify({ type: "call", filler: "" }), attachments)).length;
  const whole = join(encodeFrame(JSON.stringify({ type: "call", filler: "f".repeat(filler) }), attachments));

  it("G19 is read when it is whole (so that the refusals below mean something)", () => {
    expect(whole.length).toBe(size);
    expect(decodeFrame(whole).attachments).toEqual(attachments);
    expect(decodeAsStream(whole, 1000)).toHaveLength(1);
  });

  it("G19 is never read with any bit of any byte flipped", () => {
    const read: string[] = [];
    for (let at = 0; at < whole.length; at++) {
      for (const mask of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        whole[at]! ^= mask;
        if (refusal(() => decodeFrame(whole)) !== "protocol-error") read.push(`byte ${at} xor ${mask}`);
        if (mask === 255 && refusal(() => decodeAsStream(whole, 1024)) !== "protocol-error") read.push(`byte ${at}, as a stream`);
        whole[at]! ^= mask;
      }
    }
    expect(read).toEqual([]);
  });

  it("G19 is never read when cut at any length", () => {
    const read: string[] = [];
    for (let length = 0; length < whole.length; length++) {
      const cut = whole.subarray(0, length);
      if (refusal(() => decodeFrame(cut)) !== "protocol-error") read.push(`${length} bytes`);
      // A stream that ends before the first byte of a frame has simply ended.
      if (length > 0 && refusal(() => decodeAsStream(cut, 512)) !== "protocol-error") read.push(`${length} bytes, as a stream`);
    }
    expect(read).toEqual([]);
  });

  it("G19 is never read with a part of it zeroed, as a torn write leaves it", () => {
    for (let from = 0; from < whole.length; from += 512) {
      const torn = whole.slice();
      torn.fill(0, from, from + 512);
      expect(refusal(() => decodeFrame(torn))).toBe("protocol-error");
    }
  });
});
