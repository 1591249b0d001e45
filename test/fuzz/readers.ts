/*
 * What TypeScript says of an input: the client with packages/protocol, and the Node endpoint where it has code of its own (reading frames from a descriptor,
 * arguments and answers of a session). The rest of packages/protocol is one and the same in both.
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as protocol from "@sremote/protocol";
import { parseStrictJson } from "../../packages/protocol/src/header.ts";
import { readFrame } from "../../packages/endpoint/node/wire/frame.ts";
import { Asks } from "../../packages/endpoint/node/session/callbacks.ts";
import { readValues } from "../conformance/session-message.ts";
import type { Input } from "./input.ts";
import { shown, type Shown } from "./shown.ts";

/** `said`: `accepted`, the code of the refusal, or what went wrong in the reader itself. `again`: the value as the reader sends it on. */
export interface Said {
  readonly said: string;
  /** Why it was refused, for people. */
  readonly why?: string;
  readonly value?: Shown;
  readonly again?: Wire | string;
}

export interface Wire {
  readonly text: string;
  readonly attachments: readonly Uint8Array[];
}

const { decodeValue, ProtocolError, SremoteError } = protocol;
const accepted = (value: Shown): Said => ({ said: "accepted", value });

/** Reads inputs; a file of its own stands for the descriptor that the Node endpoint reads frames from. */
export class Readers {
  readonly #directory: string = mkdtempSync(join(tmpdir(), "sremote-fuzz-"));

  close(): void {
    rmSync(this.#directory, { recursive: true });
  }

  /** By the name of the runtime. */
  async read(input: Input): Promise<Record<string, Said>> {
    switch (input.kind) {
      case "header":
        return { typescript: await judged(() => accepted(shown(parseStrictJson(input.bytes).value))) };
      case "value":
        return { typescript: await judged(() => readValue(input)) };
      case "call":
      case "reply":
        return { typescript: await judged(() => accepted(readMessage(input))) };
      case "route":
        return { typescript: await judged(() => accepted(shown(protocol.decodeRoute(input.bytes)))) };
      case "frames":
        return {
          typescript: await judged(() => accepted(readFrames(input))),
          node: await judged(() => accepted(this.#readWithDescriptor(input))),
        };
      case "packets":
        return { typescript: accepted(readPackets(input, true)), node: accepted(readPackets(input, false)) };
      case "answer":
        return { typescript: await judged(() => readAnswer(input)) };
      default: {
        const { kind } = input;
        return { typescript: await judged(() => accepted(shown(readValues(protocol, kind, input.bytes, input.attachments)))) };
      }
    }
  }

  /** The same as `readFrames`, as the Node endpoint reads requests. */
  #readWithDescriptor({ bytes }: Input): Shown {
    const path = join(this.#directory, "frames");
    writeFileSync(path, bytes);
    const fd = openSync(path, "r");
    const found: Shown[] = [];
    let end = "whole";
    try {
      for (let at = 0; at < bytes.length;) {
        const frame = readFrame(fd);
        found.push(frameShown(protocol.decodeFrame(frame), frame));
        at += frame.length;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      end = error.code;
    } finally {
      closeSync(fd);
    }
    return ["[", [...found, end]];
  }
}

async function judged(read: () => Said | Promise<Said>): Promise<Said> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof SremoteError) return { said: error.code, why: error.message };
    return { said: `raised ${String(error)}` };
  }
}

function readValue({ bytes, attachments }: Input): Said {
  const wire = Buffer.concat([Buffer.from('{"type":"value","value":'), bytes, Buffer.from("}")]);
  const { header, depth } = protocol.parseHeader(wire);
  const value = decodeValue(header["value"], attachments, { depth });
  const again: Uint8Array[] = [];
  const text = JSON.stringify(protocol.encodeValue(value, "value", again));
  return { said: "accepted", value: shown(value), again: { text, attachments: again } };
}

function readMessage({ kind, bytes, attachments: parts }: Input): Shown {
  const decoded = protocol.decodeMessage({ ...protocol.parseHeader(bytes), attachments: [...parts] });
  const { message, attachments, depth } = decoded;
  if (message.type !== kind) throw new ProtocolError("protocol-error", "another message");
  if (message.type === "call") {
    const args = shown(decodeValue(message.args, attachments, { depth }));
    return ["[", [args, message.kwargs === undefined ? null : shown(decodeValue(message.kwargs, attachments, { depth }))]];
  }
  for (const part of [message.stdout, message.stderr]) if (part.index !== undefined) attachments.take(part.index, "output");
  return message.value === undefined ? null : shown(decodeValue(message.value, attachments, { depth }));
}

/** The answer to the first question of a call. */
async function readAnswer({ bytes, attachments }: Input): Promise<Said> {
  const { header } = protocol.parseHeader(bytes);
  const asks = new Asks(() => undefined);
  const waiting = asks.ask(1, []);
  waiting.catch(() => undefined);
  asks.answer(header, new protocol.Attachments(attachments));
  if (asks.isWaiting) return { said: "ignored" };
  try {
    return accepted(shown(await waiting));
  } catch (error) {
    if (!(error instanceof Error) || error instanceof SremoteError) throw error;
    return accepted(["c", error.name, error.message]);
  }
}

/** Where a wire is cut: its pieces. */
function piecesOf({ bytes, cuts }: Input): Buffer[] {
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
}

/** All frames before the first wrong one, and what is wrong. Every frame is what the encoder makes of its parts, byte for byte. */
function readFrames(input: Input): Shown {
  const decoder = new protocol.FrameDecoder();
  const found: Shown[] = [];
  let at = 0;
  let end = "whole";
  try {
    for (const piece of piecesOf(input)) {
      decoder.push(piece);
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
        const size = 28 + frame.bytes;
        found.push(frameShown(frame, input.bytes.subarray(at, at + size)));
        at += size;
      }
    }
    decoder.end();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    end = error.code;
  }
  return ["[", [...found, end]];
}

function frameShown({ header, attachments }: protocol.DecodedFrame, wire: Uint8Array): Shown {
  const prefix = protocol.readPrefix(wire);
  const start = 24 + 8 * prefix.attachments;
  const text = Buffer.from(wire.subarray(start, start + prefix.header)).toString("utf8");
  const again = Buffer.concat(protocol.encodeFrame(text, attachments));
  if (!again.equals(wire)) return ["another frame", again.toString("hex")];
  return ["[", [shown(header), ...attachments.map((each): Shown => ["y", Buffer.from(each).toString("hex")])]];
}

/** Kinds that only hosts send: the Python endpoint has no code to read them with. */
const ofHosts: ReadonlySet<number> = new Set([2, 4, 6, 18, 19, 23]);

/** All packets before the first wrong one. @param pieces `data` as it comes, as the client and workers take it; else whole, as supervisors do */
function readPackets(input: Input, pieces: boolean): Shown {
  const reader = new protocol.PacketReader({ pieces });
  const found: Shown[] = [];
  let payload: Uint8Array[] = [];
  try {
    for (const piece of piecesOf(input)) {
      reader.push(piece);
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
        payload.push(packet.payload);
        if (!packet.isLast) continue;
        const { kind, flags, worker, stream } = packet;
        if (ofHosts.has(kind) || (kind === protocol.packetKinds.credit && packet.length === 4)) return ["[", [...found, "of a host"]];
        const whole = Buffer.concat(payload);
        payload = [];
        found.push(["packet", kind, flags, worker, stream, whole.toString("hex")]);
        const again = Buffer.concat(protocol.encodePacket(kind, stream, [whole], { flags, worker }));
        if (input.bytes.indexOf(again) < 0) found.push(["another packet", again.toString("hex")]);
      }
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return ["[", [...found, "broken"]];
  }
  return ["[", [...found, reader.isWithin ? "within" : "whole"]];
}
