/* Frames and packets, byte by byte, right or wrong in one place with checksums that fit: an encoder of ours makes none that are wrong. */
import { crc32 } from "node:zlib";
import type { SeededRandom } from "../support/seeded-random.ts";
import type { Input } from "./input.ts";

const pad = (length: number): number => length + (-length & 7);
const headers = [
  '{"type":"x"}',
  '{"type":""}',
  '{"type":"call","a":[1.0,-0.0,"\\ud800"]}',
  "{}",
  "[]",
  '{"type":1}',
  '{"type":"x"}}',
  "{ }",
  '"',
];

/** What is wrong with a frame: a change of a field, before the checksums are taken or after. */
interface Fault {
  readonly field:
    | "magic"
    | "version"
    | "flags"
    | "attachments"
    | "header"
    | "body"
    | "length"
    | "padding"
    | "prefix-checksum"
    | "body-checksum";
  readonly by: number;
}

function frame(header: Buffer, attachments: readonly Buffer[], fault?: Fault): Buffer {
  const by = (field: Fault["field"]): number => (fault?.field === field ? fault.by : 0);
  const count = attachments.length;
  const parts = [
    Buffer.alloc(8 * count),
    ...[header, ...attachments].map((each) => Buffer.concat([each, Buffer.alloc(pad(each.length) - each.length)])),
  ];
  for (const [index, each] of attachments.entries())
    parts[0]!.writeBigUInt64LE(BigInt(Math.max(0, each.length + (index === 0 ? by("length") : 0))), 8 * index);
  const body = Buffer.concat(parts);
  if (body.length > 0) body[8 * count + pad(header.length) - 1]! += by("padding");
  const prefix = Buffer.alloc(24);
  prefix.set([0x89, 0x53, 0x52, 0x4d + by("magic"), 1 + by("version"), by("flags")]);
  prefix.writeUInt16LE(Math.max(0, count + by("attachments")), 6);
  prefix.writeUInt32LE(Math.max(0, header.length + by("header")), 8);
  prefix.writeBigUInt64LE(BigInt(Math.max(0, body.length + by("body"))), 12);
  prefix.writeUInt32LE((crc32(prefix.subarray(0, 20)) ^ by("prefix-checksum")) >>> 0, 20);
  const end = Buffer.alloc(4);
  end.writeUInt32LE((crc32(body) ^ by("body-checksum")) >>> 0);
  return Buffer.concat([prefix, body, end]);
}

const fields = [
  "magic",
  "version",
  "flags",
  "attachments",
  "header",
  "body",
  "length",
  "padding",
  "prefix-checksum",
  "body-checksum",
] as const;

/** One to three frames; of every second input one is wrong. */
export function frames(random: SeededRandom): Input {
  const { below, pick } = random;
  const many = 1 + below(3);
  const faulty = below(2) === 0 ? below(many) : -1;
  const bytes = Buffer.concat(
    Array.from({ length: many }, (_, at) => {
      const attachments = Array.from({ length: below(4) }, () => Buffer.alloc(below(20), 7));
      // Past every limit of a field, just within, and a little wrong.
      const by = pick([1, -1, 8, -8, 2, 4096, 4097, 67_108_864, 67_108_865, 1_073_741_824, 1_073_741_825, 2 ** 40]);
      const field = pick(fields);
      const bits =
        field === "body" || field === "length"
          ? by
          : field === "header"
            ? Math.min(by, 67_108_865)
            : field === "attachments"
              ? Math.min(by, 4097)
              : 1;
      return frame(Buffer.from(pick(headers)), attachments, at === faulty ? { field, by: bits } : undefined);
    }),
  );
  return { kind: "frames", bytes, attachments: [], cuts: cuts(random, bytes.length), isDamaged: false };
}

/** What a client sends, each with lengths that are right; `data` may have any. */
const payloads: Readonly<Record<number, readonly string[]>> = {
  1: ["{}"],
  3: ["{}"],
  5: ["\0\0\0\0\0\0\0\0"],
  7: ["\u0001\0\0\0\0\0\0\0"],
  8: ['{"type":"bye"}'],
  9: ["{}"],
  16: ["\0\0frame", "\u0002\0{}frame", "\0\0"],
  17: ["", "x", "frame".repeat(20)],
  20: ["\u0001\0\0\0\u0001\0\0\0"],
  21: [""],
  22: [""],
};

function packet(random: SeededRandom): Buffer {
  const { below, pick } = random;
  const isRight = below(8) > 0;
  const kind = isRight ? Number(pick(Object.keys(payloads))) : pick([0, 4, 10, 15, 24, 64, 255, 16, 20, 5]);
  let payload = Buffer.from(pick(payloads[kind] ?? ["", "x"]), "latin1");
  if (!isRight)
    payload = pick([payload, payload.subarray(1), Buffer.concat([payload, Buffer.from("x")]), Buffer.from("\u0009\0x", "latin1")]);
  const head = Buffer.alloc(16);
  const length = isRight || below(2) === 0 ? payload.length : pick([payload.length + 1, 1_048_576, 1_048_577, 2 ** 32 - 1]);
  head.writeUInt32LE(length, 0);
  head.set([kind, below(4), below(3), 0], 4);
  head.writeUInt32LE(pick([0, 1, 2, 2 ** 32 - 1]), 8);
  const covered = kind === 17 ? head.subarray(0, 12) : Buffer.concat([head.subarray(0, 12), payload]);
  head.writeUInt32LE((crc32(covered) ^ (isRight || below(2) === 0 ? 0 : 1)) >>> 0, 12);
  return Buffer.concat([head, payload]);
}

export function packets(random: SeededRandom): Input {
  const bytes = Buffer.concat(Array.from({ length: 1 + random.below(5) }, () => packet(random)));
  return { kind: "packets", bytes, attachments: [], cuts: cuts(random, bytes.length), isDamaged: false };
}

/** Up to four places. */
export function cuts(random: SeededRandom, length: number): number[] {
  const places = Array.from({ length: random.below(5) }, () => random.below(length + 1));
  return [...new Set(places)].toSorted((a, b) => a - b);
}
