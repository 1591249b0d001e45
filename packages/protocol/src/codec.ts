/* Messages in and out of frames: PROTOCOL.md, section "Messages". */
import {
  missing,
  arrayOf,
  boolean,
  callId,
  count,
  duration,
  hex64,
  integer,
  members,
  hostName,
  oneOf,
  orNull,
  plainWireValue,
  recordOf,
  string,
  variable,
  wireValue,
  wrong,
  type Check,
} from "./check.ts";
import { ProtocolError } from "./error.ts";
import { checkFailure } from "./failure.ts";
import { encodeFrame, type DecodedFrame } from "./frame.ts";
import { limits } from "./limits.ts";
import { protocolVersion, type Message, type Outcome, type OutputPart, type ReplyMessage } from "./message.ts";
import { Attachments } from "./value/attachments.ts";

export interface DecodedMessage<M extends Message = Message> {
  message: M;
  /** Give these to `decodeValue` for every value of the message, and take the output parts from them. */
  attachments: Attachments;
  /** How deep the header nests; an option of `decodeValue`. */
  depth: number;
}

export const outcomes: readonly Outcome[] = ["value", "raised", "killed", "timeout", "cancelled", "not-run", "unknown"];
export const versions: Check = recordOf(orNull(string));
/** The same where a caller asks for them. */
export const asked: Check = recordOf(orNull(string), hostName);
/** Of shipped code. */
const treeDigests: Check = (value, path) => {
  arrayOf(hex64)(value, path);
  if ((value as unknown[]).length > limits.codeTrees) throw wrong(path, `at most ${limits.codeTrees} digests`);
};
/** The environment of a call, in `call` and in a session's route. */
export const placeMembers: Readonly<Record<string, Check>> = {
  env: arrayOf(variable),
  path: arrayOf(hostName),
  cwd: hostName,
  tmp: hostName,
  loginEnv: boolean,
  code: treeDigests,
};
/** Whether an entry of the arguments is one argument, or all of a call's. */
export const eachOf: Check = oneOf(["item", "args"]);
export const itemFailures: Check = arrayOf(members({ item: count, outcome: oneOf(["raised", "killed", "not-run"]), error: checkFailure }));
const outputPart: Check = members({ bytes: count, truncated: boolean }, { index: count });
export const hostFacts: Check = members({
  runtime: oneOf(["python", "node"]),
  version: string,
  executable: string,
  platform: string,
  pid: count,
  home: string,
  base: string,
  endpoint: orNull(string),
});

const checks: Readonly<Record<Message["type"], Check>> = {
  call: members(
    { id: callId, module: hostName, function: hostName, args: plainWireValue("array") },
    {
      kwargs: plainWireValue("object"),
      ...placeMembers,
      timeoutMs: duration,
      outputLimit: count,
      naiveTimeZone: hostName,
      modules: asked,
      release: arrayOf(callId),
      each: eachOf,
    },
  ),
  reply: members(
    {
      id: callId,
      outcome: oneOf(outcomes),
      stdout: outputPart,
      stderr: outputPart,
      host: hostFacts,
    },
    {
      value: wireValue,
      error: checkFailure,
      exitCode: integer,
      signal: string,
      usage: members({ wallMs: duration, cpuMs: duration, maxRssBytes: count }),
      modules: versions,
      failures: itemFailures,
      begun: count,
    },
  ),
};

/** The frame of a message, as chunks to be written one after the other. @throws ProtocolError `limit-exceeded` */
export function encodeMessage(message: Message, attachments: readonly Uint8Array[] = []): Uint8Array[] {
  return encodeFrame(JSON.stringify(message), attachments);
}

/**
 * Check that a frame is a message of this version, every member of the type it must be.
 * @throws ProtocolError naming the member; `protocol-mismatch` when the other side speaks another version
 */
export function decodeMessage(frame: Omit<DecodedFrame, "bytes">): DecodedMessage {
  const { header } = frame;
  const { type, protocol } = header;
  if (Number.isSafeInteger(protocol) && protocol !== protocolVersion) {
    throw new ProtocolError("protocol-mismatch", `the other side speaks protocol ${String(protocol)}, this one ${protocolVersion}`);
  }
  if (type !== "call" && type !== "reply") throw wrong("type", "call or reply");
  if (protocol !== protocolVersion) throw wrong(`${type}.protocol`, "an integer");
  checks[type](header, type);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked just now, member by member
  const message = header as unknown as Message;
  if (message.type === "reply") checkReply(message, frame.attachments);
  return { message, attachments: new Attachments(frame.attachments), depth: frame.depth };
}

/** What the type of a single member cannot say. */
function checkReply(reply: ReplyMessage, attachments: readonly Uint8Array[]): void {
  const needed = reply.outcome === "value" ? "value" : "error";
  if (!Object.hasOwn(reply, needed)) throw missing(`reply.${needed}`);
  checkOutput(reply.stdout, "reply.stdout", attachments);
  checkOutput(reply.stderr, "reply.stderr", attachments);
  if (reply.stdout.index !== undefined && reply.stdout.index === reply.stderr.index) {
    throw wrong("reply.stderr.index", "another attachment than that of stdout");
  }
}

function checkOutput(part: OutputPart, path: string, attachments: readonly Uint8Array[]): void {
  if (part.index === undefined) return;
  const kept = attachments[part.index];
  if (kept === undefined) throw wrong(`${path}.index`, `the index of one of ${attachments.length} attachments`);
  const right = part.truncated ? kept.length <= part.bytes : kept.length === part.bytes;
  if (!right)
    throw wrong(`${path}.bytes`, part.truncated ? `at least the ${kept.length} kept` : `the ${kept.length} kept, since nothing was cut`);
}
