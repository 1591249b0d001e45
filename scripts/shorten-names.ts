/* Gives names that only one module of the Python endpoint knows two letters in place of words. */
import { renameOutsideStrings, shortenLocals, strings } from "./shorten-locals.ts";

/** Names of functions, classes and variables of a module, and of methods, that begin with one underscore. */
const definitions = /^(?:def|class) (_[A-Za-z]\w*)|^(_[A-Za-z]\w*) = |\bdef (_[a-z]\w*)\((?:self|cls)\b/gm;
/** @param modules stripped sources by name; those of the first stages' own (`__main__`) keep their names */
export function shortenNames(modules: readonly [name: string, text: string][]): [name: string, text: string][] {
  const sources = modules.map(([, text]) => text.replace(strings, '""'));
  return modules.map(([name, text], index) => {
    if (name === "__main__") return [name, text];
    const others = sources.filter((_, other) => other !== index).join("\n");
    const quoted = (text.match(strings) ?? []).join("\n");
    const found = [...new Set(Array.from(text.matchAll(definitions), ([, one, two, three]) => (one ?? two ?? three)!))].filter((each) => {
      const whole = new RegExp(`(?<![\\w.])${each}\\b`);
      const isMember = new RegExp(`\\.${each}\\b`);
      // Where another module or a text has the name, it may be meant.
      return !whole.test(quoted) && !isMember.test(others) && !new RegExp(`import .*\\b${each}\\b`).test(sources.join("\n"));
    });
    const short = new Map(found.toSorted().map((each, number) => [each, shortName(number)]));
    const taken = [...short.values()].find((each) => new RegExp(`\\b${each}\\b`).test(text));
    if (taken !== undefined) throw new Error(`${name}: the name ${taken} is needed for another`);
    return [name, shortenLocals(renameOutsideStrings(text, /\b_[A-Za-z]\w*/g, short))];
  });
}

function shortName(number: number): string {
  return `_${String.fromCharCode(97 + (number % 26))}${number < 26 ? "" : Math.floor(number / 26)}`;
}
