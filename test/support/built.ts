/* Whether the built packages are those of the sources: a process loads them in a third of the time. */
import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Nothing of them has changed since `npm run build` began, which `npm test` does first; an edit since then is run from its source. */
export function isBuilt(): boolean {
  const built = statSync(join(root, ".cache/built"), { throwIfNoEntry: false });
  if (built === undefined) return false;
  const sources = globSync(["packages/*/src/**/*.ts", "packages/*/package.json"], { cwd: root, exclude: ["**/*.test.ts"] });
  return sources.every((path) => statSync(join(root, path)).mtimeMs < built.mtimeMs);
}
