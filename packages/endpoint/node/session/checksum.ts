import { useCrc32, type Crc32 } from "@sremote/protocol";
import { load } from "../host/lazy.ts";

let isDone = false;

/** Takes the checksum of Node's own engine where it has one (22.2 and later): ten times as fast, and a millisecond to load. */
export function speedUpChecksums(): void {
  if (isDone) return;
  isDone = true;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as Node documents it
  const { crc32 } = load("node:zlib") as { crc32?: Crc32 };
  if (crc32 !== undefined) useCrc32(crc32);
}
