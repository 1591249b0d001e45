/* What is in a tree, on either side. */

export type EntryType = "file" | "directory" | "link" | "other";

/** One thing in a tree. Names are strings in which lone surrogates stand for bytes that are not UTF-8, as everywhere. */
export interface Entry {
  /** Where it belongs, relative to the destination; `""` is the destination itself. */
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits, with set-user-id and the like. */
  readonly mode: number;
  /** Bytes. */
  readonly size: number;
  /** Time of last modification, microseconds since 1970: what Node can set, and a number can hold exactly, until 2255. */
  readonly time: number;
  /** Of a symbolic link: its text. */
  readonly target?: string;
  /** Hard links to it. */
  readonly links: number;
  /** Which of the roots it is below, and where. */
  readonly root: number;
  readonly relative: string;
}

/** Where a listing begins. */
export interface Root {
  readonly path: string;
  /** What stands before its entries' paths: `""`, or a name. */
  readonly prefix: string;
  /** Whether the path itself may be a symbolic link to what is meant. */
  readonly follow: boolean;
  /** Whether to look for unfinished files beside it. */
  readonly partials: boolean;
  /** Whether what is in a directory counts. */
  readonly recursive: boolean;
}

/** An unfinished file of an earlier transfer. */
export interface PartialFile {
  /** Its name, in the directory of the file it is a part of. */
  readonly name: string;
  readonly size: number;
}

/** Something that could not be listed, read or written. */
export interface PathFailure {
  readonly path: string;
  /** The system's name for it, such as `EACCES`, or one of ours. */
  readonly errno: string;
  readonly message: string;
}

export class Listing {
  readonly entries: Map<string, Entry> = new Map();
  /** By the path of the file they are parts of. */
  readonly partials: Map<string, PartialFile[]> = new Map();
  readonly failures: PathFailure[] = [];

  addPartial(path: string, name: string, size: number): void {
    const known = this.partials.get(path);
    if (known === undefined) this.partials.set(path, [{ name, size }]);
    else known.push({ name, size });
  }
}

export function joinPath(prefix: string, relative: string): string {
  if (prefix === "" || relative === "") return prefix + relative;
  return `${prefix}/${relative}`;
}

/** Of a path with `/` in it; `""` otherwise. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** What a name is of which `/`, NUL and the names of a directory and its parent are no part. */
export function isName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
}

/** Whether two times are the same as far as Node can tell: it sets times as doubles of seconds, to within a microsecond or, after 2255, a few. */
export function equalTime(a: number, b: number): boolean {
  return Math.abs(a - b) <= (Math.abs(a) < 2 ** 52 ? 2 : 16);
}

/**
 * Whether a time is as it can be kept: some file systems and tools keep whole seconds. That says nothing of what was written within that second: there the
 * content decides.
 */
export function sameTime(a: number, b: number): boolean {
  if (equalTime(a, b)) return true;
  const second = 1_000_000;
  return (a % second === 0 || b % second === 0) && Math.floor(a / second) === Math.floor(b / second);
}
