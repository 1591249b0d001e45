/* What the differential fuzzer reads on all sides. */
import type { SessionMessage } from "@sremote/protocol";

/** `header`: JSON under the rules of headers. `frames`: one frame after the other. `packets`: what comes over a link. Else a message, or a route. */
export type Kind = "header" | "value" | "call" | "reply" | "route" | "frames" | "packets" | SessionMessage["type"];

export interface Input {
  readonly kind: Kind;
  /** The header's JSON, or with `frames` and `packets` the whole wire. */
  readonly bytes: Buffer;
  readonly attachments: readonly Buffer[];
  /** With `frames` and `packets`: where the wire is cut, rising. */
  readonly cuts: readonly number[];
  /** Whether it was changed after it was made, so that several things may be wrong with it. */
  readonly isDamaged: boolean;
  /** What it means, where it was made from that and not changed since: how each side shows it (shown.ts). */
  readonly meaning?: { readonly typescript: unknown; readonly python: unknown };
}

/** An input as it is saved and told of: text where it is some. */
export interface SavedInput {
  readonly kind: Kind;
  readonly text?: string;
  readonly base64?: string;
  readonly attachments?: readonly string[];
  readonly cuts?: readonly number[];
  /** What it showed. */
  readonly about?: string;
}

export function saved({ kind, bytes, attachments, cuts }: Input): SavedInput {
  const text = bytes.toString("utf8");
  return {
    kind,
    ...(Buffer.from(text, "utf8").equals(bytes) ? { text } : { base64: bytes.toString("base64") }),
    ...(attachments.length > 0 && { attachments: attachments.map((each) => each.toString("base64")) }),
    ...(cuts.length > 0 && { cuts }),
  };
}

export function restored({ kind, text, base64, attachments, cuts }: SavedInput): Input {
  const bytes = text === undefined ? Buffer.from(base64 ?? "", "base64") : Buffer.from(text, "utf8");
  return { kind, bytes, attachments: (attachments ?? []).map((each) => Buffer.from(each, "base64")), cuts: cuts ?? [], isDamaged: true };
}

/** One that is not bytes of its own but JSON. */
export function ofText(kind: Kind, text: string, attachments: readonly Buffer[] = []): Input {
  return { kind, bytes: Buffer.from(text), attachments, cuts: [], isDamaged: false };
}
