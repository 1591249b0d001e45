/* Registered modules: is each there, and of the expected version? */
import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, resolve } from "node:path";
import { SremoteError } from "@sremote/protocol";
import { isPath, notFoundHint } from "./resolve.ts";
import { searchDirectories } from "./search-directories.ts";

/** Versions of the modules that are there. @throws SremoteError `module-missing` or `module-version` */
export function checkModules(expected: Record<string, string | null>, base: string): Record<string, string | null> {
  const found: Record<string, string | null> = {};
  for (const [name, version] of Object.entries(expected)) {
    const actual = installedVersion(name, base);
    if (actual === undefined) {
      throw new SremoteError("module-missing", `the registered module ${JSON.stringify(name)} is not installed on this host`, {
        stage: "import",
        hint: isPath(name) ? "check the path" : notFoundHint,
      });
    }
    if (version !== null && actual !== version) {
      throw new SremoteError(
        "module-version",
        `the registered module ${JSON.stringify(name)} has version ${actual ?? "unknown"} on this host, expected ${version}`,
        {
          stage: "import",
          hint: "if it is yours, ship it with ship(), or set cwd to the project that has it; if it is a package, install the expected version of it with installPackages()",
        },
      );
    }
    // A plain assignment would lose a module named __proto__.
    Object.defineProperty(found, name, { value: actual, enumerable: true });
  }
  return found;
}

/** The version in its package.json, null where it has none, undefined where the module is not there. */
function installedVersion(name: string, base: string): string | null | undefined {
  if (builtinModules.includes(name.replace(/^node:/, ""))) return process.versions.node;
  if (isPath(name)) {
    const path = resolve(name.replace(/^file:\/\//, ""));
    return existsSync(path) ? versionIn(path) : undefined;
  }
  const packageName = name.split("/", name.startsWith("@") ? 2 : 1).join("/");
  for (const start of searchDirectories(base)) {
    for (let directory = start; ; directory = dirname(directory)) {
      const path = join(directory, "node_modules", packageName);
      if (existsSync(path)) return versionIn(path);
      if (dirname(directory) === directory) break;
    }
  }
  return undefined;
}

function versionIn(directory: string): string | null {
  let text: string;
  try {
    text = readFileSync(join(directory, "package.json"), "utf8");
  } catch {
    return null;
  }
  const { version }: { version?: unknown } = JSON.parse(text);
  return typeof version === "string" ? version : null;
}
