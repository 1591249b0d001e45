/* The name a file has while it is being written. */
import { randomBytes } from "node:crypto";
import { fromBytes, toBytes } from "../byte-string.ts";

/** NAME_MAX is 255 bytes almost everywhere; the affixes take 26. */
const longestPart = 200;

/** The same for a file of this machine, where Windows has other separators, and `C:` before them. */
export function localTemporaryPath(path: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== "win32") return temporaryPath(path);
  const [directory = ""] = /^.*[\\/:]/s.exec(path) ?? [];
  return directory + temporaryPath(path.slice(directory.length));
}

/** `.<name>.sremote-<random>` in the same directory, so that a rename is enough; the random part cannot be guessed and planted. */
export function temporaryPath(path: string): string {
  const slash = path.lastIndexOf("/") + 1;
  const name = fromBytes(toBytes(path.slice(slash)).subarray(0, longestPart));
  return `${path.slice(0, slash)}.${name}.sremote-${randomBytes(8).toString("hex")}`;
}
