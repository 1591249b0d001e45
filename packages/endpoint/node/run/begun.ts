/* How many items have begun (PROTOCOL.md, "Many items"): in a small file, which the supervisor reads when the process has died. */
import { basename, dirname, join } from "node:path";
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, rmSync, writeSync } from "node:fs";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
const size = 8;

/** Where a worker of a session with this mark may have its file, the best place first. */
export function begunPaths(mark: string, pid: number): string[] {
  return placesOf(`${mark}.${pid}`);
}

function placesOf(name: string): string[] {
  return ["/dev/shm", "/tmp"].map((place) => `${place}/sremote-${name.split("/").join(".")}`);
}

/** Removes what workers of a session left that were killed with it. @param mark with which theirs begin */
export function removeBegun(mark: string): void {
  for (const path of placesOf(mark)) {
    const name = basename(path);
    try {
      for (const found of readdirSync(dirname(path))) if (found.startsWith(name)) remove(join(dirname(path), found));
    } catch {
      // The place is not there.
    }
  }
}

export class Begun {
  readonly #number: Buffer = Buffer.alloc(size);
  #path: string | undefined;
  #file: number | undefined;

  /** Where none of the paths can be written, the number dies with the process. */
  constructor(paths: readonly string[]) {
    for (const path of paths) {
      try {
        this.#file = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
        this.#path = path;
        return;
      } catch {
        // the next, or none
      }
    }
  }

  /** So many have begun. */
  set(count: number): void {
    if (this.#file === undefined) return;
    this.#number.writeUInt32LE(count, 0);
    writeSync(this.#file, this.#number, 0, size, 0);
  }

  remove(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    remove(this.#path!);
  }
}

/** The number that a process which has died left at one of these paths, and removes it. Undefined where it left none. */
export function takeBegun(paths: readonly string[]): number | undefined {
  for (const path of paths) {
    let file: number;
    try {
      file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch {
      continue; // most calls have none
    }
    try {
      if (fstatSync(file).uid !== process.geteuid?.()) continue;
      remove(path);
      const found = Buffer.alloc(size);
      return readSync(file, found, 0, size, 0) === size ? found.readUInt32LE(0) : 0;
    } finally {
      closeSync(file);
    }
  }
  return undefined;
}

function remove(path: string): void {
  rmSync(path, { force: true });
}
