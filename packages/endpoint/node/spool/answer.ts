/* What the function's process tells its supervisor over their private channel: frames whose headers never leave this host. */
import type { Failure, ItemFailure, Outcome } from "@sremote/protocol";

/** Descriptor of the channel in the function's process. */
export const channel = 3;

/** Sent before anything of the user's runs: from here on the call has begun. */
export interface BeginHeader {
  type: "begin";
}

export interface AnswerHeader {
  type: "answer";
  outcome: Outcome;
  error?: Failure;
  modules?: Record<string, string | null>;
  failures?: ItemFailure[];
  cpuMs: number;
  maxRssBytes: number;
}

/** The value's JSON is the last attachment, as text, so that the supervisor need not parse and print a large one again. */
export interface Answer {
  header: AnswerHeader;
  value: Uint8Array | undefined;
  attachments: Uint8Array[];
}

export function readAnswer(header: Record<string, unknown>, attachments: Uint8Array[]): Answer {
  // Made by this very program in the other process, and checked for damage on the way.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const answer = header as unknown as AnswerHeader;
  const value = answer.outcome === "value" ? attachments.at(-1) : undefined;
  return { header: answer, value, attachments: value === undefined ? [] : attachments.slice(0, -1) };
}
