/* Messages of a session, checked member by member: SESSION.md, sections "Messages" and "Route". */
import {
  missing,
  boolean,
  callId,
  count,
  duration,
  hex64,
  integer,
  integerWithin,
  isRecord,
  members,
  hostName,
  oneOf,
  plainWireValue,
  string,
  wireValue,
  wrong,
  type Check,
} from "../check.ts";
import { asked, eachOf, hostFacts, itemFailures, outcomes, placeMembers, versions } from "../codec.ts";
import { ProtocolError } from "../error.ts";
import { checkFailure } from "../failure.ts";
import { parseHeader, parseStrictJson } from "../header.ts";
import { protocolVersion } from "../message.ts";
import { sessionLimits } from "./packet.ts";
import type { Route, SessionMessage } from "./session-message.ts";

type MessageOf<T extends SessionMessage["type"]> = Extract<SessionMessage, { type: T }>;

const usage = members({ wallMs: duration, cpuMs: duration, maxRssBytes: count });

const checks: Readonly<Record<SessionMessage["type"], Check>> = {
  hello: members({ token: callId, workers: integerWithin(1, sessionLimits.workers), leaseMs: duration, heartbeatMs: duration }),
  welcome: members({ attach: string, host: hostFacts }),
  resume: members({ nonce: hex64 }),
  challenge: members({ nonce: hex64, received: count, proof: hex64 }),
  proof: members({ received: count, proof: hex64 }),
  bye: members({}, { error: checkFailure }),
  invoke: members(
    { module: hostName, function: hostName, args: plainWireValue("array") },
    {
      kwargs: plainWireValue("object"),
      naiveTimeZone: hostName,
      modules: asked,
      code: placeMembers["code"]!,
      returns: oneOf(["object"]),
      leaseMs: duration,
      keep: count,
      each: eachOf,
    },
  ),
  result: members(
    { outcome: oneOf(outcomes) },
    {
      value: wireValue,
      error: checkFailure,
      exitCode: integer,
      signal: string,
      usage,
      modules: versions,
      failures: itemFailures,
      begun: count,
    },
  ),
  part: members({ value: plainWireValue("array") }, { failures: itemFailures }),
  ask: members({ ask: count, callback: count, args: plainWireValue("array") }, { kwargs: plainWireValue("object") }),
  answer: members({ ask: count }, { value: wireValue, error: members({ name: string, message: string }) }),
};

const checkRoute = members(
  {},
  {
    ...placeMembers,
    isolation: oneOf(["call"]),
    worker: hostName,
    on: count,
    after: count,
    keep: boolean,
    timeoutMs: duration,
    queueMs: duration,
    idleMs: duration,
  },
);

const versioned: ReadonlySet<string> = new Set(["hello", "welcome"]);
const utf8 = new TextEncoder();

/** Payload of a packet that holds a message. */
export function encodeSessionMessage(message: SessionMessage): Uint8Array {
  return utf8.encode(JSON.stringify(message));
}

/** The message in the payload of a packet. @throws ProtocolError; `protocol-mismatch` when the other side speaks another version */
export function decodeSessionMessage<T extends SessionMessage["type"]>(payload: Uint8Array, ...types: readonly T[]): MessageOf<T> {
  return checkSessionMessage(parseHeader(payload).header, ...types);
}

/** A header of a frame on a stream as a message of one of these types. @throws ProtocolError naming the member */
export function checkSessionMessage<T extends SessionMessage["type"]>(header: unknown, ...types: readonly T[]): MessageOf<T> {
  if (!isRecord(header)) throw wrong("message", "an object");
  const type = types.find((each) => each === header["type"]);
  if (type === undefined) throw wrong("type", types.join(" or "));
  if (versioned.has(type)) checkVersion(header["protocol"], type);
  checks[type](header, type);
  if (type === "result") checkOneOf(header, header["outcome"] === "value" ? "value" : "error", "result");
  if (type === "answer") checkOneOf(header, Object.hasOwn(header, "error") ? "error" : "value", "answer");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked just now, member by member
  return header as unknown as MessageOf<T>;
}

/** Before anything else: the rest may look different in another version. */
function checkVersion(protocol: unknown, type: string): void {
  if (!Number.isSafeInteger(protocol)) throw wrong(`${type}.protocol`, "an integer");
  if (protocol === protocolVersion) return;
  throw new ProtocolError("protocol-mismatch", `the other side speaks protocol ${String(protocol)}, this one ${protocolVersion}`);
}

function checkOneOf(header: Record<string, unknown>, needed: string, type: string): void {
  if (!Object.hasOwn(header, needed)) throw missing(`${type}.${needed}`);
}

/** The route of an `open`. @throws ProtocolError */
export function decodeRoute(bytes: Uint8Array): Route {
  if (bytes.length === 0) return {};
  const { value } = parseStrictJson(bytes);
  checkRoute(value, "route");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked just now, member by member
  return value as Route;
}
