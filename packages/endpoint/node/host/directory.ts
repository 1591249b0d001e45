/* Directories that hold requests, replies and code belong to the user alone (PROTOCOL.md, "Spool"). */
import { chmodSync, closeSync, fsyncSync, lstatSync, mkdirSync, openSync, statSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { SremoteError } from "@sremote/protocol";

/**
 * Makes a directory with mode 0700, or accepts one that is already there if it is the user's own, not writable by others and no symbolic link.
 * @returns true when it was made now
 * @throws SremoteError `unsafe-directory`, or the file system's error
 */
export function makePrivateDirectory(path: string): boolean {
  let made = true;
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    made = false;
  }
  // Checked after mkdir and without following a link: something planted there before is seen.
  const found = lstatSync(path);
  const reason = whyUnsafe(found);
  if (reason !== undefined) {
    throw new SremoteError("unsafe-directory", `${path} ${reason}`, {
      stage: "setup",
      hint: "remove it, or make it a directory of this user with mode 0700, or configure another directory",
    });
  }
  // No other user could have put anything there; from now on none can look either.
  if ((found.mode & 0o077) !== 0) chmodSync(path, 0o700);
  return made;
}

/** Makes BASE itself: directories above it are made when missing, and may be links and shared. */
export function makeBase(base: string): void {
  makeDirectories(dirname(base));
  makePrivateDirectory(base);
}

/** Makes a directory and those above it with mode 0700. Node's own recursion never ends below /proc, where every mkdir says ENOENT. */
export function makeDirectories(path: string): void {
  if (makeOne(path)) return;
  makeDirectories(dirname(path));
  if (!makeOne(path)) throw Object.assign(new Error(`ENOENT: ${path} cannot be made`), { code: "ENOENT", path });
}

/** @returns false when the directory above is missing */
function makeOne(path: string): boolean {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" && dirname(path) !== path) return false;
    // A root directory may be said to be read-only rather than there.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
  return true;
}

/** Makes what a rename or link did to a directory's entries survive a power cut. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } catch (error) {
    // Some network and FUSE file systems cannot flush a directory.
    if (errorCode(error) !== "EINVAL" && errorCode(error) !== "ENOTSUP") throw error;
  } finally {
    closeSync(fd);
  }
}

/** The `code` of a Node system error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function whyUnsafe(found: Stats): string | undefined {
  if (found.isSymbolicLink()) return "is a symbolic link";
  if (!found.isDirectory()) return "is not a directory";
  if (found.uid !== process.geteuid?.()) return `belongs to user ${found.uid}`;
  if ((found.mode & 0o022) !== 0) return `may be written by other users (mode ${(found.mode & 0o777).toString(8).padStart(4, "0")})`;
  return undefined;
}
