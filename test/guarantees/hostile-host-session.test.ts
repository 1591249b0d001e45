/* G05 G11 G20 Sessions with a host that keeps to no rule: each buffer that it feeds ends at its limit, with an error that says what it did. */
import { crc32 } from "node:zlib";
import { RemoteClient } from "@sremote/client";
import { encodeFrame, encodePacket, hostLimits, packetKinds, SremoteError } from "@sremote/protocol";
import type { Packet } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { allowed, inUse } from "../support/flood.ts";
import { honest, hostileSession } from "../support/hostile-session.ts";
import type { HostileSession, Script } from "../support/hostile-session.ts";

const seven = '{"type":"result","outcome":"value","value":{"json":7}}';

function data(stream: number, frame: readonly Uint8Array[], isLast: boolean): Uint8Array[] {
  const bytes = Buffer.concat(frame);
  const packets: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 1_000_000) {
    const part = bytes.subarray(at, at + 1_000_000);
    packets.push(
      ...encodePacket(packetKinds.data, stream, [part], { flags: isLast && at + part.length === bytes.length ? 1 : 0, worker: 1 }),
    );
  }
  return packets;
}

/** A frame of any header: ours refuses to make one beyond the limits. */
function frameOf(header: Uint8Array): Uint8Array[] {
  const rest = (8 - (header.length % 8)) % 8;
  const body = Buffer.concat([header, Buffer.alloc(rest)]);
  const prefix = Buffer.alloc(24);
  prefix.set([0x89, 0x53, 0x52, 0x4d, 1]);
  prefix.writeUInt32LE(header.length, 8);
  prefix.writeUInt32LE(body.length, 12);
  prefix.writeUInt32LE(crc32(prefix.subarray(0, 20)), 20);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(body));
  return [prefix, body, checksum];
}

const answerSeven = (stream: number): Uint8Array[] => data(stream, encodeFrame(seven), true);

/** What the host does when a call has come. */
function onOpen(act: (host: HostileSession, stream: number) => void): Script {
  return { packet: ({ kind, stream }: Packet, host) => void (kind === packetKinds.open && act(host, stream)) };
}

async function outcome(script: Script, args: readonly unknown[] = []): Promise<unknown> {
  await using client = new RemoteClient(hostileSession(script));
  try {
    return (await client.doRemoteCall("os", "getpid", args)).value;
  } catch (error) {
    return error;
  }
}

/** The session ended because of a passed limit: what became of the call nobody knows. */
const excess = (what: RegExp): unknown =>
  expect.objectContaining({
    code: "outcome-unknown",
    message: expect.stringMatching(what) as string,
    cause: expect.objectContaining({ code: "limit-exceeded" }) as SremoteError,
  });

test("an honest host is believed, so that the cases below test what they claim", async () => {
  expect(await outcome(onOpen((host, stream) => host.say(...answerSeven(stream))))).toBe(7);
});

describe("G20 before the first packet", () => {
  test.each([
    ["one byte less than the limit", -1, 7],
    ["exactly", 0, 7],
    ["one byte more", 1, expect.objectContaining({ message: `the host printed ${hostLimits.noise} bytes and did not start the endpoint` })],
  ])("noise: %s", async (_, step, expected) => {
    const begin: Script["begin"] = (host, marker) => {
      for (let at = 0; at < hostLimits.noise + step; at += 1 << 20)
        host.say(Buffer.alloc(Math.min(1 << 20, hostLimits.noise + step - at), "n"));
      honest(host, marker);
    };
    expect(await outcome({ begin, ...onOpen((host, stream) => host.say(...answerSeven(stream))) })).toEqual(expected);
  });

  test.each([
    ["one byte less than the limit", -1, /no Python 3\.6 or later/],
    ["exactly", 0, /no Python 3\.6 or later/],
    ["one byte more", 1, /sends an endless list of what it is missing/],
  ])("what the first stage misses: %s", async (_, step, expected) => {
    const said = "N\nreason=interpreter\n".padEnd(hostLimits.missing + step, "a=\n");
    const ended = await outcome({
      begin: (host, marker) => {
        host.say(marker, Buffer.from(said));
        host.end();
      },
    });
    expect((ended as Error).message).toMatch(expected);
  });

  test("a first packet that is no welcome ends the session", async () => {
    const pong = encodePacket(packetKinds.pong, 0, [new Uint8Array(8)]);
    const first = await outcome({ begin: (host, marker) => host.say(marker, ...pong) });
    expect(first).toMatchObject({ code: "protocol-error", message: "the host's first packet is not its welcome" });
  });
});

describe("G11 output beyond the credit", () => {
  const credit = 262_144;
  test.each([
    ["one byte less", -1, 7],
    ["exactly as much", 0, 7],
    ["one byte more", 1, excess(/sent more output than it was given credit for/)],
  ])("%s, while nobody reads", async (_, step, expected) => {
    for (const kind of [packetKinds.stdout, packetKinds.stderr]) {
      const script = onOpen((host, stream) => {
        for (let at = 0; at < credit + step; at += 1 << 16)
          host.say(...encodePacket(kind, stream, [Buffer.alloc(Math.min(1 << 16, credit + step - at), "o")]));
        host.say(...answerSeven(stream));
      });
      await using client = new RemoteClient(hostileSession(script));
      const call = client.call("os", "getpid");
      const output = (kind === packetKinds.stdout ? call.stdout : call.stderr).bytes();
      const first = output.next();
      const ended = call.then(
        ({ value }) => value,
        (error: unknown) => error,
      );
      expect(await ended).toEqual(expected);
      await first;
      await output.return();
    }
  });

  test("in a million packets of one byte, memory holds the bytes and not the packets", async () => {
    const packets = 1_000_000;
    const one = Buffer.concat(encodePacket(packetKinds.stdout, 1, [Buffer.from("o")]));
    const portion = Buffer.concat(Array.from({ length: 10_000 }, () => one));
    let sent = 0;
    const script: Script = {
      packet: ({ kind }, host) => {
        if (kind !== packetKinds.open && kind !== packetKinds.credit) return;
        // As an honest host: no more than there is credit for.
        const portions = kind === packetKinds.open ? 24 : 6;
        for (let each = 0; each < portions && sent < packets; each += 1, sent += 10_000) host.say(portion);
        if (sent === packets) host.say(...answerSeven(1));
      },
    };
    await using client = new RemoteClient(hostileSession(script));
    const before = inUse();
    const { stdout, value } = await client.doRemoteCall("os", "getpid");
    expect([value, stdout.length]).toEqual([7, packets]);
    expect(inUse() - before).toBeLessThan(allowed / 4);
  });
});

describe("G20 callbacks that are asked for without end", () => {
  const ask = (stream: number, number: number, attachments: Uint8Array[] = []): Uint8Array[] => {
    const args = attachments.length === 0 ? '{"json":[]}' : '{"json":[{"index":0}],"meta":{"values":{"0":[["custom","bytes"]]},"v":1}}';
    return data(stream, encodeFrame(`{"type":"ask","ask":${number},"callback":1,"args":${args}}`, attachments), false);
  };

  test.each([
    ["one less than the limit", -1, 7],
    ["exactly", 0, 7],
    ["one more", 1, excess(/asks for callbacks and takes no answers/)],
  ])("%s", async (_, step, expected) => {
    const script = onOpen((host, stream) => {
      const one = Buffer.concat(ask(stream, 1));
      const many = hostLimits.asks + step;
      for (let at = 0; at < many; at += 1000) host.say(Buffer.concat(Array.from({ length: Math.min(1000, many - at) }, () => one)));
      host.say(...answerSeven(stream));
    });
    expect(await outcome(script, [() => new Promise(() => {})])).toEqual(expected);
  });

  test("with much data each: the first may be of any size, more are bounded together", async () => {
    const sizes: readonly [number, number, unknown][] = [
      [3 * hostLimits.askBytes, 0, 7],
      [hostLimits.askBytes - 4096, 1024, 7],
      [hostLimits.askBytes, 1024, excess(/asks for callbacks/)],
    ];
    for (const [first, second, expected] of sizes) {
      const script = onOpen((host, stream) => {
        host.say(...ask(stream, 1, [new Uint8Array(first)]));
        if (second > 0) host.say(...ask(stream, 2, [new Uint8Array(second)]));
        host.say(...answerSeven(stream));
      });
      expect(await outcome(script, [() => new Promise(() => {})])).toEqual(expected);
    }
  });
});

describe("G05 answers that are large out of proportion", () => {
  test("64 MiB of empty objects cost their call, are not built, and the next call is served", async () => {
    const bomb = `{"type":"result","outcome":"value","value":{"json":[${"{},".repeat(22_000_000)}{}]}}`;
    const body = Buffer.from(bomb);
    let calls = 0;
    const script = onOpen((host, stream) => {
      calls += 1;
      // The frame is made by hand: ours refuses to.
      host.say(...(calls === 1 ? data(stream, frameOf(body), true) : answerSeven(stream)));
    });
    await using client = new RemoteClient(hostileSession(script));
    await expect(client.doRemoteCall("os", "getpid")).rejects.toMatchObject({ code: "limit-exceeded" });
    expect((await client.doRemoteCall("os", "getpid")).value).toBe(7);
  });

  test("60 MB of text in an error are cut", async () => {
    const note = JSON.stringify("n".repeat(1 << 20));
    const error = `{"code":"raised","stage":"call","message":${note},"notes":[${Array<string>(58).fill(note).join(",")}]}`;
    const script = onOpen((host, stream) =>
      host.say(...data(stream, encodeFrame(`{"type":"result","outcome":"raised","error":${error}}`), true)),
    );
    const ended = await outcome(script);
    expect(ended).toMatchObject({ code: "raised" });
    expect((ended as SremoteError).message.length).toBeLessThan(1 << 21);
    expect(JSON.stringify(ended).length).toBeLessThan(1 << 23);
  });
});
