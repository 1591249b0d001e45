/* Files of the simulated host: as much of node:fs as the endpoint uses, with its errors. Hard links are two names of one file. */
import { dirname } from "node:path";

interface Inode {
  readonly isDirectory: boolean;
  data: Buffer;
  mode: number;
  mtimeMs: number;
}

interface Opened {
  readonly inode: Inode;
  at: number;
}

/** Descriptors begin here, so that none is one of this machine's. */
const firstDescriptor = 1_000_000;

export class MemoryFiles {
  readonly inodes = new Map<string, Inode>();
  readonly #now: () => number;
  readonly #open = new Map<number, Opened>();
  #next = firstDescriptor;
  /** Nothing more can be written. */
  isFull = false;

  /** @param now of the wall clock, in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    for (const path of ["/sim", "/sim/home"]) this.inodes.set(path, this.#make(true, 0o700));
  }

  /** Descriptors that were not closed. */
  get descriptors(): number {
    return this.#open.size;
  }

  /** Whether a path or a descriptor is of these files. */
  static isOurs(where: unknown): boolean {
    return typeof where === "number"
      ? where >= firstDescriptor
      : typeof where === "string" && (where === "/sim" || where.startsWith("/sim/"));
  }

  #make(isDirectory: boolean, mode: number): Inode {
    return { isDirectory, data: Buffer.alloc(0), mode, mtimeMs: this.#now() };
  }

  #at(path: string): Inode {
    const inode = this.inodes.get(path);
    if (inode === undefined) throw failure("ENOENT", path);
    return inode;
  }

  #name(path: string, inode: Inode): void {
    const above = this.#at(dirname(path));
    if (!above.isDirectory) throw failure("ENOTDIR", path);
    above.mtimeMs = this.#now();
    this.inodes.set(path, inode);
  }

  #opened(fd: number): Opened {
    const opened = this.#open.get(fd);
    if (opened === undefined) throw failure("EBADF", String(fd));
    return opened;
  }

  mkdirSync(path: string, mode: number): void {
    if (this.inodes.has(path)) throw failure("EEXIST", path);
    this.#at(dirname(path));
    if (this.isFull) throw failure("ENOSPC", path);
    this.#name(path, this.#make(true, mode));
  }

  /** @param flags a text as of `open`, or numbers: then a missing file is made */
  openSync(path: string, flags: string | number, mode = 0o600): number {
    let inode = this.inodes.get(path);
    const isExclusive = flags === "wx" || (typeof flags === "number" && (flags & exclusive) !== 0);
    if (inode !== undefined && isExclusive) throw failure("EEXIST", path);
    if (inode === undefined) {
      if (flags === "r") throw failure("ENOENT", path);
      if (this.isFull) throw failure("ENOSPC", path);
      inode = this.#make(false, mode);
      this.#name(path, inode);
    }
    this.#open.set(++this.#next, { inode, at: 0 });
    return this.#next;
  }

  closeSync(fd: number): void {
    this.#opened(fd);
    this.#open.delete(fd);
  }

  writeSync(fd: number, chunk: Uint8Array, at = 0, length: number = chunk.length - at): number {
    const { inode } = this.#opened(fd);
    if (this.isFull && length > 0) throw failure("ENOSPC", String(fd));
    inode.data = Buffer.concat([inode.data, chunk.subarray(at, at + length)]);
    inode.mtimeMs = this.#now();
    return length;
  }

  fsyncSync(fd: number): void {
    this.#opened(fd);
  }

  linkSync(from: string, to: string): void {
    const inode = this.#at(from);
    if (this.inodes.has(to)) throw failure("EEXIST", to);
    this.#name(to, inode);
  }

  renameSync(from: string, to: string): void {
    const inode = this.#at(from);
    this.#name(to, inode);
    this.inodes.delete(from);
  }

  readFileSync(path: string, encoding?: BufferEncoding): Buffer | string {
    const inode = this.#at(path);
    if (inode.isDirectory) throw failure("EISDIR", path);
    return encoding === undefined ? Buffer.from(inode.data) : inode.data.toString(encoding);
  }

  existsSync(path: string): boolean {
    return this.inodes.has(path);
  }

  readdirSync(path: string): string[] {
    this.#at(path);
    return [...this.inodes.keys()].filter((each) => dirname(each) === path && each !== path).map((each) => each.slice(path.length + 1));
  }

  rmSync(path: string, { recursive = false, force = false } = {}): void {
    const inode = this.inodes.get(path);
    if (inode === undefined && !force) throw failure("ENOENT", path);
    if (inode === undefined) return;
    if (recursive) for (const each of this.inodes.keys()) if (each.startsWith(`${path}/`)) this.inodes.delete(each);
    this.inodes.delete(path);
  }

  lstatSync(path: string, { throwIfNoEntry = true } = {}): object | undefined {
    const inode = this.inodes.get(path);
    if (inode === undefined) {
      if (throwIfNoEntry) throw failure("ENOENT", path);
      return undefined;
    }
    const { isDirectory, mode, mtimeMs } = inode;
    return { isDirectory: () => isDirectory, isSymbolicLink: () => false, uid: process.geteuid?.(), mode, mtimeMs };
  }

  statSync(path: string, options = {}): object | undefined {
    return this.lstatSync(path, options);
  }

  chmodSync(path: string, mode: number): void {
    this.#at(path).mode = mode;
  }

  utimesSync(path: string, _: number, seconds: number): void {
    this.#at(path).mtimeMs = seconds * 1000;
  }

  futimesSync(fd: number, _: number, seconds: number): void {
    this.#opened(fd).inode.mtimeMs = seconds * 1000;
  }
}

/** O_EXCL of Linux. */
const exclusive = 0o200;

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path} (simulated)`), { code });
}
