/*
 * The names that files have while they are written: `.<name>.sremote-<tag>-<seal>`. The seal is the beginning of a digest of the rest, so that
 * a file of the user's that only looks like one of these is taken for what it is: it is copied, and never deleted or gone on from.
 * As python/transfer_names.py, with tags of its own.
 */
import { hash, randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { fromBytes, toBytes } from "@sremote/connectors";

const pattern = /^\.(.+)\.sremote-([0-9a-z-]{16,40})-([0-9a-f]{8})$/s;
const owned = /\.sremote-([0-9a-f]{8})-([0-9]+)-[0-9a-f]{16}-[0-9a-f]{8}$/;

/** Of this machine: other machines may see the same files, and their processes have other numbers. */
const machine = hash("sha256", hostname()).slice(0, 8);
/** Those that this process writes now. */
const live = new Set<string>();

/** The tag on this machine is `<machine>-<process>-<random>`. */
export function temporaryName(name: string): string {
  const hidden = sealed(startOf(name), `${machine}-${process.pid}-${randomBytes(8).toString("hex")}`);
  live.add(hidden);
  return hidden;
}

/** One for a file of a host. */
export function hostTemporaryName(name: string): string {
  return sealed(startOf(name), randomBytes(8).toString("hex"));
}

/** NAME_MAX is 255 bytes almost everywhere, and what is added takes up to 59. */
function sealed(start: string, tag: string): string {
  return `.${start}.sremote-${tag}-${sealOf(start, tag)}`;
}

function sealOf(start: string, tag: string): string {
  return hash("sha256", Buffer.concat([Buffer.from(`${tag}/`), toBytes(start)])).slice(0, 8);
}

/** The name is not used any more. */
export function forgetTemporary(hidden: string): void {
  live.delete(hidden);
}

/** How a name begins in its temporary ones; null when this is none of them. */
export function temporaryOf(name: string): string | null {
  const [, start = "", tag = "", seal] = pattern.exec(name) ?? [];
  return seal !== undefined && seal === sealOf(start, tag) ? start : null;
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
