/* Reads a directory of source code, and reads again only what has changed. */
import { lstatSync, readdirSync, readFileSync, realpathSync, type Stats } from "node:fs";
import { join, relative, sep } from "node:path";
import { SremoteError } from "@sremote/protocol";
import { gitFiles } from "./git-files.ts";
import { codeBytes, codeDepth, codeFiles } from "./limits.ts";
import { isWanted, type Patterns } from "./patterns.ts";
import { digestOf } from "./tree-version.ts";

export interface ReadFile {
  readonly digest: string;
  readonly content: Uint8Array;
  readonly isExecutable: boolean;
}

interface Known<T> {
  readonly state: string;
  /** Whether a change within the same tick of the clock would leave the state as it is. */
  readonly isFresh: boolean;
  readonly value: T;
}

/** Milliseconds in which times of files may stand still: of file systems that have them in nanoseconds, and in seconds (FAT: two). */
const fineTick = 50;
const coarseTick = 2500;

/** What a change of the file changes. */
function stateOf({ dev, ino, mode, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev}.${ino}.${mode}.${size}.${mtimeMs}.${ctimeMs}`;
}

/** As git does ("racily clean"): what was changed just now may be changed again within the same tick, and is read again next time. */
function isFresh({ mtimeMs, ctimeMs }: Stats, now: number): boolean {
  const latest = Math.max(mtimeMs, ctimeMs);
  return now - latest < (latest % 1000 === 0 ? coarseTick : fineTick);
}

/** The file or directory changed while it was read: it is to be read again. */
export class Changing extends Error {}

export class TreeReader {
  /** By path from the root, `""` for the root. */
  files: ReadonlyMap<string, ReadFile> = new Map();
  readonly #root: string;
  readonly #shown: string;
  readonly #patterns: Patterns;
  readonly #gitignore: boolean;
  #known = new Map<string, Known<ReadFile>>();
  #listings = new Map<string, Known<readonly string[]>>();
  #git: ReadonlySet<string> | undefined;
  readonly #gitStates = new Map<string, string>();
  #isGitAsked = false;
  /** Of the look. */
  #entries = 0;
  #bytes = 0;

  /** @param shown the root as the user named it */
  constructor(root: string, shown: string, patterns: Patterns, gitignore: boolean) {
    this.#root = root;
    this.#shown = shown;
    this.#patterns = patterns;
    this.#gitignore = gitignore;
  }

  /**
   * Looks at every file, and reads those that have changed.
   *
   * @returns whether something is not as it was at the last look
   * @throws SremoteError @throws Changing
   */
  look(): boolean {
    const before = this.files;
    const files = new Map<string, ReadFile>();
    this.#entries = this.#bytes = 0;
    this.#isGitAsked = false;
    const root = this.#attempt("", () => realpathSync(this.#root));
    const found = this.#stat(root, "");
    if (found.isDirectory()) this.#enter("", root, found, [], files);
    else this.#add("", root, found, files);
    this.files = files;
    const isSame = files.size === before.size && [...files].every(([path, file]) => before.get(path) === file);
    if (!isSame) for (const path of this.#known.keys()) if (!files.has(path)) this.#known.delete(path);
    return !isSame;
  }

  #enter(path: string, real: string, found: Stats, above: readonly string[], files: Map<string, ReadFile>): void {
    if (above.length >= codeDepth) throw this.#tooMuch(`has directories more than ${codeDepth} deep`, path);
    const within = [...above, real];
    for (const name of this.#list(path, real, found)) {
      const inner = path === "" ? name : `${path}/${name}`;
      let place = join(real, name);
      let state = this.#stat(place, inner);
      if (state.isSymbolicLink()) {
        place = this.#follow(place, inner, within);
        state = this.#stat(place, inner);
      }
      if (!isWanted(this.#patterns, inner, name, state.isDirectory())) continue;
      if (this.#git !== undefined && !this.#git.has(inner)) continue;
      if (++this.#entries > 2 * codeFiles) throw this.#tooMuch(`has more than ${2 * codeFiles} files and directories`);
      if (state.isDirectory()) this.#enter(inner, place, state, within, files);
      else this.#add(inner, place, state, files);
    }
  }

  #add(path: string, real: string, found: Stats, files: Map<string, ReadFile>): void {
    if (!found.isFile()) throw this.#refused("not-a-file", `is not a regular file`, path);
    if (files.size >= codeFiles) throw this.#tooMuch(`has more than ${codeFiles} files`);
    this.#bytes += found.size;
    if (this.#bytes > codeBytes) throw this.#tooMuch(`has more than ${codeBytes / 2 ** 20} MiB`);
    const known = this.#known.get(path);
    const state = stateOf(found);
    if (known !== undefined && known.state === state && !known.isFresh) {
      files.set(path, known.value);
      return;
    }
    const now = Date.now();
    const content = this.#attempt(path, () => readFileSync(real));
    if (stateOf(this.#stat(real, path)) !== state || content.length !== found.size) throw new Changing();
    const digest = digestOf(content);
    const isExecutable = (found.mode & 0o100) !== 0;
    const isSame = known?.value.digest === digest && known.value.isExecutable === isExecutable;
    const value = isSame ? known.value : { digest, content, isExecutable };
    this.#known.set(path, { state, isFresh: isFresh(found, now), value });
    files.set(path, value);
  }

  /** Names in a directory. Those that are never shipped are not looked at again. */
  #list(path: string, real: string, found: Stats): readonly string[] {
    const known = this.#listings.get(real);
    const state = stateOf(found);
    if (this.#gitignore) this.#askGit(path, real, known?.state !== state || known.isFresh);
    if (known !== undefined && known.state === state && !known.isFresh) return known.value;
    const now = Date.now();
    const names = this.#attempt(path, () => readdirSync(real));
    const strange = names.find((name) => name.includes("\uFFFD") || name.includes("\\"));
    if (strange !== undefined) {
      throw this.#refused("unsupported", "has a name that is not UTF-8, or has a backslash", path === "" ? strange : `${path}/${strange}`);
    }
    // A virtual environment.
    const isForeign = path !== "" && names.includes("pyvenv.cfg");
    const value = isForeign ? [] : names.filter((name) => this.#mayBeWanted(path === "" ? name : `${path}/${name}`, name)).toSorted();
    this.#listings.set(real, { state, isFresh: isFresh(found, now), value });
    return value;
  }

  #mayBeWanted(path: string, name: string): boolean {
    return isWanted(this.#patterns, path, name, true) || isWanted(this.#patterns, path, name, false);
  }

  /** Once in a look, where a directory or its .gitignore has changed. */
  #askGit(path: string, real: string, isChanged: boolean): void {
    const ignore = lstatSync(join(real, ".gitignore"), { throwIfNoEntry: false });
    const state = ignore === undefined ? "" : stateOf(ignore);
    const isSame = this.#gitStates.get(path) === state;
    this.#gitStates.set(path, state);
    if (this.#isGitAsked || (this.#git !== undefined && !isChanged && isSame)) return;
    this.#git = gitFiles(this.#root);
    this.#isGitAsked = true;
  }

  /** Where a symbolic link leads: within the tree, and not to a directory that it lies in. */
  #follow(place: string, path: string, above: readonly string[]): string {
    const [root] = above;
    const target = this.#attempt(path, () => {
      try {
        return realpathSync(place);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        throw this.#refused("no-such-file", "is a symbolic link to a file that does not exist", path, error);
      }
    });
    const inside = relative(root!, target);
    if (inside === ".." || inside.startsWith(`..${sep}`))
      throw this.#refused("unsupported", "is a symbolic link that leaves the tree", path);
    if (above.includes(target)) throw this.#refused("unsupported", "is a symbolic link to a directory that it lies in", path);
    return target;
  }

  #stat(place: string, path: string): Stats {
    return this.#attempt(path, () => lstatSync(place));
  }

  #attempt<T>(path: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof SremoteError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" && path !== "") throw new Changing();
      if (code === "EACCES" || code === "EPERM") throw this.#refused("permission-denied", "may not be read", path, error);
      if (code === "ELOOP") throw this.#refused("unsupported", "is a symbolic link that leads to itself", path, error);
      if (code === "ENOENT") throw this.#refused("no-such-file", "does not exist", path, error);
      throw this.#refused("transfer-failed", `cannot be read: ${(error as Error).message}`, path, error);
    }
  }

  #refused(
    code: "unsupported" | "permission-denied" | "not-a-file" | "no-such-file" | "transfer-failed",
    text: string,
    path: string,
    cause?: unknown,
  ): SremoteError {
    const hint = path === "" ? undefined : "leave it out with options.exclude";
    return new SremoteError(code, `code cannot be shipped: ${join(this.#shown, path)} ${text}`, { stage: "request", hint, cause });
  }

  #tooMuch(text: string, path = ""): SremoteError {
    return new SremoteError("limit-exceeded", `code cannot be shipped: ${join(this.#shown, path)} ${text}`, {
      stage: "request",
      hint: "ship the package itself, leave data out with options.exclude, and copy data with sync()",
    });
  }
}
