/* A call as the spool takes it. */
import { type CallMessage, protocolVersion } from "@sremote/protocol";
import type { CallCode } from "../call/code.ts";
import { addEnvironment, type CallSettings } from "../call/environment.ts";
import type { CallOptions, Runtime } from "../call/options.ts";

/** One call, ready to travel: the same bytes for every attempt, so that the host can tell a retry from another request. */
export interface CallRequest {
  readonly id: string;
  readonly runtime: Runtime;
  /** `os.getenv` on the host, for messages. */
  readonly what: string;
  readonly frame: readonly Uint8Array[];
  /** @throws InvalidArgumentError when bytes of the frame have changed since the call was made */
  check(): void;
  /** Called when the host may have it from now on; perhaps more than once. */
  onSent(): void;
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Bytes that are to be kept of each of stdout and stderr. */
  readonly outputLimit: number;
  /** Installs the endpoint where it is missing, whatever the client's `autoInstall` says. */
  readonly install: boolean;
  /** The caller chose the id, to be able to repeat the call: the host keeps what it knows of it. */
  readonly repeatable: boolean;
}

export interface CallHead {
  readonly id: string;
  readonly module: string;
  readonly function: string;
  readonly options: CallOptions;
  readonly modules: ReadonlyMap<string, string | null>;
  readonly code: CallCode | undefined;
  readonly each?: "item" | "args" | undefined;
}

/** The beginning of a `call`. Equal calls have equal text, so that the host knows a repetition by it. */
export function callHead(call: CallHead, settings: CallSettings): string {
  const { id, module, function: fn, options, modules, code, each } = call;
  const message: Omit<CallMessage, "args"> = { type: "call", protocol: protocolVersion, id, module, function: fn };
  addEnvironment(message, options, settings, code);
  if (options.timeout !== undefined) message.timeoutMs = options.timeout;
  if (options.outputLimit !== undefined) message.outputLimit = options.outputLimit;
  if (options.naiveTimeZone !== undefined) message.naiveTimeZone = options.naiveTimeZone;
  if (each !== undefined) message.each = each;
  if (modules.size > 0) message.modules = Object.fromEntries(modules);
  return JSON.stringify(message).slice(0, -1);
}
