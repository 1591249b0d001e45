/* A directory or file of source code on this machine, whose versions calls on hosts import. */
import { SremoteError } from "@sremote/protocol";
import type { TreeSettings } from "./tree-settings.ts";
import { nodeFiles } from "./node-files.ts";
import { Changing, type ReadFile, TreeReader } from "./read-tree.ts";
import { type TreeFile, type TreeVersion, versionOf } from "./tree-version.ts";

/** Looks in a row of which the last must find nothing changed. */
const mostLooks = 10;
/** Trees up to this many files are looked at for every call. Larger ones once for all calls that are made without a pause. */
const smallTree = 256;

export class LocalTree {
  readonly settings: TreeSettings;
  readonly #reader: TreeReader;
  #version: TreeVersion | undefined;
  #isLookedAt = false;

  constructor(settings: TreeSettings) {
    const { path, shown, patterns, gitignore } = settings;
    this.settings = settings;
    this.#reader = new TreeReader(path, shown, patterns, gitignore);
  }

  /**
   * The version that is on the disk now. Reads what has changed since the last look, and blocks while it does: a call has the code that was there when it was made.
   *
   * @throws SremoteError when the tree cannot be read, or is too large
   */
  look(): TreeVersion {
    if (this.#isLookedAt && this.#version !== undefined) return this.#version;
    for (let looks = 1; looks <= mostLooks; looks++) {
      if (!this.#hasChanged()) return this.#settled();
    }
    throw new SremoteError("transfer-failed", `code cannot be shipped: ${this.settings.shown} changes all the time`, {
      stage: "request",
      hint: "call again when nothing writes to it, or leave out what is written with options.exclude",
    });
  }

  #hasChanged(): boolean {
    try {
      const hasChanged = this.#reader.look();
      // What is in it may have changed while it was read: only a look that finds everything as it was shows one version.
      if (hasChanged) this.#version = undefined;
      return hasChanged;
    } catch (error) {
      if (error instanceof Changing) return true;
      throw error;
    }
  }

  #settled(): TreeVersion {
    const { files } = this.#reader;
    const { origin, shown } = this.settings;
    if (files.size === 0) {
      throw new SremoteError("no-such-file", `code cannot be shipped: ${shown} has no files that could be`, {
        stage: "request",
        hint: "hidden files, __pycache__, node_modules and virtual environments are left out; check options.include and options.exclude",
      });
    }
    this.#version ??= versionOf(
      origin,
      this.settings.runtime === "python" ? pythonFiles(this.settings, files) : nodeFiles(this.settings, files),
    );
    if (files.size > smallTree) {
      this.#isLookedAt = true;
      queueMicrotask(() => (this.#isLookedAt = false));
    }
    return this.#version;
  }
}

function pythonFiles({ name, origin }: TreeSettings, files: ReadonlyMap<string, ReadFile>): TreeFile[] {
  return Array.from(files, ([path, file]) => ({ ...file, path: origin.prefix === undefined ? `${name}.py` : origin.prefix + path }));
}
