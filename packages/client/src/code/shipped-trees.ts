/* All that a client or a fleet ships: which versions a call gets, and where their files lie on this machine. */
import { InvalidArgumentError, type Failure, limits } from "@sremote/protocol";
import type { Runtime } from "../call/options.ts";
import { LocalTree } from "./local-tree.ts";
import { readShipOptions, type ShipOptions } from "./options.ts";
import { ShippedCode } from "./shipped-code.ts";
import { localFile, type TreeOrigin, type TreeVersion } from "./tree-version.ts";

/** Versions whose files are still known, for tracebacks. */
const mostVersions = 1000;

/** Versions of all trees at one moment. */
export type CodeVersions = ReadonlyMap<Runtime, readonly TreeVersion[]>;

/** @internal */
export class ShippedTrees {
  readonly #trees = new Map<Runtime, LocalTree[]>();
  readonly #origins = new Map<string, TreeOrigin>();
  #frozen: CodeVersions | undefined;

  /** @param runtime where neither options nor the file's ending say it @throws InvalidArgumentError @throws SremoteError */
  ship(path: string, options: ShipOptions, runtime: Runtime): ShippedCode {
    const tree = new LocalTree(readShipOptions(path, options, runtime));
    tree.look();
    return new ShippedCode(tree, this.#add(tree));
  }

  /** @returns a function that removes it @throws InvalidArgumentError where another tree has the name */
  #add(tree: LocalTree): () => void {
    const { runtime, name, path } = tree.settings;
    const trees = this.#trees.get(runtime) ?? [];
    const same = trees.find(({ settings }) => settings.name === name && (name !== "." || settings.path === path));
    if (same !== undefined && same.settings.path !== path) {
      throw new InvalidArgumentError(`${name} is shipped already, from ${same.settings.path}`, undefined, {
        hint: "unship() that one first, or give this one another name with options.as",
      });
    }
    if (same === undefined && trees.length >= limits.codeTrees)
      throw new InvalidArgumentError(`a client cannot ship more than ${limits.codeTrees} trees`, undefined, {
        hint: 'ship a directory that has several modules with { as: "." }',
      });
    // The latest comes first on the search path, as the latest wins elsewhere.
    this.#trees.set(runtime, [tree, ...trees.filter((each) => each !== same)]);
    return () => {
      const left = (this.#trees.get(runtime) ?? []).filter((each) => each !== tree);
      if (left.length === 0) this.#trees.delete(runtime);
      else this.#trees.set(runtime, left);
    };
  }

  /** The versions for a call that is made now; undefined where nothing is shipped. @throws SremoteError when a tree cannot be read */
  look(runtime: Runtime): readonly TreeVersion[] | undefined {
    if (this.#frozen !== undefined) return this.#frozen.get(runtime);
    const versions = this.#trees.get(runtime)?.map((tree) => tree.look());
    for (const version of versions ?? []) this.#remember(version);
    return versions;
  }

  /** The versions that are there now, for calls that are made later: see {@link at}. @throws SremoteError when a tree cannot be read */
  freeze(): CodeVersions {
    return new Map(Array.from(this.#trees.keys(), (runtime) => [runtime, this.look(runtime)!]));
  }

  /** Calls that `make` makes at once have these versions. */
  at<T>(versions: CodeVersions, make: () => T): T {
    for (const version of [...versions.values()].flat()) this.#remember(version);
    const before = this.#frozen;
    this.#frozen = versions;
    try {
      return make();
    } finally {
      this.#frozen = before;
    }
  }

  #remember({ digest, origin }: TreeVersion): void {
    if (this.#origins.has(digest)) return;
    this.#origins.set(digest, origin);
    const [oldest] = this.#origins.keys();
    if (this.#origins.size > mostVersions) this.#origins.delete(oldest!);
  }

  /** Whether something is shipped, or was. */
  get isInUse(): boolean {
    return this.#origins.size > 0;
  }

  /** The failure with the files of this machine in its frames. */
  localize(failure: Failure): Failure {
    const local: Failure = { ...failure };
    if (failure.frames !== undefined)
      local.frames = failure.frames.map((frame) => ({ ...frame, file: localFile(frame.file, (digest) => this.#origins.get(digest)) }));
    if (failure.cause !== undefined) local.cause = this.localize(failure.cause);
    if (failure.context !== undefined) local.context = this.localize(failure.context);
    if (failure.exceptions !== undefined) local.exceptions = failure.exceptions.map((each) => this.localize(each));
    return local;
  }
}
