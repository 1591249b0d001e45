/* Deflates a text well, which takes seconds, or finds it in the cache, since most builds change little. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inflateRawSync } from "node:zlib";
import { deflate } from "./deflate.ts";

const cache = fileURLToPath(new URL("../.cache/deflated", import.meta.url));
const method = readFileSync(new URL("deflate.ts", import.meta.url));

export function deflateOnce(text: Uint8Array): Uint8Array {
  const file = `${cache}/${createHash("sha256").update(method).update(text).digest("hex")}`;
  try {
    const found = readFileSync(file);
    if (inflateRawSync(found).equals(text)) return found;
  } catch {
    // Not there, or damaged.
  }
  const made = deflate(text);
  mkdirSync(cache, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, made);
  renameSync(`${file}.${process.pid}`, file);
  return made;
}
