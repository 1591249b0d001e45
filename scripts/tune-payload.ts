/*
 * `node scripts/tune-payload.ts [seconds]`: finds the words that stand for one byte, and the order of the modules, with which the Python payloads get
 * smallest, and writes them to tuned-payload.json. Deflate sees 32 KiB back, so modules that are alike belong side by side. Neither changes what a
 * payload does: run this when one has grown near its limit, not for each change.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { joinModules, type Source, sessionModules, spoolModules, withWords, words as tunedWords } from "./pack-python.ts";

const file = new URL("tuned-payload.json", import.meta.url);
const python = fileURLToPath(new URL("../packages/endpoint/python", import.meta.url));
const most = 128;
/** Words that are tried at each step: those that would save most characters. */
const tried = 40;
const longestWord = 32;

const sizeOf = (bytes: Uint8Array): number => deflateRawSync(bytes, { level: 9 }).length;

/** Runs of up to five tokens, by the characters they would save. */
function candidates(text: string): string[] {
  const counts = new Map<string, number>();
  const tokens = text.match(/[A-Za-z_]+|\n +|[^A-Za-z_]/g)!;
  for (let from = 0; from < tokens.length; from++) {
    let word = "";
    for (const token of tokens.slice(from, from + 5)) {
      word += token;
      if (word.length > longestWord || /[^\n\x20-\x7e]/.test(word)) break;
      if (word.length > 2) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  const saved = ([word, count]: readonly [string, number]): number => (word.length - 1) * count;
  return [...counts]
    .toSorted((a, b) => saved(b) - saved(a))
    .slice(0, tried)
    .map(([word]) => word);
}

/** One after the other, each the one with which the text is smallest. */
function chooseWords(text: string): string[] {
  const words: string[] = [];
  let short = text;
  while (words.length < most) {
    const code = String.fromCharCode(128 + words.length);
    const sizes = candidates(short).map((word) => {
      const replaced = short.replaceAll(word, code);
      return { word, replaced, size: sizeOf(Buffer.from(replaced, "latin1")) + 0.6 * word.length };
    });
    const best = sizes.reduce((one, other) => (other.size < one.size ? other : one));
    words.push(best.word);
    short = best.replaced;
  }
  return words;
}

/** Moves one module after the other to where the whole is smaller. */
function chooseOrder(modules: readonly Source[], bytesOf: (modules: readonly Source[]) => Uint8Array, seconds: number): Source[] {
  let best = [...modules];
  let size = sizeOf(bytesOf(best));
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    const changed = [...best];
    const [moved] = changed.splice(Math.floor(Math.random() * best.length), 1);
    changed.splice(Math.floor(Math.random() * best.length), 0, moved!);
    const now = sizeOf(bytesOf(changed));
    if (now < size) [best, size] = [changed, now];
  }
  return best;
}

const seconds = Number(process.argv[2] ?? 120);
const session = sessionModules(python).modules;
const spool = spoolModules(python).modules;
// Those of the last time may be better, in the order that was found with them.
const text = joinModules(session);
const words = [tunedWords, chooseWords(text)].reduce((one, other) =>
  sizeOf(withWords(text, other)) < sizeOf(withWords(text, one)) ? other : one,
);
const ordered = chooseOrder(session, (modules) => withWords(joinModules(modules), words), seconds);
const orderedSpool = chooseOrder(spool, (modules) => Buffer.from(joinModules(modules)), seconds);
const names = (modules: readonly Source[]): string[] => modules.map(([name]) => name);
writeFileSync(file, `${JSON.stringify({ words, orderOfSession: names(ordered), orderOfSpool: names(orderedSpool) }, undefined, 2)}\n`);
console.log(`words and orders are in ${fileURLToPath(file)}; \`npm run build\` tells the sizes`);
