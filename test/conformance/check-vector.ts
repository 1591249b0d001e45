import { deepStrictEqual, fail, strictEqual } from "node:assert/strict";
import { checkPackets } from "./check-packets.ts";
import { fromNotation, floatText, toNotation } from "./notation.ts";
import { readSessionMessage } from "./session-message.ts";
import { expand, hex, type Vector } from "./vector.ts";

/** What a codec must have to be checked: the exports of `@sremote/protocol`, from source or from a bundle. */
export type Codec = Pick<
  typeof import("@sremote/protocol"),
  | "Attachments"
  | "Column"
  | "NdArray"
  | "PacketReader"
  | "SremoteError"
  | "Table"
  | "checkSessionMessage"
  | "decodeFrame"
  | "decodeMessage"
  | "decodeRoute"
  | "decodeValue"
  | "encodeValue"
  | "parseHeader"
>;

/** Fails with an AssertionError when the codec does not do what the vector says. */
export function checkVector(codec: Codec, vector: Vector): void {
  if (vector.kind === "packets") return checkPackets(codec, vector, expand(vector.wire));
  let read: unknown;
  try {
    read = readWire(codec, vector);
  } catch (error) {
    if (!(error instanceof codec.SremoteError)) throw error;
    if (vector.verdict === "accept") fail(`refused: ${error.message}`);
    strictEqual(error.code, vector.code, error.message);
    return;
  }
  if (vector.verdict === "reject") fail(`accepted, but must be refused with ${vector.code}`);
  if ("value" in vector) deepStrictEqual(notationOf(codec, read, vector), normalised(vector.value));
  if (vector.canonical?.includes("typescript") === true) checkCanonical(codec, vector);
}

function readWire(codec: Codec, vector: Vector): unknown {
  if (vector.kind === "frame") return codec.decodeFrame(expand(vector.wire), { maxBody: vector.maxBody });
  if (vector.kind === "packets") throw new TypeError("packets are many");
  if (vector.kind === "route") return codec.decodeRoute(expand(vector.wire));
  const attachments = vector.wire.attachments.map(expand);
  const json = expand(vector.wire.json);
  if (vector.kind === "value") {
    const { header, depth } = codec.parseHeader(Buffer.concat([Buffer.from('{"type":"value","value":'), json, Buffer.from("}")]));
    return codec.decodeValue(header["value"], attachments, { root: "return", depth });
  }
  if (vector.kind === "session-message") return readSessionMessage(codec, vector.type, json, attachments);
  const decoded = codec.decodeMessage({ ...codec.parseHeader(json), attachments });
  const { message } = decoded;
  const options = { depth: decoded.depth };
  if (message.type === "call") {
    const value = codec.decodeValue(message.args, decoded.attachments, { root: "args", ...options });
    if (message.kwargs !== undefined) codec.decodeValue(message.kwargs, decoded.attachments, { root: "kwargs", ...options });
    return value;
  }
  for (const part of ["stdout", "stderr"] as const)
    if (message[part].index !== undefined) decoded.attachments.take(message[part].index, part);
  return message.value === undefined ? undefined : codec.decodeValue(message.value, decoded.attachments, { root: "return", ...options });
}

function notationOf(codec: Codec, read: unknown, vector: Vector): unknown {
  if (vector.kind !== "frame") return toNotation(read, codec, vector.value);
  const frame = read as ReturnType<Codec["decodeFrame"]>;
  const { header } = vector.value as { header: unknown };
  return { header: toNotation(frame.header, codec, header), attachments: frame.attachments.map(hex) };
}

/** The encoder makes exactly this wire from the value. */
function checkCanonical(codec: Codec, vector: Vector): void {
  if (vector.kind !== "value") fail("only values have a canonical wire");
  const attachments: Uint8Array[] = [];
  const wire = codec.encodeValue(fromNotation(vector.value, codec), "return", attachments);
  const expected = JSON.stringify(JSON.parse(Buffer.from(expand(vector.wire.json)).toString("utf8")));
  strictEqual(JSON.stringify(wire), expected);
  deepStrictEqual(attachments.map(hex), vector.wire.attachments.map(expand).map(hex));
}

/** Floats of the notation as JavaScript writes them, so that texts can be compared. */
function normalised(notation: unknown): unknown {
  if (Array.isArray(notation)) return notation.map(normalised);
  if (typeof notation !== "object" || notation === null) return notation;
  const tagged = Object.fromEntries(Object.entries(notation).map(([name, value]) => [name, normalised(value)]));
  return tagged["$"] === "float" ? { $: "float", v: floatText(Number(tagged["v"])) } : tagged;
}
