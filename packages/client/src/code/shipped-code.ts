import { showAs } from "@sremote/connectors";
import { checkConstruction } from "@sremote/protocol";
import type { Runtime } from "../call/options.ts";
import { LocalTree } from "./local-tree.ts";

/** Source code of this machine that calls import: what {@link RemoteClient.ship} returns. */
export class ShippedCode {
  /** @internal */
  readonly tree: LocalTree;
  readonly #remove: () => void;

  /** @internal */
  constructor(tree: LocalTree, remove: () => void) {
    checkConstruction(tree instanceof LocalTree, "ShippedCode", "client.ship() returns one");
    this.tree = tree;
    this.#remove = remove;
  }

  /** By which calls import it; `.` for a directory whose modules have their own names. */
  get name(): string {
    return this.tree.settings.name;
  }

  /** Absolute, on this machine. */
  get path(): string {
    return this.tree.settings.path;
  }

  get runtime(): Runtime {
    return this.tree.settings.runtime;
  }

  /** SHA-256 of the version that is on the disk now, 64 hexadecimal digits: equal code has equal digests. Looks at the files. */
  get digest(): string {
    return this.tree.look().digest;
  }

  /** Paths of the files that are shipped, as they lie on the host's module search path. Looks at the files. */
  get files(): readonly string[] {
    return this.tree.look().files.map(({ path }) => path);
  }

  /** Calls that are made from now on do not find it any more. What lies on the host is removed there when nothing has used it for a week. */
  unship(): void {
    this.#remove();
  }

  static {
    showAs(this, "ShippedCode", (self) => ({ name: self.name, path: self.path, runtime: self.runtime }));
  }
}
