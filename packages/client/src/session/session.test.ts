/* A host that behaves in ways no endpoint of ours does. */
import { createHmac } from "node:crypto";
import { PassThrough } from "node:stream";
import type { Command, Connector, SpawnedProcess } from "@sremote/connectors";
import {
  ConnectError,
  decodeSessionMessage,
  encodeCount,
  encodeCredit,
  encodePacket,
  encodeSessionMessage,
  type HostFacts,
  hostLimits,
  type Packet,
  packetFlags,
  packetKinds,
  PacketReader,
  ProtocolError,
  proofText,
  protocolVersion,
  type SremoteError,
} from "@sremote/protocol";
import { expect, it, vi } from "vitest";
import { type Link, openLink } from "./link.ts";
import { Session } from "./session.ts";

const facts: HostFacts = {
  runtime: "python",
  version: "3.11.2",
  executable: "/usr/bin/python3",
  platform: "linux",
  pid: 1,
  home: "/",
  base: "/.sremote",
  endpoint: null,
};

/** A process that says these chunks after the marker, and what `answers` gives to the packets that it gets. */
function process(
  marker: string,
  says: readonly Uint8Array[],
  answers: (packet: Packet) => { says: readonly Uint8Array[]; ends?: boolean } = () => ({ says: [] }),
): SpawnedProcess {
  const stdout = new PassThrough();
  stdout.write(marker);
  for (const chunk of says) stdout.write(chunk);
  const stdin = new PassThrough();
  const reader = new PacketReader();
  stdin.on("data", (chunk: Buffer) => {
    reader.push(chunk);
    for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
      const answer = answers(packet);
      // As over a real link: not in the turn in which it was asked.
      setImmediate(() => {
        for (const each of answer.says) stdout.write(each);
        if (answer.ends === true) stdout.end(() => resolve({ exitCode: 0, signal: null }));
      });
    }
  });
  const { promise: exit, resolve } = Promise.withResolvers<{ exitCode: number | null; signal: string | null }>();
  const nothing = async (): Promise<void> => undefined;
  return { stdin, stdout, stderr: new PassThrough(), exit, kill: nothing, [Symbol.asyncDispose]: nothing };
}

const token = "0123456789abcdef".repeat(2);
const hostNonce = "5e".repeat(32);
const welcome = encodePacket(packetKinds.welcome, 0, [
  encodeSessionMessage({ type: "welcome", protocol: protocolVersion, attach: "/nowhere/s", host: facts }),
]);

/** The answer to a `resume` by one that knows this token. */
function challenge({ payload }: Packet, known: string, received: number): Uint8Array[] {
  const { nonce: clientNonce } = decodeSessionMessage(payload, "resume");
  const proof = createHmac("sha256", known).update(proofText("host", { clientNonce, hostNonce, received })).digest("hex");
  return encodePacket(packetKinds.challenge, 0, [encodeSessionMessage({ type: "challenge", nonce: hostNonce, received, proof })]);
}

const damaged = Buffer.concat(encodePacket(packetKinds.stdout, 1, [Buffer.from("text")]));
damaged[12]! ^= 1;

/** A session with a call under way, whose first link breaks; `next` is what later ones lead to. */
async function resumeWith(
  next: (marker: string, link: number) => SpawnedProcess,
  first: (marker: string) => SpawnedProcess = (marker) => process(marker, [...welcome, damaged]),
): Promise<{ error: SremoteError; links: number; session: Session }> {
  let links = 0;
  const unused = (): never => expect.unreachable();
  const connector: Connector = {
    label: "hostile",
    acceptsStdin: true,
    exec: unused,
    push: unused,
    pull: unused,
    status: unused,
    close: unused,
    [Symbol.asyncDispose]: unused,
    spawn: async (command: Command) => {
      links += 1;
      const [a, b] = (command as readonly string[]).slice(-2);
      return links === 1 ? first(`${b}${a}`) : next(`${b}${a}`, links);
    },
  };
  const session = new Session({ connector, token, lease: 600, heartbeat: 60_000 });
  const lost = Promise.withResolvers<SremoteError>();
  const stream = session.newStream({ packet: () => expect.unreachable(), drained: () => undefined, lost: (error) => lost.resolve(error) });
  session.send(packetKinds.open, stream, [new Uint8Array(2)]);
  const marker = ["a", "b"] as const;
  session.begin(await openLink({ connector, command: ["start", ...marker], marker, first: [], events: session.events }));
  return { error: await lost.promise, links, session };
}

it.each([
  ["a packet does not come whole, though the host answers each ping", true],
  ["nothing comes", false],
])("G09 gives up a link over which %s", async (_, isAlive) => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  try {
    const swallowing = Buffer.concat(encodePacket(packetKinds.stdout, 1, [Buffer.alloc(40)]));
    swallowing[2]! ^= 8;
    const gone = (marker: string): SpawnedProcess =>
      process(marker, [Buffer.from("N\nreason=session\n")], () => ({ says: [], ends: true }));
    const ended = vi.fn();
    const running = resumeWith(gone, (marker) =>
      process(marker, isAlive ? [...welcome, swallowing] : welcome, ({ kind }) => ({
        says: isAlive && kind === packetKinds.ping ? encodePacket(packetKinds.pong, 0, [encodeCount(0)]) : [],
      })),
    ).finally(ended);
    let beats = 0;
    for (; ended.mock.calls.length === 0 && beats < 10; beats++) {
      for (let turn = 0; turn < 5; turn++) {
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
      vi.advanceTimersByTime(60_000);
    }
    expect(ended).toHaveBeenCalledOnce();
    const { error, links } = await running;
    expect([error.code, links]).toEqual(["outcome-unknown", 2]);
    // Not at once: over a slow link a packet takes its time.
    expect(beats).toBeGreaterThan(3);
  } finally {
    vi.useRealTimers();
  }
});

it("gives up a session of which the next packet is damaged, or none that hosts send, on every link, instead of trying for ever", async () => {
  const wrong = [damaged, Buffer.concat(encodePacket(packetKinds.ping, 0, [encodeCount(0)]))];
  const { error, links, session } = await resumeWith((marker, link) =>
    process(marker, [], (packet) => ({ says: packet.kind === packetKinds.resume ? challenge(packet, token, 1) : [wrong[link % 2]!] })),
  );
  expect(error).toMatchObject({ code: "protocol-error" });
  expect(session.isOver).toBe(true);
  expect(links).toBe(7);
});

it.each([
  ["whatever pongs come over them", Buffer.concat(encodePacket(packetKinds.pong, 0, [encodeCount(0)]))],
  ["if they only bring packets of no call", Buffer.concat(encodePacket(packetKinds.stdout, 999, [Buffer.from("text")]))],
])("gives up a session whose links end as soon as they are made, %s", async (_, says) => {
  const { error, links } = await resumeWith((marker) =>
    process(marker, [], (packet) => {
      if (packet.kind === packetKinds.resume) return { says: challenge(packet, token, 1) };
      return packet.kind === packetKinds.proof ? { says: [says], ends: true } : { says: [] };
    }),
  );
  expect(error).toMatchObject({ code: "connection-lost" });
  expect(links).toBe(7);
});

it("ends a session whose host says on a new link that it has received what was never sent", async () => {
  const { error, links } = await resumeWith((marker) =>
    process(marker, [], (packet) => ({ says: packet.kind === packetKinds.resume ? challenge(packet, token, 2) : [] })),
  );
  expect(error).toMatchObject({ code: "protocol-error", message: "the host has received packets that were never sent" });
  expect(links).toBe(2);
});

it("G03 hands a packet of which a part came over a lost link on once, without a gap", async () => {
  const content = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 7919) >>> 3));
  const packet = Buffer.concat(encodePacket(packetKinds.data, 1, [content]));
  const halves = [packet.subarray(0, 30_000), packet];
  let links = 0;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else of a connector is used
  const connector = {
    label: "test://",
    spawn: async (command: Command) => {
      const half = halves[links++]!;
      const [a, b] = (command as readonly string[]).slice(-2);
      const begins = links === 1 ? packetKinds.open : packetKinds.proof;
      return process(`${b}${a}`, links === 1 ? welcome : [], (each) => {
        if (each.kind === packetKinds.resume) return { says: challenge(each, token, 1) };
        return each.kind === begins ? { says: [half], ends: links === 1 } : { says: [] };
      });
    },
  } as unknown as Connector;
  const session = new Session({ connector, token, lease: 60_000, heartbeat: 60_000 });
  const came: Packet[] = [];
  const whole = Promise.withResolvers<void>();
  const stream = session.newStream({
    packet: (each) => {
      came.push(each);
      if (each.isLast) whole.resolve();
    },
    drained: () => undefined,
    lost: (error) => whole.reject(error),
  });
  session.send(packetKinds.open, stream, [new Uint8Array(2)]);
  const marker = ["a", "b"] as const;
  session.begin(await openLink({ connector, command: ["start", ...marker], marker, first: [], events: session.events }));
  await whole.promise;
  expect(links).toBe(2);
  expect(Buffer.concat(came.map(({ payload }) => payload)).equals(content)).toBe(true);
  expect(came.filter(({ isFirst }) => isFirst)).toHaveLength(1);
  session.fail(new ConnectError("connection-lost", "the end of the test"));
});

it.each([
  [0, [packetKinds.resume, packetKinds.proof, packetKinds.open]],
  [1, [packetKinds.resume, packetKinds.proof]],
])("G03 sends again what the host has not received: of one packet it had %i", async (received, expected) => {
  const heard: number[] = [];
  const bye = encodePacket(packetKinds.bye, 0, [encodeSessionMessage({ type: "bye" })]);
  const { links } = await resumeWith((marker) =>
    process(marker, [], (packet) => {
      heard.push(packet.kind);
      if (packet.kind === packetKinds.resume) return { says: challenge(packet, token, received) };
      return { says: packet.kind === expected.at(-1) ? bye : [] };
    }),
  );
  expect(links).toBe(2);
  expect(heard).toEqual(expected);
});

it.each(["host-key-changed", "host-key-unknown", "host-key-revoked", "auth-failed"] as const)(
  "G04 does not try again on a new connection that ends with %s",
  async (code) => {
    const { error, links } = await resumeWith(() => {
      throw new ConnectError(code, "so says the connector");
    });
    expect(error).toMatchObject({ code, message: "so says the connector" });
    expect(links).toBe(2);
  },
);

it("tries again where the host is only out of reach, as long as its lease may last", async () => {
  const { error, links } = await resumeWith(() => {
    throw new ConnectError("connect-refused", "not now");
  });
  expect(error).toMatchObject({ code: "connection-lost", cause: { code: "connect-refused" } });
  expect(links).toBeGreaterThan(2);
});

it("sends nothing but a nonce to what answers in place of its supervisor, and ends", { timeout: 20_000 }, async () => {
  const heard: Packet[] = [];
  const { error, links } = await resumeWith((marker) =>
    process(marker, [], (packet) => {
      heard.push(packet);
      return { says: challenge(packet, "f".repeat(32), 0) };
    }),
  );
  expect(error).toMatchObject({ code: "outcome-unknown", message: expect.stringContaining("could not prove") as string });
  expect(links).toBe(2);
  expect(heard.map(({ kind }) => kind)).toEqual([packetKinds.resume]);
  expect(Buffer.from(heard[0]!.bytes).includes(token)).toBe(false);
});

it.each([
  ["a result", encodePacket(packetKinds.data, 1, [Buffer.from("forged")], { flags: packetFlags.last })],
  ["a bye", encodePacket(packetKinds.bye, 0, [encodeSessionMessage({ type: "bye" })])],
  ["a welcome", welcome],
  ["a pong", encodePacket(packetKinds.pong, 0, [new Uint8Array(8)])],
])("takes %s for nothing before the other end has proved itself", async (_what, packets) => {
  const heard: number[] = [];
  const { error } = await resumeWith((marker) =>
    process(marker, packets, ({ kind }) => {
      heard.push(kind);
      return { says: [] };
    }),
  );
  expect(error).toMatchObject({ code: "connection-lost", cause: { code: "protocol-error" } });
  expect(new Set(heard)).toEqual(new Set([packetKinds.resume]));
});

it.each([
  ["one less than the limit", -1, false],
  ["exactly", 0, false],
  ["one more", 1, true],
])("G11 gives credit without word that it is taken: %s", (_, step, isOver) => {
  const connector = { label: "hostile" } as Connector;
  const session = new Session({ connector, token, lease: 60_000, heartbeat: 60_000 });
  const lost: SremoteError[] = [];
  const stream = session.newStream({ packet: () => undefined, drained: () => undefined, lost: (error) => lost.push(error) });
  for (let each = 0; each < hostLimits.credits + step; each += 1) session.send(packetKinds.credit, stream, [encodeCredit(1, 0)]);
  expect(session.isOver).toBe(isOver);
  expect(lost).toMatchObject(isOver ? [{ code: "limit-exceeded" }] : []);
});

it.each([
  ["all at once when it does", packetKinds.ack],
  ["asks for a sign then, if that was wanted meanwhile", packetKinds.ping],
])("G11 acknowledges nothing on a link that takes nothing, and %s", (_, kind) => {
  const session = new Session({ connector: { label: "hostile://" } as Connector, token: "0".repeat(32), lease: 30_000, heartbeat: 15_000 });
  const written: Packet[] = [];
  const link = {
    isBlocked: true,
    unfinished: undefined,
    write: (chunks: readonly Uint8Array[]) => {
      const reader = new PacketReader();
      reader.push(Buffer.concat(chunks));
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) written.push(packet);
      return true;
    },
    abandon: () => {},
  };
  session.begin(link as unknown as Link);
  const say = (chunks: readonly Uint8Array[]): void => {
    const reader = new PacketReader();
    reader.push(Buffer.concat(chunks));
    session.events.packet(reader.next()!);
  };
  say(
    encodePacket(packetKinds.welcome, 0, [
      encodeSessionMessage({ type: "welcome", protocol: protocolVersion, attach: "@nowhere", host: facts }),
    ]),
  );
  for (let at = 0; at < 1000; at += 1) {
    if (at === 500 && kind === packetKinds.ping) session.askForSign();
    say(encodePacket(packetKinds.stdout, 9, []));
  }
  expect(written).toEqual([]);
  link.isBlocked = false;
  session.events.drained();
  expect(written.map((packet) => [packet.kind, Buffer.from(packet.payload).readUInt32LE()])).toEqual([[kind, 1000]]);
  session.fail(new ProtocolError("protocol-error", "the end of the test"));
});
