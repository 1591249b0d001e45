/* Shipped code of one client: its trees, and what of them its host has. */
import type { Failure } from "@sremote/protocol";
import type { CallCode } from "../call/code.ts";
import type { Runtime } from "../call/options.ts";
import type { HostCode } from "./host-code.ts";
import { ShippedTrees } from "./shipped-trees.ts";
import type { TreeVersion } from "./tree-version.ts";

export class ClientCode {
  trees: ShippedTrees = new ShippedTrees();
  readonly #hostCode: HostCode;

  constructor(hostCode: HostCode) {
    this.#hostCode = hostCode;
  }

  /** Of a call that is made now. @throws SremoteError when it cannot be read */
  look(runtime: Runtime): CallCode | undefined {
    const versions = this.trees.look(runtime);
    return (
      versions && {
        digests: versions.map(({ digest }) => digest),
        ready: () => this.#hostCode.ready(runtime, versions),
        forget: () => this.#hostCode.forget(runtime, versions),
      }
    );
  }

  /** A call that `make` makes at once has this Python code, too, before all other. */
  with<T>(version: TreeVersion, make: () => T): T {
    return this.trees.at(new Map([["python", [version, ...(this.trees.look("python") ?? [])]]]), make);
  }

  /** For calls that are made later, and are to have the versions of now. Where those cannot be read, the function throws. */
  freeze(): <C>(make: () => C) => C {
    const { trees } = this;
    try {
      const versions = trees.freeze();
      return (make) => trees.at(versions, make);
    } catch (error) {
      return () => {
        throw error;
      };
    }
  }

  /** The failure with files of this machine in its frames. */
  localize(failure: Failure): Failure {
    return this.trees.isInUse ? this.trees.localize(failure) : failure;
  }
}
