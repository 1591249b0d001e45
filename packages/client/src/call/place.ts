/* Where a call went, as far as those who made it need to know. */
import type { OutputFlow } from "./output.ts";

/** A session on the host. */
export interface HostSession {
  /** The connector's label. */
  readonly host: string;
  readonly isOver: boolean;
  /** Asks the host for a sign; the function tells whether one has come since. */
  askForSign(): () => boolean;
  /** Something on the host is in use as long as this many of these are not let go. */
  hold(): void;
  letGo(): void;
}

/** What carries a call out, where it can be told to end. */
export interface Cancellable {
  cancel(): void;
}

/** A stream of a session. */
export interface CallPlace extends Cancellable {
  readonly session: HostSession;
  readonly stream: number;
  /** Whether a worker is known to have taken the call. */
  readonly isTaken: boolean;
  /** Of its outputs. */
  readonly flow: OutputFlow;
}
