/*
 * The seam between calls and how they travel: docs/decisions/086. Above it, calls are made and get their results; below it, a message becomes a reply.
 *
 *   calls.ts ──▶ Transport ──▶ session/session-transport.ts   over a live channel, many calls at once
 *                          └─▶ spool/spool-transport.ts       over files on the host, a process and a durable result for each call
 *
 * test/calls/transports.test.ts holds for both.
 */
import type { Attachments, HostFacts, ReplyMessage, ResultMessage } from "@sremote/protocol";
import type { ObjectPlace } from "../object/remote-reference.ts";
import type { CallCode } from "./code.ts";
import type { Invocation, Message } from "./invocation.ts";
import type { CallOptions, Runtime, SplitArguments } from "./options.ts";
import type { CapturedOutput } from "./result.ts";
import type { Serializer } from "./serializer.ts";

/** A call of which nothing is sent yet. */
export interface NewCall {
  readonly id: string;
  readonly module: string;
  readonly function: string;
  readonly split: SplitArguments;
  /** Whether calls are among the arguments. */
  readonly waits: boolean;
  readonly options: CallOptions;
  readonly runtime: Runtime;
  readonly serializer: Serializer;
  /** Whether each argument is an item, or the arguments of one: then it is a call of a map. */
  readonly each: "item" | "args" | undefined;
  /** Modules that must be there, with their versions. */
  readonly modules: ReadonlyMap<string, string | null>;
  /** Where what it acts on stays, though that is not among its arguments: the numbers of objects to release are. */
  readonly place?: ObjectPlace | undefined;
  /** Undefined where none is shipped. */
  readonly code: CallCode | undefined;
}

/** What the host said of a call, with everything fetched that belongs to it. */
export interface Reply {
  readonly message: ResultMessage | ReplyMessage;
  /** The interpreter that ran it. */
  readonly host: HostFacts;
  readonly attachments: Attachments;
  /** Length of the message. */
  readonly bytes: number;
  readonly stdout: CapturedOutput;
  readonly stderr: CapturedOutput;
  /** Where what the value stands for lives; undefined where all of it has come. */
  readonly place?: ObjectPlace | undefined;
  /** What a callback threw that the function did not catch. */
  readonly thrown?: Thrown | undefined;
}

export interface Thrown {
  readonly error: unknown;
  readonly message: string;
}

export interface Transport {
  readonly name: "session" | "spool";
  /**
   * Makes the message of a call at once: what happens to the arguments afterwards changes nothing. Undefined where such a call cannot travel so.
   *
   * @throws InvalidArgumentError for arguments that cannot travel
   */
  prepare(call: NewCall): Message | undefined;
  /**
   * Carries out a call that it has prepared. The call is told how far it got, and tells when it is to end.
   *
   * @throws what the call rejects with
   */
  perform(call: Invocation): Promise<Reply>;
}
