/* G05 G11 G20 Hosts whose spool holds anything: replies by one `exec`, and by push, exec and pull. Each limit at one less, at it, and at one more. */
import { crc32 } from "node:zlib";
import { RemoteClient } from "@sremote/client";
import type { Connector, ExecResult } from "@sremote/connectors";
import { pythonPayload, script } from "@sremote/endpoint";
import { encodeFrame, hostLimits, limits, OutcomeUnknownError, SremoteError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { allowed, inUse } from "../support/flood.ts";

const facts = `{"runtime":"python","version":"3.11.2","executable":"/x","platform":"linux","pid":1,"home":"/","base":"/b","endpoint":"${pythonPayload.sha256}"}`;
const nothing = '{"bytes":0,"truncated":false}';
const value = (json: string): string => `,"outcome":"value","value":${json}`;
const raised = (members: string): string => `,"outcome":"raised","error":{"code":"raised","stage":"call","message":"x"${members}}`;
const replyText = (id: string, members: string, stdout = nothing): string =>
  `{"type":"reply","protocol":1,"id":"${id}","stdout":${stdout},"stderr":${nothing},"host":${facts}${members}}`;
const seven = value('{"json":7}');

/** A frame of any header: ours refuses to make one beyond the limits. */
function frameOf(text: string, { announced = 0, damage = false } = {}): Buffer {
  const header = Buffer.from(text);
  const body = Buffer.concat([header, Buffer.alloc((8 - (header.length % 8)) % 8)]);
  const prefix = Buffer.alloc(24);
  prefix.set([0x89, 0x53, 0x52, 0x4d, 1]);
  prefix.writeUInt32LE(header.length, 8);
  prefix.writeUInt32LE(announced || body.length, 12);
  prefix.writeUInt32LE(crc32(prefix.subarray(0, 20)), 20);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(body));
  if (damage) body[5]! ^= 1;
  return Buffer.concat([prefix, body, checksum]);
}

interface Hostile {
  /** What is printed behind the noise and the marker; default: the reply where it is taken from the output. */
  said?: Buffer | undefined;
  noise?: number | undefined;
  exit?: Partial<ExecResult> | undefined;
  /** What the probe prints. */
  probe?: string | undefined;
  reply?: ((id: string) => Buffer | AsyncIterable<Buffer>) | undefined;
  /** The file beside the reply. */
  stdout?: Buffer | undefined;
  acceptsStdin?: boolean | undefined;
}

const probed = `home=/\nbase=/b\ninstalled=yes\npython=3.11.2 /x\nend=yes\n`;

function hostileHost({ said, noise = 0, exit, probe = probed, reply, stdout = Buffer.alloc(0), acceptsStdin = true }: Hostile): Connector {
  let id = "";
  const noted = (bytes: Buffer): void => void (id = /"id":"([0-9a-f]{32})"/.exec(bytes.toString("latin1"))?.[1] ?? id);
  return {
    label: "hostile://",
    acceptsStdin,
    async exec(command, options): Promise<ExecResult> {
      const argv = command as readonly string[];
      const isProbe = argv[2] === script("probe.sh");
      const [a = "", b = ""] = isProbe ? argv.slice(4, 6) : argv.slice(5, 7);
      noted(Buffer.concat([options?.stdin ?? []].flat()));
      const answer = isProbe ? Buffer.from(probe) : (said ?? (acceptsStdin ? (reply!(id) as Buffer) : Buffer.alloc(0)));
      const printed = Buffer.concat([Buffer.alloc(isProbe ? 0 : noise, "n"), Buffer.from(b + a), answer]);
      return { exitCode: 0, signal: null, stderr: Buffer.alloc(0), ...exit, stdout: printed.subarray(0, options?.outputLimit ?? Infinity) };
    },
    push: async (source) => noted(source as Buffer),
    async pull(path, sink) {
      if (!("write" in sink)) throw new Error("only functions are expected");
      const content = path.endsWith("/reply") ? reply!(id) : stdout;
      for await (const chunk of Buffer.isBuffer(content) ? [content] : content) await sink.write(chunk);
    },
    status: async () => ({ ok: true, message: "reached" }),
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function outcome(host: Hostile, outputLimit?: number): Promise<unknown> {
  await using client = new RemoteClient(hostileHost(host), { python: "/x" });
  try {
    return (await client.doRemoteCall("os", "getpid", [], outputLimit === undefined ? {} : { outputLimit })).value;
  } catch (error) {
    expect(error).toBeInstanceOf(SremoteError);
    return error;
  }
}

/** The reply when it is asked for first; an honest one afterwards. */
function atFirst(reply: NonNullable<Hostile["reply"]>): NonNullable<Hostile["reply"]> {
  let asked = 0;
  return (id) => ((asked += 1) === 1 ? reply(id) : frameOf(replyText(id, seven)));
}

const failed = (code: string, summary = /./): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(summary) as string });
const ways = [
  ["by one exec", true],
  ["by push, exec and pull", false],
] as const;

describe.each(ways)("G20 %s", (_, acceptsStdin) => {
  const answered = (members: string): Promise<unknown> => outcome({ acceptsStdin, reply: (id) => frameOf(replyText(id, members)) });

  test("an honest host is believed, so that the cases below test what they claim", async () => {
    expect(await answered(seven)).toBe(7);
  });

  test.each([
    [-1, 7],
    [0, 7],
    [1, failed("limit-exceeded", /before it started the command/)],
  ])("noise at its limit and %i", async (step, expected) => {
    expect(await outcome({ acceptsStdin, noise: hostLimits.noise + step, reply: (id) => frameOf(replyText(id, seven)) })).toEqual(expected);
  });

  test.each([
    [-1, failed("not-setup")],
    [0, failed("not-setup")],
    [1, failed("limit-exceeded", /report of what is missing/)],
  ])("what is missing at its limit and %i", async (step, expected) => {
    const said = Buffer.from("N\nreason=endpoint\n".padEnd(hostLimits.missing + step, "a=\n"));
    await using client = new RemoteClient(hostileHost({ acceptsStdin, said }), { python: "/x", autoInstall: false });
    expect(await client.doRemoteCall("os", "getpid").catch((error: unknown) => error)).toEqual(expected);
  });

  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  const bigint = (digits: number): string => value(`{"json":"${"9".repeat(digits)}","meta":{"values":["bigint"],"v":1}}`);
  const causes = (depth: number): string => {
    const one = ',"cause":{"code":"raised","stage":"call","message":"x"';
    return raised(one.repeat(depth - 1) + "}".repeat(depth - 1));
  };
  const told = (count: number): string => raised(`,"members":{${Array.from({ length: count }, (__, index) => `"m${index}":1`).join(",")}}`);
  test.each<[string, (n: number) => string, number, unknown]>([
    ["depth of a value", (n) => value(`{"json":${nested(n)}}`), limits.valueDepth, expect.any(Array)],
    ["digits of a bigint", bigint, limits.bigintDigits, expect.any(BigInt)],
    ["depth of causes", causes, limits.failureDepth, failed("raised")],
    ["members of an exception", told, hostLimits.failureMembers, failed("raised")],
    ["text of a number", (n) => value(`{"json":1.${"0".repeat(n - 2)}}`), limits.numberText, expect.any(Number)],
  ])("%s at its limit, and one less and more", async (__, make, limit, expected) => {
    expect(await answered(make(limit - 1))).toEqual(expected);
    expect(await answered(make(limit))).toEqual(expected);
    expect(await answered(make(limit + 1))).toEqual(failed("limit-exceeded"));
  });

  test.each([
    ["a wrong checksum", (id: string) => frameOf(replyText(id, seven), { damage: true })],
    ["no frame", () => Buffer.from("<html>502</html>".repeat(100))],
    ["a reply that is cut", (id: string) => frameOf(replyText(id, seven)).subarray(0, -1)],
  ])("%s is asked for again", async (__, reply) => {
    expect(await outcome({ acceptsStdin, reply: atFirst(reply) })).toBe(7);
  });

  test("a host that damages each reply leaves the outcome unknown", async () => {
    const reply = (id: string): Buffer => frameOf(replyText(id, seven), { damage: true });
    expect(await outcome({ acceptsStdin, reply })).toBeInstanceOf(OutcomeUnknownError);
  });

  test.each([94, 97, 98, 255, 256, -1, Number.NaN, null])("an exit status of %j without a reply", async (exitCode) => {
    const ended = await outcome({
      acceptsStdin,
      said: Buffer.alloc(0),
      exit: { exitCode, signal: exitCode === null ? "SIG\u001b[2J" : null },
    });
    expect((ended as SremoteError).message).not.toContain("\u001b");
    expect(ended).toBeInstanceOf(SremoteError);
  });
});

describe("G20 a file that is pulled", () => {
  const pulled = (reply: Hostile["reply"], more: Hostile = {}): Promise<unknown> => outcome({ acceptsStdin: false, reply, ...more });

  async function* endless(first: Buffer, count: { chunks: number }): AsyncGenerator<Buffer> {
    yield first;
    for (; ; count.chunks += 1) {
      if (count.chunks > 10_000) throw new Error("it was read without end");
      yield Buffer.alloc(65_536);
    }
  }

  test("a reply that goes on behind its end ends there", async () => {
    const count = { chunks: 0 };
    expect(await pulled((id) => endless(frameOf(replyText(id, seven)), count))).toEqual(failed("limit-exceeded", /a file that it has/));
    expect(count.chunks).toBe(0);
  });

  test("one that is no frame ends with its first bytes", async () => {
    const count = { chunks: 0 };
    expect(await pulled(atFirst(() => endless(Buffer.from("x"), count)))).toBe(7);
    expect(count.chunks).toBe(0);
  });

  test("one of more than any may have is not read", async () => {
    const long = (announced: number): Promise<unknown> => pulled(atFirst((id) => frameOf(replyText(id, seven), { announced })));
    expect(await long(limits.body + 1)).toEqual(failed("limit-exceeded", /a body of/));
    expect(await long(limits.body)).toBe(7); // The first is cut, and asked for again.
  });

  test("100,000 chunks of one byte take the memory of their bytes", async () => {
    const text = (id: string): Buffer => frameOf(replyText(id, value(`{"json":"${"x".repeat(100_000)}"}`)));
    async function* dripped(bytes: Buffer): AsyncGenerator<Buffer> {
      for (let at = 0; at < bytes.length; at += 1) yield bytes.subarray(at, at + 1);
    }
    const before = inUse();
    expect(await pulled((id) => dripped(text(id)))).toHaveLength(100_000);
    expect(inUse() - before).toBeLessThan(allowed / 16);
  });

  const output = (bytes: number, truncated: boolean): string => `{"bytes":${bytes},"truncated":${truncated}}`;
  test.each<[string, number, boolean, number, unknown]>([
    ["one byte less than is told", 100, false, 99, failed("outcome-unknown")],
    ["as much as is told", 100, false, 100, 7],
    ["one byte more than is told", 100, false, 101, failed("limit-exceeded")],
    ["one byte less than is kept", 9000, true, 999, 7],
    ["as much as is kept", 9000, true, 1000, 7],
    ["one byte more than is to be kept", 9000, true, 1001, failed("limit-exceeded")],
  ])("output of %s", async (_, bytes, truncated, kept, expected) => {
    const reply = (id: string): Buffer => frameOf(replyText(id, seven, output(bytes, truncated)));
    expect(await outcome({ acceptsStdin: false, reply, stdout: Buffer.alloc(kept) }, 1000)).toEqual(expected);
  });

  test("a listing of a host that says what it likes is an error of ours, and short", async () => {
    const many = "python=9.9 /y\nrejected=x\nbroken=\u001b]0;x\u0007\n".repeat(20_000);
    for (const probe of ["", "end=yes", "base\nend=yes\n", `${many}\nend=yes\n`]) {
      const ended = await pulled((id) => frameOf(replyText(id, seven)), { probe });
      expect((ended as Error).message.length, probe.slice(0, 20)).toBeLessThan(20_000);
      expect((ended as Error).message).not.toMatch(/(?!\n)\p{Cc}/u);
    }
  });
});

test("G20 values that take more than their text are not built", async () => {
  const many = `{"json":[${"{},".repeat(4_000_000)}{}]}`;
  const before = inUse();
  expect(await outcome({ reply: (id) => frameOf(replyText(id, value(many))) })).toEqual(failed("limit-exceeded", /memory/));
  expect(inUse() - before).toBeLessThan(allowed);
});

test("G20 attachments at their limit, one less and more", async () => {
  for (const [count, expected] of [
    [limits.attachments - 1, 7],
    [limits.attachments, 7],
    [limits.attachments + 1, failed("limit-exceeded", /attachments/)],
  ] as const) {
    const empty = Array.from({ length: Math.min(count, limits.attachments) }, () => new Uint8Array(0));
    const reply = (id: string): Buffer => {
      const frame = Buffer.concat(encodeFrame(replyText(id, seven), empty));
      if (count > limits.attachments) {
        frame.writeUInt16LE(count, 6);
        frame.writeUInt32LE(crc32(frame.subarray(0, 20)), 20);
      }
      return frame;
    };
    expect(await outcome({ reply })).toEqual(expected);
  }
});
