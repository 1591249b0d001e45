import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sha256 } from "./builtin.ts";

/** The file this endpoint runs from: the bundle, or a module of the source in tests. */
export const program: string = fileURLToPath(import.meta.url);

/** SHA-256 of the payload in hexadecimal, or null when the endpoint runs from source. */
export function payloadDigest(): string | null {
  if (!program.endsWith(".mjs")) return null;
  return sha256(readFileSync(program));
}
