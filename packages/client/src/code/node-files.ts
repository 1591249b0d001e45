/* Source code for Node as it is shipped: a package of JavaScript, in which TypeScript has lost its types. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { SremoteError } from "@sremote/protocol";
import type { ReadFile } from "./read-tree.ts";
import { stripTypes } from "./strip-types.ts";
import { digestOf, type TreeFile } from "./tree-version.ts";
import type { TreeSettings } from "./tree-settings.ts";

const script = /\.([cm]?)([jt])s$/;
const entries = ["index.js", "index.mjs", "index.cjs", "main.js", "main.mjs"];

/** What was made of a file, as long as that is the same. */
const made = new WeakMap<ReadFile, Pick<TreeFile, "content" | "digest">>();

/** @throws SremoteError `code-invalid`, and `unsupported` where this Node cannot strip types */
export function nodeFiles(settings: TreeSettings, files: ReadonlyMap<string, ReadFile>): TreeFile[] {
  const { path: root, origin } = settings;
  const isFile = files.has("");
  const own = new Map(Array.from(files, ([path, file]) => [path === "" ? basename(root) : path, file]));
  const all = Array.from(own).filter(([path]) => !/\.d\.[cm]?ts$/.test(path) && path !== "package.json");
  const found = all.map(([path, file]) => javascript(join(origin.root, path), path, file));
  const paths = found.map(({ path }) => path);
  const manifest = packageManifest(
    settings,
    isFile ? undefined : own.get("package.json"),
    paths,
    all.some(([path]) => /\.[cm]?ts$/.test(path)),
    isFile,
  );
  const content = Buffer.from(`${JSON.stringify(manifest)}\n`);
  found.push({ path: "package.json", content, digest: digestOf(content), isExecutable: false });
  return found.map((file) => ({ ...file, path: origin.prefix! + file.path }));
}

function javascript(shown: string, path: string, file: ReadFile): TreeFile {
  const [, kind, language] = script.exec(path) ?? [];
  if (language === undefined) return { ...file, path };
  let known = made.get(file);
  if (known === undefined) {
    const stripped = stripTypes(shown, file.content, language === "t");
    known = stripped === undefined ? file : { content: stripped, digest: digestOf(stripped) };
    made.set(file, known);
  }
  return { ...known, path: path.replace(script, `.${kind}js`), isExecutable: file.isExecutable };
}

/** The package's own manifest, or one made up, by which it is imported by its name. */
function packageManifest(
  { name, path: root }: TreeSettings,
  own: ReadFile | undefined,
  paths: readonly string[],
  hasTypeScript: boolean,
  isFile: boolean,
): Record<string, unknown> {
  const manifest = own === undefined ? {} : parseManifest(join(root, "package.json"), Buffer.from(own.content).toString("utf8"));
  for (const member of ["main", "module", "exports", "imports"] as const) {
    if (manifest[member] !== undefined)
      manifest[member] = JSON.parse(JSON.stringify(manifest[member]).replaceAll(/(?<!\.d)\.([cm]?)ts"/g, '.$1js"'));
  }
  manifest["name"] = name;
  // TypeScript is written as ES modules, whatever Node does with files of no type.
  manifest["type"] ??= nearestType(isFile ? dirname(root) : root) ?? (hasTypeScript ? "module" : undefined);
  if (manifest["main"] === undefined && manifest["exports"] === undefined)
    manifest["main"] = isFile ? paths[0] : entries.find((each) => paths.includes(each));
  return manifest;
}

/** The `type` of the package that the directory is in. */
function nearestType(directory: string): unknown {
  const path = join(directory, "package.json");
  if (existsSync(path)) return parseManifest(path, readFileSync(path, "utf8"))["type"];
  const above = dirname(directory);
  return above === directory ? undefined : nearestType(above);
}

function parseManifest(path: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    throw new SremoteError("code-invalid", `shipped code has a package.json that is not JSON: ${path}: ${(error as Error).message}`, {
      stage: "request",
      cause: error,
    });
  }
  throw new SremoteError("code-invalid", `shipped code has a package.json that is no object: ${path}`, { stage: "request" });
}
