/* Finds and loads the module of a call: Node's own, a path, or a package seen from the working directory or from BASE/node. */
import { builtinModules, createRequire, Module } from "node:module";
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { errorCode } from "../host/directory.ts";
import { asOurs } from "../host/standard.ts";
import { extension } from "./extension.ts";
import { packages } from "./packages.ts";
import { program } from "../program.ts";
import { searchDirectories, shippedDirectory } from "./search-directories.ts";
import { importerName } from "./stack.ts";

export type Namespace = Record<string, unknown>;

/** The asked module is not there; what it was looked for in. Errors of modules that it imports itself are not this. */
export class ModuleNotFound extends Error {
  override name = "ModuleNotFound";
  readonly tried: string[];

  constructor(module: string, tried: string[]) {
    super(`no module ${JSON.stringify(module)} on this host`);
    this.tried = tried;
  }
}

/** It names no package: one that has the name of a module of the user's is a stranger's. */
export const notFoundHint =
  "if it is yours, ship it with ship(), or set cwd to the project that has it; if it is a package, install it with installPackages()";

/** Modules that were loaded, by working directory and name: to find one again takes longer than a call of a session. */
const loaded = new Map<string, Namespace>();

/** How many modules were loaded. */
export function countLoaded(): number {
  return loaded.size;
}

/** A module that was loaded in this working directory before. Run it inside `asOurs`. */
export function loadedModule(name: string): Namespace | undefined {
  return loaded.get(keyOf(name));
}

function keyOf(name: string): string {
  return `${process.cwd()}\n${name}`;
}

/** @throws ModuleNotFound, or whatever the module's own code throws */
export async function loadModule(name: string, base: string): Promise<Namespace> {
  const { key, known } = asOurs(() => {
    const at = keyOf(name);
    return { key: at, known: loaded.get(at) };
  });
  if (known !== undefined) return known;
  const namespace = await findModule(name, base);
  asOurs(() => loaded.set(key, namespace));
  return namespace;
}

async function findModule(name: string, base: string): Promise<Namespace> {
  if (name === "sremote:environment") return packages;
  if (name === "sremote:extension") return extension;
  if (!asOurs(() => isPath(name) || name.startsWith("node:"))) {
    const directory = asOurs(() => shippedDirectory(name));
    const found = directory === undefined ? undefined : await loadFrom(directory, name);
    if (found !== undefined) return found;
  }
  const builtin = asOurs(() => builtinOf(name));
  if (builtin !== undefined) return importerAt(program)(builtin);
  if (asOurs(() => isPath(name))) return loadFile(name);
  const tried: string[] = [];
  for (const directory of asOurs(() => searchDirectories(base))) {
    const found = await loadFrom(directory, name);
    if (found !== undefined) return found;
    tried.push(`${directory}/node_modules`);
  }
  throw new ModuleNotFound(name, tried);
}

/** The whole name of a module of Node's own. @throws ModuleNotFound where only such a one was asked for */
function builtinOf(name: string): string | undefined {
  const builtin = name.startsWith("node:") ? name.slice(5) : name;
  if (builtinModules.includes(builtin) || (name.startsWith("node:") && isLaterBuiltin(name))) return `node:${builtin}`;
  if (name.startsWith("node:")) throw new ModuleNotFound(name, [`Node ${process.versions.node}`]);
  return undefined;
}

export function isPath(name: string): boolean {
  return isAbsolute(name) || /^\.{0,2}\//.test(name) || name === "." || name === ".." || name.startsWith("file:");
}

/** Modules that exist only with the prefix, such as node:test, are not in the list of every version. */
function isLaterBuiltin(name: string): boolean {
  try {
    return asOurs(() => createRequire(import.meta.url).resolve(name)) === name;
  } catch {
    return false;
  }
}

async function loadFile(name: string): Promise<Namespace> {
  const { url, directory } = asOurs(() => ({
    url: name.startsWith("file:") ? name : fileUrl(findPath(name)),
    directory: process.cwd(),
  }));
  const found = url === undefined ? undefined : await loadFrom(directory, url);
  if (found === undefined) throw new ModuleNotFound(name, [asOurs(() => (name.startsWith("file:") ? name : resolve(name)))]);
  return found;
}

function fileUrl(file: string | undefined): string | undefined {
  return file === undefined ? undefined : pathToFileURL(file).href;
}

/** The file that a path means, as `require` finds it: `./lib` may be lib.js or lib/index.js. */
export function resolvePath(name: string): string | undefined {
  return asOurs(() => findPath(name));
}

function findPath(name: string): string | undefined {
  const path = resolve(name);
  const require = createRequire(`${process.cwd()}/`);
  for (const ending of ["", ".mjs", ".cjs", ".ts", ".mts"]) {
    try {
      return require.resolve(path + ending);
    } catch (error) {
      if (errorCode(error) !== "MODULE_NOT_FOUND") throw error;
    }
  }
  return undefined;
}

/** Imports as a module in the directory would. @returns undefined when the asked module (not one that it needs) is missing */
async function loadFrom(directory: string, name: string): Promise<Namespace | undefined> {
  const referrer = asOurs(() => directory.replace(/\/$/, "")) + importerName;
  try {
    return await importerAt(referrer)(name);
  } catch (error) {
    if (!asOurs(() => isMissing(error, referrer))) throw error;
  }
  if (asOurs(() => name.startsWith("file:"))) return undefined;
  // `import` wants `lodash/fp.js` where `require` takes `lodash/fp`.
  let file: string;
  try {
    file = asOurs(() => createRequire(referrer).resolve(name));
  } catch {
    return undefined;
  }
  return importerAt(referrer)(asOurs(() => pathToFileURL(file).href));
}

/** Whether the module asked from `referrer` is the one that is missing. */
function isMissing(error: unknown, referrer: string): boolean {
  const codes = ["ERR_MODULE_NOT_FOUND", "ERR_PACKAGE_PATH_NOT_EXPORTED", "ERR_UNSUPPORTED_DIR_IMPORT", "ERR_INVALID_MODULE_SPECIFIER"];
  return error instanceof Error && codes.includes(errorCode(error) ?? "") && error.message.includes(referrer);
}

type CompiledImporter = NodeModule & { _compile(code: string, file: string): void; exports: Importer };

type Importer = (name: string) => Promise<Namespace>;

const importers = new Map<string, Importer>();

/**
 * `import()` that resolves from the given file: the only way to do so without a flag that works from Node 18 on. The file does not exist;
 * a CommonJS module of that name is compiled in memory, once.
 */
function importerAt(referrer: string): Importer {
  return asOurs(() => {
    const made = importers.get(referrer) ?? makeImporter(referrer);
    importers.set(referrer, made);
    return made;
  });
}

function makeImporter(referrer: string): Importer {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every module of Node has it; its types leave it out
  const module = new Module(referrer) as CompiledImporter;
  module.filename = referrer;
  // oxlint-disable-next-line no-underscore-dangle -- Node calls it so, and many tools rely on it
  module._compile("module.exports = (name) => import(name)", referrer);
  return module.exports;
}
