import { createRequire } from "node:module";
import { useCrc32, type Crc32 } from "@sremote/protocol";

let isDone = false;

/** Takes the checksum of Node's own engine where it has one (22.2 and later): ten times as fast, and a millisecond to load. */
export function speedUpChecksums(): void {
  if (isDone) return;
  isDone = true;
  const { crc32 }: { crc32?: Crc32 } = createRequire(import.meta.url)("node:zlib");
  if (crc32 !== undefined) useCrc32(crc32);
}
