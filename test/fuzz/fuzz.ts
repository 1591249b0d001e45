/*
 * The differential fuzzer: random and damaged headers and values, read by the codec of TypeScript (which the Node endpoint bundles) and by that of the Python
 * endpoint, one process for all. What they say must be the same; a difference is made as small as it goes.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { decodeValue, ProtocolError } from "@sremote/protocol";
import { parseStrictJson } from "../../packages/protocol/src/header.ts";
import { seededRandom } from "../support/seeded-random.ts";
import type { SeededRandom } from "../support/seeded-random.ts";

export interface Difference {
  readonly kind: "header" | "value";
  readonly text: string;
  readonly typescript: string;
  readonly python: string;
}

const scalars = [
  "0",
  "-0",
  "-0.0",
  "1.5",
  "1e5",
  "1e999",
  "9007199254740991",
  "9007199254740992",
  "true",
  "null",
  '""',
  '"a"',
  '"\\ud800"',
  '"é"',
  '"\\u0000"',
];
const strings = [
  '"NaN"',
  '"-0"',
  '"12345678901234567890"',
  '"2026-02-30T00:00:00.000Z"',
  '"2026-02-28T00:00:00.000Z"',
  '"/a/i"',
  '"http://a/"',
  '"1.50"',
  '"+1"',
  '"01"',
];
const names = ['"a"', '"b"', '"__proto__"', '"a.b"', '"\\u0061"', '""', '"0"', '"name"', '"message"', '"index"'];
const types = [
  '"undefined"',
  '"bigint"',
  '"number"',
  '"Date"',
  '"regexp"',
  '"URL"',
  '"set"',
  '"map"',
  '"Error"',
  '["custom","bytes"]',
  '["class","X"]',
  '"symbol"',
];

function json(random: SeededRandom, depth: number): string {
  const many = (one: () => string): string => Array.from({ length: random.below(4) }, one).join(",");
  switch (depth > 4 ? 0 : random.below(5)) {
    case 1:
      return `[${many(() => json(random, depth + 1))}]`;
    case 2:
      return `{${many(() => `${random.pick(names)}:${json(random, depth + 1)}`)}}`;
    case 3:
      return random.pick(strings);
    default:
      return random.pick(scalars);
  }
}

function tree(random: SeededRandom, depth: number): string {
  const inner = (): string =>
    `{${Array.from({ length: random.below(3) }, () => `"${random.pick(["a", "b", "0", "1", "0.0", "0.1", "a.b", "a\\\\.b", "__proto__", "name"])}":${tree(random, depth + 1)}`).join(",")}}`;
  const chosen = depth > 3 ? 0 : random.below(4);
  return chosen === 1 ? inner() : chosen === 2 ? `[${random.pick(types)},${inner()}]` : `[${random.pick(types)}]`;
}

/** A text of either kind, often damaged. */
function made(random: SeededRandom): { kind: Difference["kind"]; bytes: Buffer } {
  const kind = random.pick(["header", "value"] as const);
  const text = kind === "header" ? json(random, 0) : `{"json":${json(random, 1)},"meta":{"values":${tree(random, 0)},"v":1}}`;
  const bytes = Buffer.from(text);
  // What a URL and a regular expression may hold is each runtime's own affair.
  const isOwn = text.includes('"URL"') || text.includes('"regexp"');
  if (!isOwn && random.below(3) === 0 && bytes.length > 0)
    bytes[random.below(bytes.length)] = random.pick([0x22, 0x5c, 0x2c, 0x7b, 0x5d, 0x30, 0xff, 0xc3, random.below(256)]);
  return { kind, bytes };
}

function typescript(kind: Difference["kind"], bytes: Uint8Array): { said: string; value: string | null } {
  try {
    const { value, depth } = parseStrictJson(bytes);
    if (kind === "header")
      return { said: "accepted", value: JSON.stringify(value, (_name, each: unknown) => (Object.is(each, -0) ? { $: "-0" } : each)) };
    decodeValue(value, [], { depth });
    return { said: "accepted", value: null };
  } catch (error) {
    if (error instanceof ProtocolError) return { said: error.code, value: null };
    return { said: `raised ${String(error)}`, value: null };
  }
}

/** A set's members and a map's keys are equal, or can be members at all, by the receiver's own rules (PROTOCOL.md, "Values"): Python has no set of dicts. */
function isSame(bytes: Buffer, typescriptSaid: string, pythonSaid: string): boolean {
  if (typescriptSaid === pythonSaid) return true;
  return /"(?:set|map)"/.test(bytes.toString("latin1")) && typescriptSaid === "accepted" && pythonSaid === "protocol-error";
}

/** Runs for so many milliseconds. @returns how many texts were tried, and the first differences */
export async function fuzz(milliseconds: number, seed: number): Promise<{ tried: number; differences: Difference[] }> {
  const python: ChildProcess = spawn("python3", ["-B", fileURLToPath(new URL("verdicts.py", import.meta.url))], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: python.stdout! })[Symbol.asyncIterator]();
  const random = seededRandom(seed);
  const compare = async (batch: readonly { kind: Difference["kind"]; bytes: Buffer }[]): Promise<(Difference | undefined)[]> => {
    const ours = batch.map(({ kind, bytes }) => typescript(kind, bytes));
    python.stdin!.write(
      batch.map(({ kind, bytes }, at) => `${JSON.stringify([kind, bytes.toString("base64"), ours[at]!.value])}\n`).join(""),
    );
    const found: (Difference | undefined)[] = [];
    for (const [at, { kind, bytes }] of batch.entries()) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error("the process of Python ended");
      const said = String(JSON.parse(value));
      found.push(
        isSame(bytes, ours[at]!.said, said)
          ? undefined
          : { kind, text: bytes.toString("latin1"), typescript: ours[at]!.said, python: said },
      );
    }
    return found;
  };
  const shrunk = async (difference: Difference): Promise<Difference> => {
    let least = difference;
    for (let size = least.text.length >> 1; size > 0; size >>= 1) {
      for (let at = 0; at + size <= least.text.length;) {
        const text = least.text.slice(0, at) + least.text.slice(at + size);
        const [smaller] = await compare([{ kind: least.kind, bytes: Buffer.from(text, "latin1") }]);
        if (smaller === undefined) at += size;
        else least = smaller;
      }
    }
    return least;
  };
  const differences: Difference[] = [];
  let tried = 0;
  try {
    const until = performance.now() + milliseconds;
    while (performance.now() < until && differences.length < 5) {
      const found = await compare(Array.from({ length: 200 }, () => made(random)));
      tried += found.length;
      const first = found.find((each) => each !== undefined);
      if (first !== undefined) differences.push(await shrunk(first));
    }
  } finally {
    python.stdin!.end();
  }
  return { tried, differences };
}
