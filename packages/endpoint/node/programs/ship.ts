/*
 * Shipped code: trees of the user's source code on this host, by the digest of what is in them (PROTOCOL.md, "Shipped code"). As programs/ship.py of Python. It
 * comes with the calls that need it, as CommonJS of its own.
 */
import { createHash, randomBytes } from "node:crypto";
import {
  copyFileSync,
  chmodSync,
  closeSync,
  futimesSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { SremoteError, type Code } from "@sremote/protocol";
import { errorCode, makeBase, makePrivateDirectory } from "../host/directory.ts";
import { isNoSpace, writeAll } from "../host/files.ts";
import { codeAge, codeSweep } from "../wire/limits.ts";

/** Time of modification of all files, in seconds: one that was written to has another. */
const fixedTime = 1_000_000_000;

interface Entry {
  readonly path: string;
  readonly digest: string;
  readonly size: number;
  readonly isExecutable: boolean;
  /** Where its bytes are kept. */
  readonly kept: string;
}

/**
 * Keeps the files `sent`, whose bytes are `data`, and makes the tree once all are here.
 *
 * @returns the digests of files that are still missing
 */
export function put(digest: string, manifest: string, sent: readonly string[], data: Uint8Array): string[] {
  const base = process.env["SREMOTE_BASE"]!;
  const code = join(base, "code");
  try {
    makeBase(base);
    makePrivateDirectory(code);
    makePrivateDirectory(join(code, "files"));
    return putTree(code, digest, manifest, sent, data);
  } catch (error) {
    const reason = errorCode(error);
    if (error instanceof SremoteError || reason === undefined) throw error;
    throw new SremoteError(codeOf(error), `cannot keep shipped code in ${code}: ${(error as Error).message}`, {
      stage: "setup",
      cause: error,
    });
  }
}

function codeOf(error: unknown): Code {
  if (isNoSpace(error)) return "disk-full";
  const reason = errorCode(error);
  return reason === "EACCES" || reason === "EPERM" || reason === "EROFS" ? "permission-denied" : "endpoint-broken";
}

const digestOf = (data: Uint8Array | string): string => createHash("sha256").update(data).digest("hex");

function putTree(code: string, digest: string, manifest: string, sent: readonly string[], data: Uint8Array): string[] {
  if (digestOf(manifest) !== digest) throw new TypeError("the manifest has another digest");
  const entries = (JSON.parse(manifest) as [string, string, number, boolean][]).map((each) => entryOf(code, ...each));
  const directory = join(code, digest);
  if (isWhole(directory, entries)) {
    const now = new Date();
    utimesSync(directory, now, now);
    return [];
  }
  const byDigest = new Map(entries.map((entry) => [entry.digest, entry]));
  let at = 0;
  for (const name of sent) {
    const entry = byDigest.get(name)!;
    keep(entry, data.subarray(at, at + entry.size));
    at += entry.size;
  }
  const missing = new Set(entries.filter((entry) => !isAt(entry.kept, entry)).map((entry) => entry.digest));
  if (missing.size === 0) {
    make(code, directory, entries);
    sweep(code);
  }
  return [...missing];
}

function entryOf(code: string, path: string, digest: string, size: number, isExecutable: boolean): Entry {
  if (path.includes("\0") || digest.includes("/") || path.split("/").some((part) => part === "" || part === "." || part === ".."))
    throw new TypeError("the manifest names a path that cannot be in a tree");
  return { path, digest, size, isExecutable, kept: join(code, "files", digest + (isExecutable ? "x" : "")) };
}

function isAt(path: string, { size }: Entry): boolean {
  try {
    const found = lstatSync(path);
    return found.size === size && found.mtimeMs === fixedTime * 1000;
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return false;
    throw error;
  }
}

const isDirectory = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const isWhole = (directory: string, entries: readonly Entry[]): boolean =>
  isDirectory(directory) && entries.every((entry) => isAt(join(directory, entry.path), entry));

const beside = (code: string, what: string): string => join(code, `.${what}.${randomBytes(8).toString("hex")}`);

function keep(entry: Entry, bytes: Uint8Array): void {
  if (bytes.length !== entry.size || digestOf(bytes) !== entry.digest) return;
  const path = beside(dirname(entry.kept), "file");
  const fd = openSync(path, "wx", entry.isExecutable ? 0o500 : 0o400);
  try {
    writeAll(fd, [bytes]);
    futimesSync(fd, fixedTime, fixedTime);
    renameSync(path, entry.kept);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function make(code: string, directory: string, entries: readonly Entry[]): void {
  // Packages that were installed by us are found from shipped code.
  link(() => symlinkSync("../node/node_modules", join(code, "node_modules")));
  const path = beside(code, "tree");
  try {
    mkdirSync(path, 0o700);
    for (const entry of entries) {
      const target = join(path, entry.path);
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      if (!link(() => linkSync(entry.kept, target))) copy(entry, target);
    }
    become(code, directory, path, entries);
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    throw error;
  }
}

/** False on a file system without links, or with no more for this file. */
function link(run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT" || isNoSpace(error)) throw error;
    return false;
  }
}

function copy({ kept, isExecutable }: Entry, target: string): void {
  copyFileSync(kept, target);
  chmodSync(target, isExecutable ? 0o500 : 0o400);
  utimesSync(target, fixedTime, fixedTime);
}

function become(code: string, directory: string, path: string, entries: readonly Entry[]): void {
  try {
    renameSync(path, directory);
  } catch {
    // Another process was faster, or what is there was damaged.
    if (isWhole(directory, entries)) {
      rmSync(path, { recursive: true, force: true });
      return;
    }
    const old = beside(code, "old");
    renameSync(directory, old);
    renameSync(path, directory);
    rmSync(old, { recursive: true, force: true });
  }
}

/** At most once a day: removes trees that no process has used for long, then files that are in no tree. */
function sweep(code: string): void {
  const marker = join(code, "swept");
  const now = Date.now();
  const last = statSync(marker, { throwIfNoEntry: false });
  if (last !== undefined && Math.abs(now - last.mtimeMs) < codeSweep) return;
  closeSync(openSync(marker, "a", 0o600));
  utimesSync(marker, now / 1000, now / 1000);
  if (last === undefined) return;
  for (const name of readdirSync(code)) {
    const found = lstatSync(join(code, name));
    if (!found.isDirectory() || name === "files" || now - found.mtimeMs <= codeAge) continue;
    const old = beside(code, "old");
    renameSync(join(code, name), old);
    rmSync(old, { recursive: true, force: true });
  }
  for (const name of readdirSync(join(code, "files"))) {
    const path = join(code, "files", name);
    const { nlink, ctimeMs } = lstatSync(path);
    if (nlink === 1 && now - ctimeMs > codeAge) unlinkSync(path);
  }
}
