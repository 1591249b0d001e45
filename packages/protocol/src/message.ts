/* One type per message of PROTOCOL.md, no logic. A test holds these types and the headings of that page together. */
import type { Code } from "./code.ts";

export const protocolVersion = 1;

/** A value on the wire: superjson's form. Attachments lie beside the header. */
export interface WireValue {
  json: unknown;
  meta?: { values: unknown; v: 1 };
}

export interface CallMessage {
  type: "call";
  protocol: number;
  /** 32 lower-case hex digits. */
  id: string;
  module: string;
  function: string;
  args: WireValue;
  kwargs?: WireValue;
  env?: [name: string, value: string, onlyIfUnset: boolean][];
  path?: string[];
  cwd?: string;
  tmp?: string;
  loginEnv?: boolean;
  /** Digests of shipped code. */
  code?: string[];
  timeoutMs?: number;
  /** Bytes of each of stdout and stderr that are kept. */
  outputLimit?: number;
  naiveTimeZone?: string;
  modules?: Record<string, string | null>;
  release?: string[];
  /** Whether each entry of `args` is the only argument of a call of its own, or all of its arguments. */
  each?: "item" | "args";
}

export type Outcome = "value" | "raised" | "killed" | "timeout" | "cancelled" | "not-run" | "unknown";
export type Stage = "request" | "setup" | "queue" | "import" | "lookup" | "arguments" | "call" | "result";

export interface TracebackFrame {
  file: string;
  line: number;
  function: string;
  source: string | null;
}

export interface Failure {
  code: Code;
  stage: Stage;
  message: string;
  type?: string;
  module?: string;
  frames?: TracebackFrame[];
  /** `errno`, `code`, `status` and the like of the exception. */
  members?: Record<string, string | number | boolean>;
  cause?: Failure;
  context?: Failure;
  notes?: string[];
  exceptions?: Failure[];
  path?: string;
  names?: string[];
  hint?: string;
}

/** An item of a call with `each` that gave no value. */
export interface ItemFailure {
  item: number;
  outcome: "raised" | "killed" | "not-run";
  error: Failure;
}

export interface OutputPart {
  index?: number;
  bytes: number;
  truncated: boolean;
}

export interface HostFacts {
  runtime: "python" | "node";
  version: string;
  executable: string;
  platform: string;
  pid: number;
  home: string;
  base: string;
  endpoint: string | null;
}

export interface ReplyMessage {
  type: "reply";
  protocol: number;
  id: string;
  outcome: Outcome;
  value?: WireValue;
  error?: Failure;
  stdout: OutputPart;
  stderr: OutputPart;
  exitCode?: number;
  signal?: string;
  usage?: { wallMs: number; cpuMs: number; maxRssBytes: number };
  host: HostFacts;
  modules?: Record<string, string | null>;
  failures?: ItemFailure[];
  /** Items from this index on have not begun. */
  begun?: number;
}

export type Message = CallMessage | ReplyMessage;
