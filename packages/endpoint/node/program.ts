import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sha256 } from "./host/digest.ts";

/** The file this endpoint runs from: the bundle, or a module of the source in tests. */
export const program: string = fileURLToPath(import.meta.url);

/** SHA-256 of the payload in hexadecimal, or null when the endpoint runs from source. */
export function payloadDigest(): string | null {
  if (!program.endsWith(".mjs")) return null;
  // Where it is installed it names its directory; to read and digest it costs a tenth of a call.
  const installed = /\/([0-9a-f]{64})\/endpoint\.mjs$/.exec(program);
  if (installed !== null) return installed[1]!;
  return sha256(readFileSync(program));
}
