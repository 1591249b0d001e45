/* One type per message of SESSION.md. A test holds these types and the headings of that page together. */
import type { Failure, HostFacts, ItemFailure, Outcome, WireValue } from "../message.ts";

export interface HelloMessage {
  type: "hello";
  protocol: number;
  /** 32 lower-case hex digits: the secret by which client and supervisor know each other on a later link. No other message holds it. */
  token: string;
  workers: number;
  leaseMs: number;
  heartbeatMs: number;
}

export interface WelcomeMessage {
  type: "welcome";
  protocol: number;
  attach: string;
  host: HostFacts;
}

export interface ResumeMessage {
  type: "resume";
  /** 64 lower-case hex digits, never used before. */
  nonce: string;
}

export interface ChallengeMessage {
  type: "challenge";
  /** 64 lower-case hex digits, never used before. */
  nonce: string;
  /** Counted packets received. */
  received: number;
  /** 64 lower-case hex digits: SESSION.md, section "Proof". */
  proof: string;
}

export interface ProofMessage {
  type: "proof";
  /** Counted packets received. */
  received: number;
  /** 64 lower-case hex digits. */
  proof: string;
}

export interface ByeMessage {
  type: "bye";
  error?: Failure;
}

export interface InvokeMessage {
  type: "invoke";
  module: string;
  function: string;
  args: WireValue;
  kwargs?: WireValue;
  naiveTimeZone?: string;
  modules?: Record<string, string | null>;
  code?: string[];
  returns?: "object";
  leaseMs?: number;
  keep?: number;
  each?: "item" | "args";
}

export interface ResultMessage {
  type: "result";
  outcome: Outcome;
  value?: WireValue;
  error?: Failure;
  exitCode?: number;
  signal?: string;
  usage?: { wallMs: number; cpuMs: number; maxRssBytes: number };
  modules?: Record<string, string | null>;
  failures?: ItemFailure[];
  begun?: number;
}

/** What has come so far of a call with `each`. */
export interface PartMessage {
  type: "part";
  value: WireValue;
  failures?: ItemFailure[];
}

export interface AskMessage {
  type: "ask";
  ask: number;
  callback: number;
  args: WireValue;
  kwargs?: WireValue;
}

export interface AnswerMessage {
  type: "answer";
  ask: number;
  value?: WireValue;
  error?: { name: string; message: string };
}

export type SessionMessage =
  | HelloMessage
  | WelcomeMessage
  | ResumeMessage
  | ChallengeMessage
  | ProofMessage
  | ByeMessage
  | InvokeMessage
  | ResultMessage
  | PartMessage
  | AskMessage
  | AnswerMessage;

/** What the supervisor must know of a call: SESSION.md, section "Route". */
export interface Route {
  env?: [name: string, value: string, onlyIfUnset: boolean][];
  path?: string[];
  cwd?: string;
  tmp?: string;
  loginEnv?: boolean;
  code?: string[];
  isolation?: "call";
  worker?: string;
  on?: number;
  after?: number;
  keep?: boolean;
  timeoutMs?: number;
  queueMs?: number;
  idleMs?: number;
}
