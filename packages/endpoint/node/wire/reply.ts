/* Replies, as frames. */
import {
  encodeFrame,
  limits,
  protocolVersion,
  ProtocolError,
  type Failure,
  type HostFacts,
  type ItemFailure,
  type Outcome,
  type OutputPart,
  type ReplyMessage,
} from "@sremote/protocol";
import { home } from "../run/environment.ts";
import type { Output } from "../spool/output.ts";
import { payloadDigest } from "../program.ts";

/** Id of a reply to a request that could not be read. */
export const unknownId: string = "0".repeat(32);

export interface ReplyParts {
  id: string;
  base: string;
  outcome: Outcome;
  error?: Failure | undefined;
  /** The value on the wire, JSON as UTF-8. */
  value?: Uint8Array | undefined;
  /** The value's. */
  attachments?: readonly Uint8Array[] | undefined;
  /** stdout and stderr; absent when nothing ran. */
  outputs?: readonly [Output, Output] | undefined;
  exitCode?: number | undefined;
  signal?: string | undefined;
  usage?: ReplyMessage["usage"];
  modules?: Record<string, string | null> | undefined;
  failures?: ItemFailure[] | undefined;
  begun?: number | undefined;
}

/** The frame of a reply, as chunks. A value too large for a frame becomes a failure. */
export function makeReply(parts: ReplyParts): Uint8Array[] {
  try {
    return encode(parts);
  } catch (error) {
    if (!(error instanceof ProtocolError) || parts.value === undefined) throw error;
    const { value: _value, attachments: _attachments, ...rest } = parts;
    const failure: Failure = {
      code: "limit-exceeded",
      stage: "result",
      message: `the function ran, but its result cannot be sent: ${error.message}`,
      path: "return",
    };
    return encode({ ...rest, outcome: "raised", error: failure });
  }
}

function encode(parts: ReplyParts): Uint8Array[] {
  const attachments = [...(parts.attachments ?? [])];
  const [stdout, stderr] = describeOutputs(parts.outputs, attachments);
  const reply: ReplyMessage = {
    type: "reply",
    protocol: protocolVersion,
    id: parts.id,
    outcome: parts.outcome,
    stdout,
    stderr,
    host: hostFacts(parts.base),
  };
  if (parts.error !== undefined) reply.error = parts.error;
  if (parts.exitCode !== undefined) reply.exitCode = parts.exitCode;
  if (parts.signal !== undefined) reply.signal = parts.signal;
  if (parts.usage !== undefined) reply.usage = parts.usage;
  if (parts.modules !== undefined) reply.modules = parts.modules;
  if (parts.failures !== undefined) reply.failures = parts.failures;
  if (parts.begun !== undefined) reply.begun = parts.begun;
  const header = JSON.stringify(reply);
  // The value's text was made in the function's process and is put in as it is.
  const withValue = parts.value === undefined ? header : `${header.slice(0, -1)},"value":${Buffer.from(parts.value).toString("utf8")}}`;
  return encodeFrame(withValue, attachments);
}

function describeOutputs(outputs: readonly [Output, Output] | undefined, attachments: Uint8Array[]): [OutputPart, OutputPart] {
  const inline = outputs === undefined || outputs[0].kept + outputs[1].kept <= limits.inlineOutput;
  const describe = (output: Output | undefined): OutputPart => {
    const part: OutputPart = { bytes: output?.bytes ?? 0, truncated: output?.truncated ?? false };
    if (inline) part.index = attachments.push(output?.contents() ?? new Uint8Array(0)) - 1;
    return part;
  };
  return [describe(outputs?.[0]), describe(outputs?.[1])];
}

/** The facts about this endpoint that every reply carries. */
export function hostFacts(base: string): HostFacts {
  return {
    runtime: "node",
    version: process.versions.node,
    executable: process.execPath,
    platform: process.platform,
    pid: process.pid,
    home: home(),
    base,
    endpoint: payloadDigest(),
  };
}
