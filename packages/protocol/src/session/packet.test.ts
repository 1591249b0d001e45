import { describe, expect, it } from "vitest";
import { decodeCount, encodeCount, encodeOpen, encodePacket, packetKinds, sessionLimits, splitOpen, type Packet } from "./packet.ts";
import { PacketReader } from "./packet-reader.ts";
import { Receipt, Replay } from "./replay.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function join(chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
}

/** All packets of the bytes, given in pieces of the size. */
function read(bytes: Uint8Array, piece = bytes.length): Packet[] {
  const reader = new PacketReader();
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length; at += piece) {
    reader.push(bytes.subarray(at, at + piece));
    for (let packet = reader.next(); packet !== undefined; packet = reader.next()) packets.push(packet);
  }
  expect(reader.isWithin).toBe(false);
  return packets;
}

describe("packets", () => {
  it("have the layout of the specification", () => {
    const bytes = join(encodePacket(packetKinds.stdout, 0x01020304, [text("hi")], { worker: 0x0506, flags: 7 }));
    expect([...bytes.subarray(0, 12)]).toEqual([2, 0, 0, 0, 18, 7, 6, 5, 4, 3, 2, 1]);
    // The CRC-32 of those twelve bytes and "hi", made with Python's zlib.
    expect(new DataView(bytes.buffer).getUint32(12, true)).toBe(0x0d08057f);
    expect([...bytes.subarray(16)]).toEqual([...text("hi")]);
  });

  const large = Uint8Array.from({ length: 70_000 }, (_, index) => index % 251);
  const sent = [
    encodePacket(packetKinds.open, 1, encodeOpen('{"worker":"a"}', [text("frame")])),
    encodePacket(packetKinds.cancel, 2, []),
    encodePacket(packetKinds.data, 3, [large, text("end")], { flags: 1 }),
    encodePacket(packetKinds.ack, 0, [encodeCount(2 ** 40 + 5)]),
  ].map(join);

  it.each([1, 2, 3, 7, 15, 16, 17, 1000, 65_536, 1_000_000])("come out as they went in when cut into pieces of %i bytes", (piece) => {
    const packets = read(join(sent), piece);
    expect(packets.map(({ kind, stream, flags }) => [kind, stream, flags])).toEqual([
      [16, 1, 0],
      [21, 2, 0],
      [17, 3, 1],
      [7, 0, 0],
    ]);
    expect(packets.map(({ bytes }) => Buffer.compare(bytes, sent[packets.findIndex((each) => each.bytes === bytes)]!))).toEqual([
      0, 0, 0, 0,
    ]);
    const { route, frame } = splitOpen(packets[0]!.payload)!;
    expect(new TextDecoder().decode(route)).toBe('{"worker":"a"}');
    expect(new TextDecoder().decode(frame)).toBe("frame");
    expect(decodeCount(packets[3]!.payload)).toBe(2 ** 40 + 5);
  });

  it.each([1, 5, 16, 17, 1000, 65_536, 1_000_000])("of data come in pieces where that is asked for, cut every %i bytes", (piece) => {
    const reader = new PacketReader({ pieces: true });
    const bytes = join(sent);
    const seen: Packet[] = [];
    for (let at = 0; at < bytes.length; at += piece) {
      reader.push(bytes.subarray(at, at + piece));
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) seen.push(packet);
    }
    expect(reader.isWithin).toBe(false);
    expect(seen.filter(({ isFirst }) => isFirst).map(({ kind }) => kind)).toEqual([16, 21, 17, 7]);
    expect(seen.filter(({ isLast }) => isLast).map(({ kind }) => kind)).toEqual([16, 21, 17, 7]);
    const data = seen.filter(({ kind }) => kind === packetKinds.data);
    expect(Buffer.concat(data.map(({ payload }) => payload)).equals(Buffer.concat([large, text("end")]))).toBe(true);
    expect(new Set(data.map(({ length, stream, flags }) => `${length} ${stream} ${flags}`))).toEqual(new Set(["70003 3 1"]));
  });

  it("are views of the chunk they came in whole", () => {
    const bytes = sent[0]!;
    expect(read(bytes)[0]!.bytes.buffer).toBe(bytes.buffer);
  });

  it("G19 break the link when any bit of head or payload is flipped", () => {
    const bytes = sent[0]!;
    for (let at = 0; at < bytes.length * 8; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at >> 3]! ^= 1 << (at & 7);
      const reader = new PacketReader();
      reader.push(damaged);
      let packet: Packet | undefined;
      let error: unknown;
      try {
        packet = reader.next();
      } catch (thrown) {
        error = thrown;
      }
      expect(packet, `bit ${at}`).toBeUndefined();
      // A flipped length may make the reader wait for more; anything else is seen at once.
      if (error === undefined) expect(at, "bit of the length").toBeLessThan(32);
    }
  });

  it.each(["data", "ping", "cancel", "credit"] as const)("G19 of %s with a damaged length break the link before more has come", (kind) => {
    const payload = { data: large.subarray(0, 100), ping: encodeCount(1), cancel: new Uint8Array(0), credit: new Uint8Array(8) }[kind];
    const bytes = join(encodePacket(packetKinds[kind], kind === "ping" ? 0 : 1, [payload]));
    for (let bit = 0; bit < 20; bit++) {
      const damaged = Uint8Array.from(bytes);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      for (const cut of [damaged.length, 15]) {
        const reader = new PacketReader();
        const readBoth = (): void => {
          reader.push(damaged.subarray(0, cut));
          while (reader.next() !== undefined);
          reader.push(damaged.subarray(cut));
          while (reader.next() !== undefined);
        };
        expect(readBoth, `bit ${bit}, cut at ${cut}`).toThrow("the link carried a packet with");
      }
    }
  });

  it("with an unknown kind break the link", () => {
    const reader = new PacketReader();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a kind of a later version
    reader.push(join(encodePacket(99 as never, 0, [])));
    expect(() => reader.next()).toThrow("the kind 99");
  });

  it("G20 of more than 1 MiB are refused before a byte of them is kept", () => {
    const head = join(encodePacket(packetKinds.data, 1, []));
    const limit = sessionLimits.packetPayload;
    const over = Uint8Array.from(head);
    new DataView(over.buffer).setUint32(0, limit + 1, true);
    const reader = new PacketReader();
    reader.push(over);
    expect(() => reader.next()).toThrow(`a length of ${limit + 1} bytes`);
    expect(read(join(encodePacket(packetKinds.data, 1, [new Uint8Array(limit)])))[0]!.payload.length).toBe(limit);
    expect(() => encodePacket(packetKinds.data, 1, [new Uint8Array(limit), new Uint8Array(1)])).toThrow(RangeError);
  });
});

describe("counting", () => {
  it("keeps what is not acknowledged, and sends that again in order", () => {
    const replay = new Replay();
    for (let each = 0; each < 1000; each++) replay.keep([text(String(each))]);
    expect(replay.acknowledge(400)).toBe(true);
    expect(replay.acknowledge(990)).toBe(true);
    expect(replay.acknowledge(700)).toBe(true); // an old one: a ping that was sent before
    expect(replay.unacknowledged().map((chunk) => new TextDecoder().decode(chunk))).toEqual(
      Array.from({ length: 10 }, (_, index) => String(990 + index)),
    );
    expect(replay.bytes).toBe(30);
    expect(replay.sent).toBe(1000);
  });

  it("takes no acknowledgement of what was never sent", () => {
    const replay = new Replay();
    replay.keep([text("a")]);
    expect(replay.acknowledge(2)).toBe(false);
    expect(replay.acknowledge(Number.NaN)).toBe(false);
    expect(replay.acknowledge(1)).toBe(true);
    expect(replay.bytes).toBe(0);
  });

  it("says that an acknowledgement is due after 256 packets or 256 KiB", () => {
    const receipt = new Receipt();
    for (let each = 1; each < 256; each++) expect(receipt.count(0)).toBe(false);
    expect(receipt.count(0)).toBe(true);
    expect(receipt.tell()).toBe(256);
    expect(receipt.count(262_143)).toBe(false);
    expect(receipt.count(1)).toBe(true);
  });
});
