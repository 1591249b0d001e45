import { randomBytes } from "node:crypto";
import { hostLimits, MarkerScanner, printedMarker, ProtocolError } from "@sremote/protocol";

/** The two halves of a marker. The host prints them in the other order, so an echoed command line is not taken for it. */
export type Marker = readonly [a: string, b: string];

export function newMarker(): Marker {
  return [randomBytes(8).toString("hex"), randomBytes(8).toString("hex")];
}

/** Splits output at the marker: the last of what login files printed before, and what was meant. */
export function splitAtMarker(output: Uint8Array, [a, b]: Marker): { noise: Uint8Array; rest: Uint8Array } | undefined {
  const scanner = new MarkerScanner(printedMarker(a, b));
  const rest = scanner.push(output);
  if (rest === undefined) return undefined;
  if (scanner.noiseBytes > hostLimits.noise)
    throw new ProtocolError("limit-exceeded", `the host printed more than ${hostLimits.noise} bytes before it started the command`);
  return { noise: scanner.noise, rest };
}

export function textAfterMarker(output: Uint8Array, marker: Marker): string | undefined {
  const parts = splitAtMarker(output, marker);
  return parts && Buffer.from(parts.rest).toString("utf8");
}

/** `KEY=VALUE` lines; a key may occur several times. */
export function parseFacts(text: string): Map<string, string[]> {
  const facts = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    if (at <= 0) continue;
    const key = line.slice(0, at);
    const known = facts.get(key);
    if (known === undefined) facts.set(key, [line.slice(at + 1)]);
    else known.push(line.slice(at + 1));
  }
  return facts;
}

/** The last lines of what a host printed, for an error message. */
export function lastLines(bytes: Uint8Array, count = 12): string {
  const text = Buffer.from(bytes.subarray(Math.max(0, bytes.byteLength - 4096))).toString("utf8");
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-count)
    .join("\n");
}
