/* The receiving side on this machine: the counterpart of python/transfer_receive.py. */
import { hash as digest, type Hash } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  futimesSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { errnoOf } from "@sremote/connectors";
import { DirectoryTree } from "./directory-tree.ts";
import type { MadeFile } from "./delta.ts";
import { type Entry, nameOf } from "./entry.ts";
import { IncomingFile } from "./incoming-file.ts";
import { digestStart, openLocal } from "./local-hash.ts";
import { createFile, mismatch, modeOf, removeQuietly, seconds, type Wanted } from "./new-file.ts";
import { native } from "./local-path.ts";
import { forgetTemporary, temporaryName } from "./temporary.ts";

/** Writes below one directory. Small things at once and synchronously, which takes a fraction of what a detour over the thread pool does. */
export class LocalReceiver {
  readonly tree: DirectoryTree;

  /** @param make whether the root is to be made, and @param createDirectories whether those above it are too */
  constructor(root: string, createDirectories: boolean, make: boolean) {
    this.tree = new DirectoryTree(root, createDirectories, make);
  }

  close(): void {
    this.tree.close();
  }

  directory({ path }: Entry, mode: number | null): void {
    this.tree.forget(path);
    this.tree.writing(path, () => {
      try {
        mkdirSync(this.tree.locate(path), mode === null ? 0o777 : 0o700);
      } catch (error) {
        // Another transfer to the same place was first.
        if (errnoOf(error) !== "EEXIST" || !lstatSync(this.tree.locate(path)).isDirectory()) throw error;
      }
    });
  }

  file(path: string, data: Uint8Array, sha256: string, { mode, time }: Wanted): void {
    if (digest("sha256", data, "hex") !== sha256) throw mismatch();
    this.#replace(path, (hidden) => {
      const fd = createFile(hidden, 0o600);
      try {
        for (let at = 0; at < data.length;) at += writeSync(fd, data, at);
        fchmodSync(fd, modeOf(mode));
        if (time !== null) futimesSync(fd, seconds(time), seconds(time));
      } finally {
        closeSync(fd);
      }
    });
  }

  /** A file that comes in pieces. @param from an unfinished one to go on from, and the digest of as much of it as is used */
  incoming(path: string, size: number, wanted: Wanted, from?: { name: string; length: number; hash: Hash }): IncomingFile {
    return new IncomingFile(this.tree, path, size, wanted, from);
  }

  /** A file that was made by other means, in a directory beside where it belongs. */
  async adopt(path: string, made: MadeFile, size: number, sha256: string, wanted: Wanted, signal: AbortSignal): Promise<void> {
    const name = temporaryName(nameOf(path));
    renameSync(native(made.path), this.tree.beside(path, name));
    forgetTemporary(name);
    const handle = await openLocal(this.tree.beside(path, name), false);
    let hash;
    try {
      hash = await digestStart(handle, size, signal);
    } finally {
      await handle.close();
    }
    if (hash === undefined) throw mismatch();
    await this.incoming(path, size, wanted, { name, length: size, hash }).finish(sha256);
  }

  link({ path, target = "" }: Entry, time: number | null): void {
    this.#replace(path, (hidden) => {
      symlinkSync(native(target), hidden);
      if (time !== null) lutimesSync(hidden, seconds(time), seconds(time));
    });
  }

  remove({ path, type }: Pick<Entry, "path" | "type">): void {
    this.tree.writing(path, () => {
      try {
        if (type === "directory") {
          this.tree.forget(path);
          rmdirSync(this.tree.locate(path));
        } else unlinkSync(this.tree.locate(path));
      } catch (error) {
        if (errnoOf(error) !== "ENOENT") throw error; // Another process was first.
      }
    });
  }

  update({ path, type }: Entry, { mode, time }: Wanted): void {
    if (type === "link") {
      if (time !== null) lutimesSync(this.tree.locate(path), seconds(time), seconds(time));
      return;
    }
    if (type === "directory") return this.#setMeta(this.tree.directory(path), mode, time);
    const fd = openSync(this.tree.locate(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (fstatSync(fd).isFile()) this.#setMeta(fd, mode, time);
    } finally {
      closeSync(fd);
    }
  }

  #setMeta(fd: number, mode: number | null, time: number | null): void {
    if (mode !== null) fchmodSync(fd, mode);
    if (time !== null) futimesSync(fd, seconds(time), seconds(time));
  }

  #replace(path: string, make: (hidden: string | Buffer) => void): void {
    this.tree.writing(path, () => {
      const name = temporaryName(nameOf(path));
      try {
        const hidden = this.tree.beside(path, name);
        try {
          make(hidden);
          renameSync(hidden, this.tree.locate(path));
        } catch (error) {
          removeQuietly(hidden);
          throw error;
        }
      } finally {
        forgetTemporary(name);
      }
    });
  }
}
