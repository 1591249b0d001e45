/*
 * A directory of this machine and what lies below it. Node has no `openat`; on Linux `/proc/self/fd/N/name` is the same, so no component below
 * the root is followed when it is a symbolic link, not even one that was put there a moment ago. Elsewhere each component is looked at
 * before it is used.
 */
import { closeSync, constants, existsSync, fstatSync, fchmodSync, lstatSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { errnoOf, toBytes } from "@sremote/connectors";
import { joinPath, nameOf, parentOf } from "./entry.ts";
import { nameProblem } from "./local-names.ts";
import { native } from "./local-path.ts";

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const most = 64;
const byDescriptor = process.platform === "linux" && existsSync("/proc/self/fd");

export class DirectoryTree {
  readonly path: string;
  readonly #open = new Map<string, number>();
  /** Directories that had to be made writable, and the mode they had. */
  readonly #opened = new Map<string, number>();

  /** @param path as the user named it: links in it are followed; below it none is */
  constructor(path: string, createDirectories: boolean, make: boolean) {
    this.path = path;
    if (createDirectories) mkdirSync(native(path), { recursive: true });
    else if (make) mkdirSync(native(path));
    this.#open.set("", openSync(native(path), constants.O_RDONLY | constants.O_DIRECTORY));
  }

  /** Where something below the root is to be reached: valid until the next call. */
  locate(path: string): string | Buffer {
    const name = nameOf(path);
    const problem = nameProblem(name);
    if (problem !== undefined) throw Object.assign(new Error(`EPERM: ${problem}`), { code: "EPERM" });
    return this.#at(parentOf(path), name);
  }

  /** Another name in the directory of a path. */
  beside(path: string, name: string): string | Buffer {
    return this.locate(joinPath(parentOf(path), name));
  }

  /** The descriptor of a directory; it stays ours. */
  directory(path: string): number {
    const known = this.#open.get(path);
    if (known !== undefined) {
      if (path !== "") {
        this.#open.delete(path);
        this.#open.set(path, known);
      }
      return known;
    }
    const fd = openSync(this.locate(path), directoryFlags);
    this.#open.set(path, fd);
    if (this.#open.size > most) {
      const oldest = [...this.#open.keys()].find((one) => one !== "" && one !== path)!;
      closeSync(this.#open.get(oldest)!);
      this.#open.delete(oldest);
    }
    return fd;
  }

  /** Something else may be at this path from now on. */
  forget(path: string): void {
    for (const known of this.#open.keys()) {
      if (known === "" || !(known === path || known.startsWith(`${path}/`))) continue;
      closeSync(this.#open.get(known)!);
      this.#open.delete(known);
    }
    this.#opened.delete(path);
  }

  /** Runs what writes to the directory of a path; a directory that is not writable is made so for the while, as far as it is ours. */
  writing<T>(path: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      const parent = parentOf(path);
      if (errnoOf(error) !== "EACCES" || this.#opened.has(parent)) throw error;
      const fd = this.directory(parent);
      const mode = fstatSync(fd).mode & 0o7777;
      if ((mode & 0o300) === 0o300) throw error;
      fchmodSync(fd, mode | 0o300);
      this.#opened.set(parent, mode);
      return work();
    }
  }

  /** Modes of directories that were opened for the while; descriptors. */
  close(): void {
    for (const [path, mode] of this.#opened) fchmodSync(this.directory(path), mode);
    this.#opened.clear();
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  #at(parent: string, name: string): string | Buffer {
    if (byDescriptor) {
      const start = `/proc/self/fd/${this.directory(parent)}/`;
      return name.isWellFormed() ? start + name : Buffer.concat([Buffer.from(start), toBytes(name)]);
    }
    for (let at = parent; at !== ""; at = parentOf(at)) {
      if (lstatSync(native(join(this.path, at))).isDirectory()) continue;
      throw Object.assign(new Error("ENOTDIR: a link or file is in place of a directory"), { code: "ENOTDIR" });
    }
    return native(`${this.path}/${joinPath(parent, name)}`);
  }
}
