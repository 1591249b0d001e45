/* The name a file has while it is being written. */
import { randomBytes } from "node:crypto";
import { fromBytes, toBytes } from "../byte-string.ts";

/** NAME_MAX is 255 bytes almost everywhere; the affixes take 26. */
const longestPart = 200;

/** `.<name>.sremote-<random>` in the same directory, so that a rename is enough; the random part cannot be guessed and planted. */
export function temporaryPath(path: string): string {
  const slash = path.lastIndexOf("/") + 1;
  const name = fromBytes(toBytes(path.slice(slash)).subarray(0, longestPart));
  return `${path.slice(0, slash)}.${name}.sremote-${randomBytes(8).toString("hex")}`;
}
