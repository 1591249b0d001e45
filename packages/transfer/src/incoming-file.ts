/* A large file that is being received: the counterpart of python/transfer_incoming.py. */
import type { Hash } from "node:crypto";
import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, futimesSync, openSync, renameSync, write } from "node:fs";
import { promisify } from "node:util";
import type { DirectoryTree } from "./directory-tree.ts";
import { nameOf } from "./entry.ts";
import { type FileDigest, inlineDigest, writtenDigest } from "./file-digest.ts";
import { createFile, mismatch, modeOf, removeQuietly, seconds, type Wanted } from "./new-file.ts";
import { forgetTemporary, temporaryName } from "./temporary.ts";

const writeSome = promisify(write);
/** An unfinished file from this size on is kept. */
const worthKeeping = 1 << 20;
/** So much is written at once, while the next is received. */
const batch = 1 << 19;

export class IncomingFile {
  /** Bytes received, with those of the unfinished file. */
  received: number;
  readonly #tree: DirectoryTree;
  readonly #path: string;
  readonly #size: number;
  readonly #wanted: Wanted;
  readonly #digest: FileDigest;
  readonly #name: string;
  #fd: number | undefined;
  /** Two buffers in turn: one is filled while the other is written. Pieces are copied, so that what they came in is free at once. */
  readonly #buffers: Buffer[] = [];
  #turn = 0;
  #held = 0;
  #position: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(tree: DirectoryTree, path: string, size: number, wanted: Wanted, from?: { name: string; length: number; hash: Hash }) {
    this.#tree = tree;
    this.#path = path;
    this.#size = size;
    this.#wanted = wanted;
    this.#name = temporaryName(nameOf(path));
    this.received = this.#position = from?.length ?? 0;
    try {
      this.#fd = tree.writing(path, () => (from === undefined ? createFile(this.#hidden, 0o600) : this.#adopt(from.name, from.length)));
    } catch (error) {
      forgetTemporary(this.#name);
      throw error;
    }
    this.#digest = from === undefined ? writtenDigest(this.#fd, size) : inlineDigest(from.hash);
  }

  get #hidden(): string | Buffer {
    return this.#tree.beside(this.#path, this.#name);
  }

  /** The unfinished file under another name, from which no other transfer goes on. */
  #adopt(name: string, length: number): number {
    const fd = openSync(this.#tree.beside(this.#path, name), constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      const found = fstatSync(fd);
      if (!found.isFile() || found.nlink !== 1 || found.size < length) throw mismatch();
      renameSync(this.#tree.beside(this.#path, name), this.#hidden);
      ftruncateSync(fd, length);
      return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Takes a piece of content. Resolves when more may come. */
  async write(piece: Buffer): Promise<void> {
    this.received += piece.length;
    if (this.received > this.#size) throw mismatch();
    for (let at = 0; at < piece.length;) {
      const buffer = (this.#buffers[this.#turn] ??= Buffer.allocUnsafeSlow(Math.min(batch, this.#size)));
      const copied = piece.copy(buffer, this.#held, at);
      this.#held += copied;
      at += copied;
      if (this.#held === buffer.length) await this.#flush();
    }
  }

  /** Waits for the last write and begins the next. */
  async #flush(): Promise<void> {
    const content = this.#buffers[this.#turn]!.subarray(0, this.#held);
    this.#held = 0;
    this.#turn = 1 - this.#turn;
    await this.#writing;
    const position = this.#position;
    this.#position += content.length;
    this.#writing = this.#store(content, position);
    this.#writing.catch(() => {}); // It is awaited before the next write and at the end.
  }

  async #store(content: Buffer, start: number): Promise<void> {
    for (let stored = 0; stored < content.length;) {
      const { bytesWritten } = await writeSome(this.#fd!, content, stored, content.length - stored, start + stored);
      stored += bytesWritten;
    }
    this.#digest.update(content);
  }

  /** Verifies what was written and gives it its name. */
  async finish(sha256: string): Promise<void> {
    try {
      await this.#settle();
      if (this.received !== this.#size || (await this.#digest.digest()) !== sha256) throw mismatch();
      const fd = this.#fd!;
      const { mode, time } = this.#wanted;
      fchmodSync(fd, modeOf(mode));
      if (time !== null) futimesSync(fd, seconds(time), seconds(time));
      renameSync(this.#hidden, this.#tree.locate(this.#path));
    } catch (error) {
      await this.discard();
      throw error;
    }
    await this.#drop();
  }

  /** The transfer breaks off: what is large enough to go on from stays. */
  async interrupt(): Promise<void> {
    if (this.#fd === undefined) return;
    try {
      await this.#settle();
    } catch {
      return await this.discard(); // What broke it off is told elsewhere; what is on disk is not whole.
    }
    if (this.received < worthKeeping) return await this.discard();
    await this.#drop();
  }

  async discard(): Promise<void> {
    if (this.#fd === undefined) return;
    await this.#writing.catch(() => {});
    removeQuietly(this.#hidden);
    await this.#drop();
  }

  async #settle(): Promise<void> {
    if (this.#held > 0) await this.#flush();
    await this.#writing;
  }

  async #drop(): Promise<void> {
    await this.#digest.close();
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    forgetTemporary(this.#name);
  }
}
