/* What a client tells those who watch a program in production: of its connections and its calls, and of nothing that may be secret. */
import { type Channel, channel } from "node:diagnostics_channel";
import { warnOfHandler } from "@sremote/connectors";
import { type Code, InvalidArgumentError, type Outcome, OutcomeUnknownError, RemoteExecError, SremoteError } from "@sremote/protocol";
import type { Runtime } from "./call-options.ts";

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

const names: readonly ClientEventName[] = ["connect", "disconnect", "reconnect", "call"];
/** Of the process: what all clients tell, those that fleets make included. */
const channels: Readonly<Record<ClientEventName, Channel>> = {
  connect: channel("sremote:connect"),
  disconnect: channel("sremote:disconnect"),
  reconnect: channel("sremote:reconnect"),
  call: channel("sremote:call"),
};

type Handler = (event: never) => unknown;

export class Watchers {
  readonly #handlers: Readonly<Record<ClientEventName, Set<Handler>>> = {
    connect: new Set(),
    disconnect: new Set(),
    reconnect: new Set(),
    call: new Set(),
  };

  /** @throws InvalidArgumentError */
  add<N extends ClientEventName>(name: N, handler: (event: ClientEvents[N]) => unknown): () => void {
    if (!names.includes(name)) throw new InvalidArgumentError("event", names.map((each) => `"${each}"`).join(", "));
    if (typeof handler !== "function") throw new InvalidArgumentError("handler", "a function");
    // Each has its own, so that one that was added twice is called twice, and removed once.
    const own: Handler = (event: ClientEvents[N]) => handler(event);
    this.#handlers[name].add(own);
    return () => void this.#handlers[name].delete(own);
  }

  /** Whether calls that are made now are to be told of. */
  get wantCalls(): boolean {
    return channels.call.hasSubscribers || this.#handlers.call.size > 0;
  }

  /** Never throws: a handler that does has a warning of the process for it, and ends neither a link nor a call. */
  tell<N extends ClientEventName>(name: N, event: ClientEvents[N]): void {
    for (const handler of this.#handlers[name]) {
      (async () => handler(event as never))().catch((error: unknown) => warnOfHandler(name, error));
    }
    if (channels[name].hasSubscribers) channels[name].publish(event);
  }
}

type Begun = Pick<CallEvent, "host" | "runtime" | "id" | "module" | "function" | "transport">;

/** Notes of one call that is told of. */
export class CallNotes {
  readonly #watchers: Watchers;
  readonly #begun: Begun;
  readonly #time = Date.now();
  readonly #since = performance.now();
  sentBytes = 0;
  receivedBytes = 0;

  constructor(watchers: Watchers, begun: Begun) {
    this.#watchers = watchers;
    this.#begun = begun;
  }

  /** @param failure what the call rejects with, if it does */
  end(outputBytes: number, failure?: { readonly error: unknown }): void {
    const { sentBytes, receivedBytes } = this;
    const ending = failure === undefined ? { outcome: "value" as const, code: undefined } : endingOf(failure.error);
    const duration = performance.now() - this.#since;
    this.#watchers.tell("call", { ...this.#begun, time: this.#time, duration, ...ending, sentBytes, receivedBytes, outputBytes });
  }
}

function endingOf(error: unknown): Pick<CallEvent, "outcome" | "code"> {
  if (!(error instanceof SremoteError)) return { outcome: undefined, code: undefined };
  const { code } = error;
  if (error instanceof RemoteExecError) return { outcome: error.outcome, code };
  return { outcome: error instanceof OutcomeUnknownError ? "unknown" : undefined, code };
}
