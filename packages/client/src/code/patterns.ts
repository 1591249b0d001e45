/* Which files of a tree are meant: patterns of `include` and `exclude`, and what is never code. */

/** Names of directories that hold what programs make or install. Names that begin with a dot are left out as well: they hold settings and secrets. */
const leftOut: ReadonlySet<string> = new Set(["__pycache__", "node_modules"]);

export interface Patterns {
  /** Undefined: all. */
  readonly include: readonly RegExp[] | undefined;
  readonly exclude: readonly RegExp[];
}

/** A pattern without `/` is for a name at any depth; with one it is for a path from the root of the tree. */
export function compilePattern(pattern: string): RegExp {
  const path = pattern.replace(/^\.?\//, "").replace(/\/$/, "");
  const isAnchored = pattern.replace(/\/$/, "").includes("/");
  const source = path.replaceAll(/\*\*\/|\*\*|\*|\?|[\\^$.|+()[\]{}]/g, (found) => {
    if (found === "**/") return "(?:.*/)?";
    if (found === "**") return ".*";
    if (found === "*") return "[^/]*";
    return found === "?" ? "[^/]" : `\\${found}`;
  });
  return new RegExp(`^${isAnchored ? "" : "(?:.*/)?"}${source}(?:/|$)`, "su");
}

const matches = (patterns: readonly RegExp[], path: string): boolean => patterns.some((pattern) => pattern.test(path));

/** @param path from the root of the tree */
export function isWanted({ include, exclude }: Patterns, path: string, name: string, isDirectory: boolean): boolean {
  if (matches(exclude, path) || leftOut.has(name)) return false;
  if (isDirectory) return !name.startsWith(".");
  if (include !== undefined) return matches(include, path);
  return !name.startsWith(".") && !name.endsWith(".pyc");
}
