/*
 * The Python endpoint as a zip that `python3` runs. Its first member holds all modules, compressed together and without comments and docstrings:
 * separately they would take half as much again. The other is the entry, which imports them from memory; where the endpoint is installed they are
 * imported from the same payload, with their compiled code kept beside it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deflateOnce } from "./deflate-once.ts";
import { shortenNames } from "./shorten-names.ts";
import { stripPython } from "./strip-python.ts";
import { zip } from "./zip.ts";

/**
 * Bytes of the payload made from the directory that holds `__main__.py` and `sremote_endpoint/`, with what the modes of `main` need
 * but sessions. The same source gives the same bytes.
 */
export function packPython(source: string): Uint8Array {
  const { entry, text } = collect(source, ["main", ...reach(["call", "install", "probe", "worker"], source)], shortenNames);
  return zip([
    ["modules", Buffer.from(text)],
    ["__main__.py", Buffer.from(entry)],
  ]);
}

/** As `packPython`, but smaller and not to be given to `python3`: resources/stage-session.py takes it apart. */
export function packPythonSession(source: string): Uint8Array {
  return deflateOnce(shorten(collect(source, reach(["serve"], source), shortenNames).text));
}

function collect(
  source: string,
  names: Iterable<string>,
  shortened: (modules: [name: string, text: string][]) => [name: string, text: string][] = (modules) => modules,
): { entry: string; text: string } {
  const entry = stripPython(readFileSync(join(source, "__main__.py"), "utf8"));
  const modules: [name: string, text: string][] = [["__main__", entry]];
  for (const module of ["__init__", ...names].toSorted()) {
    const name = module === "__init__" ? "sremote_endpoint" : `sremote_endpoint.${module}`;
    modules.push([name, stripPython(read(source, module))]);
  }
  // `unpack` of the entry takes this apart. No source holds a NUL: Python refuses it.
  return { entry, text: shortened(modules).flat().join("\0") };
}

/**
 * The words that cost most become one byte each, 128 and up, and stand in front; deflate alone would spend two or three on every repetition.
 * It takes a tenth off the whole.
 */
function shorten(text: string): Buffer {
  if (/[^\0-\x7f]/.test(text)) throw new Error("the Python endpoint must be written in ASCII");
  const counts = new Map<string, number>();
  for (const [word] of text.matchAll(/self\.\w+|[A-Za-z_]{3,}/g)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const gain = (word: string): number => (word.length - 1) * counts.get(word)!;
  const words = [...counts.keys()].toSorted((a, b) => gain(b) - gain(a) || (a < b ? -1 : 1)).slice(0, 128);
  words.sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  let short = text;
  for (const [index, word] of words.entries()) short = short.replaceAll(word, String.fromCharCode(128 + index));
  return Buffer.from(`${words.join(" ")}\0${short}`, "latin1");
}

/** The modules and all that they import, now or later: `from .name import`, `from . import name, name`, `load("name")`. */
function reach(roots: readonly string[], source: string): Set<string> {
  const found = new Set(["errors", "home", ...roots]);
  for (const module of found) {
    const text = read(source, module);
    for (const [, name] of text.matchAll(/^ *from \.(\w+) import /gm)) found.add(name!);
    for (const [, name] of text.matchAll(/\bload\("(\w+)"\)/g)) found.add(name!);
    for (const [, names] of text.matchAll(/^ *from \. import ([\w, ]+)/gm)) for (const name of names!.split(",")) found.add(name.trim());
  }
  return found;
}

function read(source: string, module: string): string {
  return readFileSync(join(source, "sremote_endpoint", `${module}.py`), "utf8");
}
