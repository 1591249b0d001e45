/* What a command's script printed, or left as `rc`: searched in noise, and believed only when whole. */
import type { Marker } from "../process/index.ts";

export type Report =
  | Done
  /** It had not ended when the script stopped waiting. */
  | { readonly kind: "running" }
  /** It never started, and never will. */
  | { readonly kind: "void" }
  /** It ended, or was never begun by who had the lock, without leaving a result. */
  | { readonly kind: "lost" }
  /** It was ended on request. */
  | { readonly kind: "ended" }
  /** The host could not do it; the message of one of its tools. */
  | { readonly kind: "error"; readonly message: string };

export interface Done {
  readonly kind: "done";
  /** 0–255; a signal is 128 + its number, as of every shell. */
  readonly exitCode: number;
  readonly stdout: Part;
  readonly stderr: Part;
  /** One of them was cut at its limit. */
  readonly truncated: boolean;
}

/** One of the two outputs. */
export interface Part {
  readonly size: number;
  /** Undefined when the host has no tool for it. */
  readonly sha256: string | undefined;
  /** The content, if it came along whole. Not yet verified. */
  readonly bytes: Uint8Array | undefined;
}

/** The last report in a text, or undefined when there is none that is whole. */
export function readReport(output: string | Uint8Array | undefined, marker: Marker): Report | undefined {
  const text = typeof output === "string" ? output : output === undefined ? "" : Buffer.from(output).toString("latin1");
  const lines = text.split(`${marker.printed} `).slice(1);
  const last = lines.at(-1)?.trim() ?? "";
  const [word, ...rest] = last.split(" ");
  switch (word) {
    case "end":
      return done(lines.at(-2) ?? "", rest.join(" "));
    case "running":
    case "void":
    case "lost":
    case "ended":
      return { kind: word };
    case "error":
      return { kind: "error", message: Buffer.from(rest.join(" "), typeof output === "string" ? "utf8" : "latin1").toString("utf8") };
    default:
      return undefined;
  }
}

/** Whether a report began but was cut: then less should be put into the next one. */
export function isCut(output: string | Uint8Array | undefined, marker: Marker): boolean {
  const text = typeof output === "string" ? output : Buffer.from(output ?? []).toString("latin1");
  return text.includes(`${marker.printed} done `) && readReport(output, marker) === undefined;
}

/** @param again the same line, from the end of the report */
function done(text: string, again: string): Done | undefined {
  const newline = text.indexOf("\n");
  const fields = /^done (\d{1,3}) (\d+) (\d+) ([0-9a-f]{64}|-) ([0-9a-f]{64}|-) ([01]) (both|err|none) (base64|hex)\r?$/.exec(
    text.slice(0, newline),
  );
  if (fields === null || fields[0].trim() !== `done ${again}` || Number(fields[1]) > 255) return undefined;
  const [, code, out, err, outSum, errSum, cut, what, form] = fields;
  const content = decoded(text.slice(newline), form === "hex");
  const sizes = [Number(out), Number(err)] as const;
  const expected = what === "both" ? sizes[0] + sizes[1] : what === "err" ? sizes[1] : 0;
  const isWhole = content.length === expected;
  const part = (size: number, sum: string | undefined, bytes: Uint8Array | undefined): Part => ({
    size,
    sha256: sum === "-" ? undefined : sum,
    bytes: size === 0 ? new Uint8Array(0) : isWhole ? bytes : undefined,
  });
  const stderrAt = what === "both" ? sizes[0] : 0;
  return {
    kind: "done",
    exitCode: Number(code),
    stdout: part(sizes[0], outSum, what === "both" ? content.subarray(0, sizes[0]) : undefined),
    stderr: part(sizes[1], errSum, what === "none" ? undefined : content.subarray(stderrAt)),
    truncated: cut === "1",
  };
}

function decoded(text: string, isHex: boolean): Uint8Array {
  const digits = text.replaceAll(/\s+/g, "");
  return Uint8Array.from(Buffer.from(digits, isHex ? "hex" : "base64"));
}
