/* What a tree of source code is. */
import type { Runtime } from "../call/options.ts";
import type { Patterns } from "./patterns.ts";
import type { TreeOrigin } from "./tree-version.ts";

export interface TreeSettings {
  readonly runtime: Runtime;
  /** By which calls import it. */
  readonly name: string;
  /** What is read. */
  readonly path: string;
  readonly origin: TreeOrigin;
  /** As the user named it. */
  readonly shown: string;
  readonly patterns: Patterns;
  readonly gitignore: boolean;
}
