/* Vectors of packets: however the bytes are cut, the same packets come out, or the link is broken at the same place. */
import { deepStrictEqual, fail, strictEqual } from "node:assert/strict";
import type { Codec } from "./check-vector.ts";
import { expand, hex, type Part, type Vector } from "./vector.ts";

/** As a vector writes a packet. */
type PacketNotation = [kind: number, flags: number, worker: number, stream: number, payload: Part[]];

interface Read {
  packets: string[];
  /** Why the link is broken, or that the input ended within a packet. */
  broken: string | undefined;
}

/** Longer wires are not cut everywhere. */
const fewBytes = 512;

export function checkPackets(codec: Codec, vector: Vector, wire: Uint8Array): void {
  const expected = (vector.value as PacketNotation[]).map(([kind, flags, worker, stream, payload]) =>
    shown(kind, flags, worker, stream, expand(payload)),
  );
  const check = (bytes: Uint8Array, cuts: readonly number[], how: string): void => {
    for (const pieces of [false, true]) {
      const what = pieces ? `${how}, data in pieces` : how;
      const { packets, broken } = read(codec, vector, new codec.PacketReader({ pieces }), cut(bytes, cuts));
      deepStrictEqual(packets, expected, what);
      if (vector.verdict === "accept") strictEqual(broken, undefined, what);
      else if (broken === undefined) fail(`${what}: accepted, but the link must be broken`);
    }
  };
  if (vector.flip !== undefined) {
    for (let bit = vector.flip[0]; bit < vector.flip[1]; bit++) {
      const flipped = Uint8Array.from(wire);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      check(flipped, [], `bit ${bit} flipped`);
    }
    return;
  }
  check(wire, [], "whole");
  const places = wire.length <= fewBytes ? Array.from(wire.keys()) : [1, 15, 16, 17, wire.length - 1];
  for (const place of places) check(wire, [place], `cut after ${place} bytes`);
  check(wire, places, "cut everywhere");
}

/** @param cuts positions, rising */
function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
}

function read(codec: Codec, vector: Vector, reader: InstanceType<Codec["PacketReader"]>, chunks: readonly Uint8Array[]): Read {
  const packets: string[] = [];
  let payload: Uint8Array[] = [];
  try {
    for (const chunk of chunks) {
      reader.push(chunk);
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
        payload.push(packet.payload);
        if (!packet.isLast) continue;
        packets.push(shown(packet.kind, packet.flags, packet.worker, packet.stream, Buffer.concat(payload)));
        payload = [];
      }
    }
  } catch (error) {
    if (!(error instanceof codec.SremoteError)) throw error;
    strictEqual(error.code, vector.code, error.message);
    return { packets, broken: error.message };
  }
  return { packets, broken: reader.isWithin && vector.prompt !== true ? "the input ends within a packet" : undefined };
}

/** A packet as text, so that packets can be compared. */
function shown(kind: number, flags: number, worker: number, stream: number, payload: Uint8Array): string {
  const bytes = payload.length <= fewBytes ? hex(payload) : Buffer.from(payload).toString("latin1");
  return `${kind} ${flags} ${worker} ${stream} ${bytes}`;
}
