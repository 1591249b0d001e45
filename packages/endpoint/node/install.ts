/* Puts the payload where its digest says: BASE/endpoint/<sha256>/endpoint.mjs. No lock: written beside, then renamed. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from "node:fs";
import { uniqueSuffix } from "./host/lazy.ts";
import { sha256 } from "./host/digest.ts";
import { errorCode, makeBase, makePrivateDirectory, syncDirectory } from "./host/directory.ts";
import { writeAll } from "./host/files.ts";

export interface InstallOptions {
  /** Absolute path of the directory of sremote on this host. */
  base: string;
  payload: Uint8Array;
}

/** @returns path of the installed file. Doing it again, or many at once, changes nothing. @throws SremoteError `unsafe-directory`, or the file system's error */
export function install({ base, payload }: InstallOptions): string {
  const digest = sha256(payload);
  const directory = `${base}/endpoint/${digest}`;
  const file = `${directory}/endpoint.mjs`;
  makeBase(base);
  makePrivateDirectory(`${base}/endpoint`);
  makePrivateDirectory(`${base}/tmp`);
  if (isIntact(file, digest)) {
    makePrivateDirectory(directory);
    return file;
  }
  const beside = `${base}/tmp/install-${uniqueSuffix()}`;
  mkdirSync(beside, 0o700);
  try {
    writeFile(`${beside}/endpoint.mjs`, payload);
    syncDirectory(beside);
    try {
      renameSync(beside, directory);
    } catch (error) {
      // Another process was faster, or an earlier file was damaged: the whole file goes into the directory that is there.
      if (!["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(errorCode(error) ?? "")) throw error;
      makePrivateDirectory(directory);
      if (!isIntact(file, digest)) renameSync(`${beside}/endpoint.mjs`, file);
    }
    syncDirectory(`${base}/endpoint`);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return file;
}

function isIntact(file: string, digest: string): boolean {
  try {
    return sha256(readFileSync(file)) === digest;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

function writeFile(path: string, bytes: Uint8Array): void {
  const fd = openSync(path, "wx", 0o600);
  try {
    writeAll(fd, [bytes]);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
