/*
 * The Python endpoint as a zip that `python3` runs. Its first member holds all modules, compressed together and without comments and docstrings:
 * separately they would take half as much again. The other is the entry, which imports them from memory; where the endpoint is installed they are
 * imported from the same payload, with their compiled code kept beside it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deflateOnce } from "./deflate-once.ts";
import { renameOutsideStrings } from "./shorten-locals.ts";
import { shortenNames } from "./shorten-names.ts";
import { stripPython } from "./strip-python.ts";
import { zip } from "./zip.ts";

interface Tuned {
  words: string[];
  orderOfSession: string[];
  orderOfSpool: string[];
}
const tuned = JSON.parse(readFileSync(new URL("tuned-payload.json", import.meta.url), "utf8")) as Tuned;
export const { words } = tuned;
const { orderOfSession, orderOfSpool } = tuned;

/**
 * Bytes of the payload made from the directory that holds `__main__.py` and `sremote_endpoint/`, with what the modes of `main` need
 * but sessions. The same source gives the same bytes.
 */
export function packPython(source: string): Uint8Array {
  const { entry, modules } = spoolModules(source);
  return zip([
    ["modules", Buffer.from(joinModules(modules))],
    ["__main__.py", Buffer.from(entry)],
  ]);
}

/** As `packPython`, but smaller and not to be given to `python3`: resources/stage-session.py takes it apart. */
export function packPythonSession(source: string): Uint8Array {
  return deflateOnce(withWords(joinModules(sessionModules(source).modules), words));
}

export const spoolModules = (source: string): ReturnType<typeof collect> =>
  collect(source, ["main", ...reach(["spool.call", "install", "probe", "spool.worker"], source)], shortenNames, orderOfSpool);

export const sessionModules = (source: string): ReturnType<typeof collect> =>
  collect(source, reach(["session.serve"], source), shortenNames, orderOfSession);

/** Modules of which programs may take something, since each payload has them. */
const inEachPayload: readonly string[] = ["errors", "os_error"];

/**
 * The text of a program that comes with the calls that need it (run/extension.py): modules, of `sremote_endpoint/programs` where no folder is named, each behind
 * those that it imports. What they import of the endpoint itself, extension.py gives them, or they load it.
 */
export function packPythonProgram(source: string, modules: readonly string[]): string {
  const limits = limitsOf(source);
  const paths = modules.map((name) => (name.includes(".") ? name : `programs.${name}`));
  const own = paths.map(lastOf);
  const bare = paths.map((path) =>
    withValues(flatten(stripPython(read(source, path)), path), limits).replaceAll(
      /^from \.(\w+) import (.*)$/gm,
      (line, module: string, given: string) => {
        if (own.includes(module) || ["load", "Raised"].includes(given)) return "";
        if (!inEachPayload.includes(module)) throw new Error(`a program cannot have this: ${line}`);
        const names = given.split(", ");
        return names.map((name) => `${name} = load("${module}").${name}`).join("; ");
      },
    ),
  );
  return bare.join("\n");
}

/** Where in `sremote_endpoint/` the module is that the payload of sessions has under this name. */
export const sessionSources = (source: string): ReadonlyMap<string, string> =>
  new Map(Array.from(reach(["session.serve"], source), (module) => [lastOf(module), `${module.replace(".", "/")}.py`]));

/**
 * Each word becomes one byte, 128 and up, and stands in front; deflate alone would spend two or three on every repetition. It takes a tenth off
 * the whole. Any words are right; scripts/tune-payload.ts finds those that help most.
 */
export function withWords(text: string, candidates: readonly string[]): Buffer {
  if (/[^\0\t\n\x20-\x7e]/.test(text)) throw new Error("the Python endpoint must be written in ASCII");
  const used = candidates.filter((word) => text.includes(word)).slice(0, 128);
  let short = text;
  for (const [index, word] of used.entries()) short = short.replaceAll(word, String.fromCharCode(128 + index));
  return Buffer.from(`${used.join("\x01")}\0${short}`, "latin1");
}

/** Modules of a payload with their sources, none of which holds a NUL: Python refuses it. */
export type Source = [name: string, text: string];

function collect(
  source: string,
  names: Iterable<string>,
  shortened: (modules: Source[]) => Source[],
  order: readonly string[],
): { entry: string; modules: Source[] } {
  const entry = stripPython(readFileSync(join(source, "__main__.py"), "utf8"));
  const limits = limitsOf(source);
  const modules: Source[] = [["__main__", entry]];
  for (const module of ["__init__", ...names].toSorted()) {
    const name = module === "__init__" ? "sremote_endpoint" : `sremote_endpoint.${lastOf(module)}`;
    if (modules.some(([other]) => other === name)) throw new Error(`two modules of one payload have the name ${name}`);
    modules.push([name, withValues(flatten(stripPython(read(source, module)), module), limits)]);
  }
  const place = new Map(order.map((name, index) => [name, index]));
  const placeOf = ([name]: Source): number => place.get(name) ?? order.length;
  return { entry, modules: shortened(modules).toSorted((a, b) => placeOf(a) - placeOf(b)) };
}

/** As the entry's `unpack` and the first stage of sessions take it apart. */
export const joinModules = (modules: readonly Source[]): string => modules.flat().join("\0");

/** Of `wire.frame`, `frame`: folders are for those who read the sources, and in a payload each mention of one costs bytes. */
const lastOf = (module: string): string => module.slice(module.lastIndexOf(".") + 1);

/** How modules name each other: `from .module import name`, `from ..folder.module import name`, `from ..folder import module, module`, `load("folder.module")`. */
const relativeImport = /^( *)from (\.+)([\w.]*) import (\(?[\w, ]+)/gm;
const laterImport = /\bload\("([\w.]+)"\)/g;
const folders: readonly string[] = ["wire", "session", "spool", "run", "host", "programs"];

/** What an import in that module names: a folder, or a module. */
function targetOf(module: string, dots: string, path: string): string {
  return [...module.split(".").slice(0, -dots.length), ...(path === "" ? [] : [path])].join(".");
}

const isFolder = (target: string): boolean => folders.includes(target);

/** The source as it is where all modules lie in one folder. */
function flatten(text: string, module: string): string {
  return text
    .replaceAll(relativeImport, (_, indent: string, dots: string, path: string, names: string) => {
      const target = targetOf(module, dots, path);
      return `${indent}from .${isFolder(target) ? "" : lastOf(target)} import ${names}`;
    })
    .replaceAll(laterImport, (_, name: string) => `load("${lastOf(name)}")`);
}

/** Its constants are written where they are used, which is shorter than to import them. */
const limitsModule = "wire.limits";

function limitsOf(source: string): Map<string, string> {
  return new Map(Array.from(read(source, limitsModule).matchAll(/^([A-Z_]+) = (.+)$/gm), ([, name, value]) => [name!, value!]));
}

function withValues(text: string, limits: ReadonlyMap<string, string>): string {
  const values = new Map<string, string>();
  const bare = text.replaceAll(/^from \.limits import (.*)$/gm, (_, names: string) => {
    for (const name of names.split(", ")) {
      const value = limits.get(name);
      if (value === undefined) throw new Error(`wire/limits.py has no constant ${name}`);
      values.set(name, value);
    }
    return "";
  });
  return renameOutsideStrings(bare, /(?<![\w.])[A-Z_]+\b/g, values);
}

/** The modules and all that they import, now or later, but for constants. */
function reach(roots: readonly string[], source: string): Set<string> {
  const found = new Set(["wire.errors", "host.home", ...roots]);
  for (const module of found) {
    const text = read(source, module);
    for (const [, , dots, path, names] of text.matchAll(relativeImport)) {
      const target = targetOf(module, dots!, path!);
      if (isFolder(target)) for (const name of names!.split(",")) found.add(`${target}.${name.trim()}`);
      else found.add(target);
    }
    for (const [, name] of text.matchAll(laterImport)) found.add(name!);
  }
  found.delete(limitsModule);
  return found;
}

function read(source: string, module: string): string {
  return readFileSync(join(source, "sremote_endpoint", `${module.replace(".", "/")}.py`), "utf8");
}
