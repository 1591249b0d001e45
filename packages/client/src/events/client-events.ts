/* What a client tells those who watch a program in production: of its connections and its calls, and of nothing that may be secret. */
import type { Code, Outcome } from "@sremote/protocol";
import type { Runtime } from "../call/options.ts";

interface ClientEvent {
  /** The connector's label, such as `ssh://me@host:22`. */
  readonly host: string;
  readonly runtime: Runtime;
}

/** A session has started on the host. */
export interface ConnectEvent extends ClientEvent {
  /** When it was begun, in milliseconds since 1970, as `Date.now()` gives them. */
  readonly time: number;
  /** Milliseconds that it took: connecting, logging in, starting the endpoint, and attempts that failed before. */
  readonly duration: number;
}

/** The link of a session was lost, or the session has ended. */
export interface DisconnectEvent extends ClientEvent {
  readonly time: number;
  /** Why: `connection-lost`, `closed` where the client ended it, or another code of errors. */
  readonly code: Code;
  /**
   * Whether the client tries to take the session up again; calls under way go on then. `reconnect` follows, or a second `disconnect` with false, when the
   * session is lost.
   */
  readonly resumes: boolean;
}

/** A session whose link was lost has a new one. */
export interface ReconnectEvent extends ClientEvent {
  /** When the link was lost, in milliseconds since 1970. */
  readonly time: number;
  /** Milliseconds without a link. */
  readonly duration: number;
}

/** A call has ended. */
export interface CallEvent extends ClientEvent {
  /** As `call.id`, and as `callId` of results and errors. */
  readonly id: string;
  /** `sremote:object` for items of a generator and for what is done with an object on the host. */
  readonly module: string;
  readonly function: string;
  /** How it travelled: over a live session, or over files on the host. */
  readonly transport: "session" | "spool";
  /** When it was made, in milliseconds since 1970. */
  readonly time: number;
  /** Milliseconds from then to its end: connecting and waiting for a worker count. */
  readonly duration: number;
  /** Undefined where an error does not say whether the function ran. */
  readonly outcome: Outcome | undefined;
  /** The error's code; undefined for a value, and where an error is none of ours: a serializer's, or an output handler's. */
  readonly code: Code | undefined;
  /** Bytes of the message with the arguments; 0 where it was not made. */
  readonly sentBytes: number;
  /** Bytes of the message with the result, over files with the output in it; 0 where none came. */
  readonly receivedBytes: number;
  /** Bytes that the function wrote to stdout and stderr, as far as known. Of a generator's items, those before its end are not counted. */
  readonly outputBytes: number;
}

export interface ClientEvents {
  connect: ConnectEvent;
  disconnect: DisconnectEvent;
  reconnect: ReconnectEvent;
  call: CallEvent;
}

export type ClientEventName = keyof ClientEvents;
