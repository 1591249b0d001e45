/*
 * A program in place of a session's endpoint, which feeds the client as much as each limit allows, and in the end reads nothing.
 * Arguments: the halves of the marker, and the length of the payload that comes first.
 */
import { crc32 } from "node:zlib";
import { encodeFrame, encodePacket, hostLimits, limits, packetKinds, PacketReader, sessionLimits } from "@sremote/protocol";
import { welcome } from "./hostile-session.ts";

/** Calls that share what the session allows. */
const calls = 16;
const [a = "", b = "", size = "0"] = process.argv.slice(2);
const say = (...chunks: readonly Uint8Array[]): void => void process.stdout.write(Buffer.concat(chunks));

function data(stream: number, bytes: Uint8Array, flags = 0): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 65_520) {
    const isLast = at + 65_520 >= bytes.length;
    packets.push(...encodePacket(packetKinds.data, stream, [bytes.subarray(at, at + 65_520)], { flags: isLast ? flags : 0, worker: 1 }));
  }
  return packets;
}

const answer = Buffer.concat(encodeFrame('{"type":"result","outcome":"value","value":{"json":7}}'));

/** The beginning of an answer that is as long as any may be, and never comes. */
function announced(): Buffer {
  const frame = Buffer.from(answer.subarray(0, 32));
  frame.writeUInt32LE(limits.body, 12);
  frame.writeUInt32LE(crc32(frame.subarray(0, 20)), 20);
  return frame;
}

/** All asks together have as many bytes as they may. */
function ask(number: number): Buffer {
  const args = '{"json":[{"index":0}],"meta":{"values":{"0":[["custom","bytes"]]},"v":1}}';
  const text = `{"type":"ask","ask":${number},"callback":1,"args":${args}}`;
  return Buffer.concat(encodeFrame(text, [new Uint8Array(Math.floor(hostLimits.askBytes / hostLimits.asks) - text.length - 16)]));
}

function flood(stream: number): void {
  for (const kind of [packetKinds.stdout, packetKinds.stderr])
    for (let at = 0; at < sessionLimits.outputCredit; at += 1024) say(...encodePacket(kind, stream, [Buffer.alloc(1024, "o")]));
  for (let at = 1; at <= hostLimits.asks / calls; at += 1) say(...data(stream, ask(at)));
  say(...data(stream, announced()));
}

/** Packets of no call, each of which is counted. */
function crumbs(): void {
  const some = Buffer.concat(Array.from({ length: 256 }, () => Buffer.concat(encodePacket(packetKinds.stdout, 999_999, []))));
  for (let at = 0; at < 2000; at += 1) say(some);
}

const reader = new PacketReader();
let skip = Number(size);
let finished = 0;

function opened(stream: number, payload: Uint8Array): void {
  if (!Buffer.from(payload).includes('"finish"')) return flood(stream);
  finished += 1;
  if (finished === 1) return say(...data(stream, answer, 1));
  crumbs();
  process.stderr.write(Buffer.alloc(1 << 22, "e"));
  // Behind all that. The beginning of a packet follows, the rest of which never comes.
  say(...data(stream, answer, 1));
  say(Buffer.concat(encodePacket(packetKinds.stdout, 999_999, [new Uint8Array(sessionLimits.packetPayload)])).subarray(0, -1));
  process.stdin.pause();
}

process.stdin.on("data", (chunk: Buffer) => {
  const bytes = chunk.subarray(Math.min(skip, chunk.length));
  skip -= chunk.length - bytes.length;
  reader.push(bytes);
  for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
    if (packet.kind === packetKinds.bye) process.exit();
    if (packet.kind === packetKinds.open) opened(packet.stream, packet.payload);
  }
});
say(Buffer.from(b + a), ...welcome);
