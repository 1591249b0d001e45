/* The names that files have while they are written. */
import { createHash, randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { fromBytes, toBytes } from "@sremote/connectors";

/** As `TEMPORARY` in python/transfer_list.py. */
const pattern = /^\.(.+)\.sremote-[0-9a-z-]{16,40}$/s;
const owned = /\.sremote-([0-9a-f]{8})-([0-9]+)-[0-9a-f]{16}$/;

/** Of this machine: other machines may see the same files, and their processes have other numbers. */
const machine = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);
/** Those that this process writes now. */
const live = new Set<string>();

/** `.<name>.sremote-<machine>-<process>-<random>`: NAME_MAX is 255 bytes almost everywhere, and the affixes may take 60. */
export function temporaryName(name: string): string {
  const hidden = `.${startOf(name)}.sremote-${machine}-${process.pid}-${randomBytes(8).toString("hex")}`;
  live.add(hidden);
  return hidden;
}

/** The name is not used any more. */
export function forgetTemporary(hidden: string): void {
  live.delete(hidden);
}

/** How a name begins in its temporary ones; null when this is none of them. */
export function temporaryOf(name: string): string | null {
  return pattern.exec(name)?.[1] ?? null;
}

/** How a file's name begins in its temporary ones. */
export function startOf(name: string): string {
  const bytes = toBytes(name);
  return bytes.length <= 190 ? name : fromBytes(bytes.subarray(0, 190));
}

/** Whether a temporary file was left behind: by a process of this machine that has ended, or by a transfer of this process that has. */
export function isLeft(name: string): boolean {
  const found = owned.exec(name);
  if (found === null || found[1] !== machine) return false;
  const pid = Number(found[2]);
  if (pid === process.pid) return !live.has(name);
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
