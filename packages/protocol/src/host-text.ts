/*
 * Text of a host in front of people.
 *
 * What a host says may hold control sequences, which move the cursor, retitle the window, answer for the user or hide what was said, and may be
 * of any length. Every text that is quoted from a host (errors, last lines, hints, lines with a host's name before them, reports of the command
 * line) passes through here. What a command or call put out itself, and values, are the user's and stay as they are.
 */

import { textLimits } from "./text-limits.ts";

/** Colours and the like, which are left out silently. ECMA-48, SGR. */
// oxlint-disable-next-line no-control-regex -- control characters are what a terminal acts on
const colours = /\u001b\[[\d;:]{0,64}m/g;
/** Controls but tab and line feed; what turns the direction of text or breaks lines; what is not seen. */
const unsafe = /(?![\n\t])\p{Cc}|[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu;
const maySay = /(?![\n\t])\p{Cc}|[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/u;

export interface HostTextOptions {
  /** Characters to keep. @default 8192 */
  readonly limit?: number | undefined;
  /** Which part of a longer text is kept. @default both ends */
  readonly keep?: "ends" | "end" | undefined;
}

/** Never throws: what is no text is shown as one. The text as a terminal may have it: controls as `\x1b` or `\u202e`, line breaks as `\n`, and cut. */
export function hostText(text: string, options: HostTextOptions = {}): string {
  const { limit = textLimits.message, keep = "ends" } = options ?? {};
  // Cut first: what is escaped grows at most six times, and a text may have millions of characters.
  // oxlint-disable-next-line typescript/no-unnecessary-type-conversion -- a program without types may have no text for it
  const kept = cut(String(text), limit, keep);
  if (!maySay.test(kept)) return kept;
  return cut(kept.replace(colours, "").replace(/\r\n?/g, "\n").replace(unsafe, escape), limit, keep);
}

function cut(text: string, limit: number, keep: "ends" | "end"): string {
  if (text.length <= limit) return text;
  const left = (count: number): string => `[… ${count} characters …]`;
  const room = Math.max(0, limit - left(text.length).length - 2);
  const head = keep === "end" ? 0 : Math.ceil(room / 2);
  const tail = text.length - (room - head);
  return [text.slice(0, head), left(tail - head), text.slice(tail)].filter((part) => part !== "").join("\n");
}

function escape(character: string): string {
  const code = character.codePointAt(0)!;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
}

/** An error whose text a host had a say in, for the `cause` of one of ours: itself, or a copy that a terminal may have. */
export function hostError<T>(error: T): T | Error {
  if (!(error instanceof Error)) return error;
  const stack = error.stack ?? "";
  if (hostText(error.message) === error.message && hostText(stack) === stack) return error;
  const copy = new Error(hostText(error.message));
  copy.name = error.name;
  copy.stack = hostText(stack);
  return Object.assign(copy, "code" in error ? { code: error.code } : {});
}
