// What files import, and two things that must not be: a circle of imports, and an import past the index of a folder.
import { dirname, join } from "node:path/posix";

export interface Import {
  specifier: string;
  line: number;
}

/** What the text of a module imports or exports from elsewhere, types included. Code in comments, such as examples in docstrings, is no import. */
export function importsOf(text: string): Import[] {
  const code = text.replace(/^\s*(\/\*\*|\*|\/\/).*$/gm, "");
  const pattern = /\bfrom\s+["']([^"']+)["']|\bimport\s*\(\s*["']([^"']+)["']|^\s*import\s+["']([^"']+)["']/gm;
  return [...code.matchAll(pattern)].map((match) => ({
    specifier: match[1] ?? match[2] ?? match[3] ?? "",
    line: code.slice(0, match.index).split("\n").length,
  }));
}

/** The file that a relative import means, from the same root as the file's path; undefined for a package. */
export function targetOf(file: string, { specifier }: Import): string | undefined {
  return specifier.startsWith(".") ? join(dirname(file), specifier) : undefined;
}

/**
 * The circles: files each of which is reached from each other by imports. Those of types alone count: they make no trouble when the program runs, but who
 * reads one of the files has to read them all.
 *
 * @param texts of files by their paths
 * @returns each circle as its shortest way round, beginning with the path that is first in the alphabet
 */
export function circles(texts: ReadonlyMap<string, string>): string[][] {
  const targets = new Map(
    [...texts].map(([file, text]) => [
      file,
      importsOf(text)
        .flatMap((each) => targetOf(file, each) ?? [])
        .filter((to) => texts.has(to)),
    ]),
  );
  const found: string[][] = [];
  const isReported = new Set<string>();
  for (const file of [...texts.keys()].toSorted()) {
    if (isReported.has(file)) continue;
    const circle = shortestWay(file, file, targets);
    if (circle === undefined) continue;
    found.push(circle);
    for (const each of circle) isReported.add(each);
  }
  return found;
}

function shortestWay(from: string, to: string, targets: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const before = new Map<string, string>();
  const queue = [from];
  for (const file of queue) {
    for (const next of targets.get(file) ?? []) {
      if (next === to) {
        const way = [file];
        while (way[0] !== from) way.unshift(before.get(way[0]!)!);
        return way;
      }
      if (before.has(next) || next === from) continue;
      before.set(next, file);
      queue.push(next);
    }
  }
  return undefined;
}

/** The folder whose `index.ts` an import from outside goes past. @param hasIndex whether a folder has one */
export function passedIndex(file: string, target: string, hasIndex: (folder: string) => boolean): string | undefined {
  for (let folder = dirname(target); folder !== "." && !`${dirname(file)}/`.startsWith(`${folder}/`); folder = dirname(folder)) {
    if (target !== `${folder}/index.ts` && hasIndex(folder)) return folder;
  }
  return undefined;
}
