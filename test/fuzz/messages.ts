/* Messages of the spool and of sessions, as their senders write them, with values and attachments. */
import { codes } from "@sremote/protocol";
import type { SeededRandom } from "../support/seeded-random.ts";
import { ValueMaker } from "./grammar.ts";
import { ofText, type Input, type Kind } from "./input.ts";

const id = "0123456789abcdef0123456789abcdef";
const nonce = "c1".repeat(32);
const stages = ["request", "setup", "queue", "import", "lookup", "arguments", "call", "result"];
const outcomes = ["raised", "killed", "timeout", "cancelled", "not-run", "unknown"];
const host = {
  runtime: "python",
  version: "3.11.7",
  executable: "/p",
  platform: "linux",
  pid: 7,
  home: "/h",
  base: "/h/.s",
  endpoint: null,
};

type Members = Record<string, unknown>;
/** A member whose JSON is made already. */
const raw = (json: string): { raw: string } => ({ raw: json });

/** Of these members each with the chance of one half. */
function some(random: SeededRandom, members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(() => random.below(2) === 0));
}

function failure(random: SeededRandom, depth = 0): Members {
  const { pick, below } = random;
  const deeper = depth < 2 ? { cause: failure(random, depth + 1), exceptions: [failure(random, depth + 1)] } : {};
  return {
    code: pick(Object.keys(codes)),
    stage: pick(stages),
    message: pick(["", "it broke", "\ud800"]),
    ...some(random, {
      type: "ValueError",
      module: "builtins",
      frames: [{ file: "a.py", line: below(9), function: "f", source: pick([null, "x = 1"]) }],
      members: { errno: 2, path: "/x", ok: true },
      context: failure2(random),
      notes: ["n"],
      names: [],
      path: "return[0]",
      hint: "h",
      later: [1],
      ...deeper,
    }),
  };
}

function failure2({ pick }: SeededRandom): Members {
  return { code: "raised", stage: pick(stages), message: "inner" };
}

/** Makes one message of the kind. */
export function message(random: SeededRandom, kind: Kind): Input {
  const { pick, below } = random;
  const values = new ValueMaker(random);
  const args = (): { raw: string } => raw(ValueMaker.wire(values.array()));
  const kwargs = (): { raw: string } => raw(ValueMaker.wire(values.object()));
  const any = (): { raw: string } => raw(ValueMaker.wire(values.any()));
  const optional = (members: Members): Members => some(random, members);
  const outcome = below(2) === 0 ? { outcome: "value", value: any() } : { outcome: pick(outcomes), error: failure(random) };
  const ended = { exitCode: -1, signal: "SIGKILL", usage: { wallMs: 1.5, cpuMs: 0, maxRssBytes: 4096 }, modules: { m: null, n: "1" } };
  const called = { module: pick(["math", "a.b", "./x"]), function: pick(["sqrt", "Path.home"]), args: args() };
  const zoned = { naiveTimeZone: "UTC", modules: { m: null } };
  const place = { env: [["A", "1", true]], path: ["/bin"], cwd: "w", tmp: "t", loginEnv: false, code: ["c0".repeat(32)] };
  const makers: Partial<Record<Kind, () => Members>> = {
    call: () => ({
      type: "call",
      protocol: 1,
      id,
      ...called,
      ...optional({ kwargs: kwargs(), ...place, ...zoned, timeoutMs: 1.5, outputLimit: 9, release: [id] }),
    }),
    reply: () => ({ type: "reply", protocol: 1, id, ...outcome, ...outputs(random, values.attachments), host, ...optional(ended) }),
    hello: () => ({ type: "hello", protocol: 1, token: id, workers: pick([1, 4, 1024]), leaseMs: 1000, heartbeatMs: pick([0, 0.5]) }),
    welcome: () => ({ type: "welcome", protocol: 1, attach: "/run/s", host }),
    resume: () => ({ type: "resume", nonce }),
    challenge: () => ({ type: "challenge", nonce, received: below(99), proof: nonce }),
    proof: () => ({ type: "proof", received: below(99), proof: nonce }),
    bye: () => ({ type: "bye", ...optional({ error: failure(random) }) }),
    invoke: () => ({ type: "invoke", ...called, ...optional({ kwargs: kwargs(), ...zoned, returns: "object", leaseMs: 5, keep: 1 }) }),
    result: () => ({ type: "result", ...outcome, ...optional(ended) }),
    ask: () => ({ type: "ask", ask: 1, callback: 3, args: args(), ...optional({ kwargs: kwargs() }) }),
    answer: () => ({ type: "answer", ask: 1, ...(below(3) > 0 ? { value: any() } : { error: { name: "TypeError", message: "no" } }) }),
    route: () => optional({ ...place, isolation: "call", worker: "w", on: 1, after: 2, keep: true, timeoutMs: 1, queueMs: 2.5, idleMs: 0 }),
  };
  const members = makers[kind]!();
  const text = Object.entries(members).map(
    ([name, value]) => `${JSON.stringify(name)}:${isRaw(value) ? value.raw : JSON.stringify(value)}`,
  );
  // The header's members may stand in any order.
  return ofText(kind, `{${random.shuffle(text).join(",")}}`, values.attachments);
}

function isRaw(value: unknown): value is { raw: string } {
  return typeof value === "object" && value !== null && "raw" in value;
}

/** stdout and stderr of a reply, with their attachments. */
function outputs({ below, pick }: SeededRandom, attachments: Buffer[]): Members {
  const one = (): Members => {
    const bytes = below(4);
    if (below(4) === 0) return { bytes, truncated: pick([true, false]) };
    const isTruncated = below(2) === 0;
    return { index: attachments.push(Buffer.alloc(bytes, 120)) - 1, bytes: bytes + (isTruncated ? below(3) : 0), truncated: isTruncated };
  };
  return { stdout: one(), stderr: one() };
}

export const messageKinds: readonly Kind[] = [
  ...(["call", "reply", "hello", "welcome", "resume", "challenge", "proof", "bye"] as const),
  ...(["invoke", "result", "ask", "answer", "route"] as const),
];
