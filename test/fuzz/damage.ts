/* Changes of an input that was right: of bytes, of JSON tokens, and of its attachments. */
import type { SeededRandom } from "../support/seeded-random.ts";
import type { Input } from "./input.ts";
import { cuts } from "./wires.ts";

const token = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g;
const scalars = '0 1 2 -1 -0 1.0 1.5 1e2 -0.0 1e999 9007199254740991 9007199254740992 1025 3.0 true false null [] {} {"json":[]} ["",null]'
  .split(" ")
  .concat('""', '"a"', '"\\u0000"', '"\\ud800"', '"\\udc80"', '"a=b"');
const bytesOfNote = [0x00, 0x22, 0x2c, 0x30, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x80, 0xc3, 0xff];

export function damaged(random: SeededRandom, input: Input, other: Input): Input {
  const { meaning: _meaning, ...rest } = input;
  const isBinary = input.kind === "frames" || input.kind === "packets";
  const bytes = !isBinary && random.below(3) > 0 ? ofTokens(random, input.bytes, other.bytes) : ofBytes(random, input.bytes, other.bytes);
  const attachments = random.below(6) === 0 ? ofAttachments(random, input.attachments) : input.attachments;
  return { ...rest, bytes, attachments, isDamaged: true, cuts: isBinary ? cuts(random, bytes.length) : [] };
}

function ofTokens({ below, pick }: SeededRandom, bytes: Buffer, other: Buffer): Buffer {
  const text = bytes.toString("utf8");
  const tokens = [...text.matchAll(token)];
  if (tokens.length === 0) return bytes;
  const chosen = pick(tokens);
  const [from, to] = [chosen.index, chosen.index + chosen[0].length];
  const put = (piece: string): Buffer => Buffer.from(text.slice(0, from) + piece + text.slice(to));
  switch (below(6)) {
    case 0:
      return put("");
    case 1:
      return put(pick([...other.toString("utf8").matchAll(token)].map(([each]) => each).concat("1")));
    case 2:
      if (/^-?\d+$/.test(chosen[0])) return put(String(Number(chosen[0]) + pick([1, -1])));
      return put(pick(scalars));
    case 3: {
      // A name, or a text, by another text of the same message.
      const texts = tokens.filter(([each]) => each.startsWith('"'));
      return put(texts.length === 0 ? "1" : pick(texts)[0]);
    }
    default:
      return put(pick(scalars));
  }
}

function ofBytes({ below, pick }: SeededRandom, bytes: Buffer, other: Buffer): Buffer {
  const at = below(bytes.length + 1);
  const end = Math.min(bytes.length, at + below(16));
  switch (below(6)) {
    case 0: {
      const changed = Buffer.from(bytes);
      if (bytes.length > 0) changed[Math.min(at, bytes.length - 1)]! ^= 1 << below(8);
      return changed;
    }
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length + 1))]);
    case 4:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    default:
      return Buffer.concat([bytes.subarray(0, at), Buffer.of(pick(bytesOfNote)), bytes.subarray(Math.min(bytes.length, at + below(2)))]);
  }
}

function ofAttachments({ below }: SeededRandom, attachments: readonly Buffer[]): readonly Buffer[] {
  if (attachments.length === 0) return [Buffer.alloc(1)];
  const at = below(attachments.length);
  const chosen = attachments[at]!;
  const others = [chosen.subarray(1), Buffer.concat([chosen, Buffer.of(1)])];
  return below(3) === 0 ? attachments.toSpliced(at, 1) : attachments.with(at, others[below(2)]!);
}
