/* Trees of a host as its shell lists them, made into what the Python program would say; it is checked where that is. */
import { nameOf } from "./entry.ts";
import { type AnswerReader, describeMessage } from "./shell-answer.ts";
import { temporaryOf } from "./temporary.ts";

type Entry = [relative: string, kind: string, mode: number, size: number, time: number, more: number | string];
type Failure = [relative: string, errno: string, message: string];

export interface RootListing {
  readonly root: number;
  readonly entries: Entry[];
  readonly failures: Failure[];
}

const kinds: Readonly<Record<number, string>> = { 0o100000: "f", 0o040000: "d", 0o120000: "l" };

/** All roots of a request. */
export function readListing(answer: AnswerReader): RootListing[] {
  const roots: RootListing[] = [];
  let current: RootReader | undefined;
  for (let kind = answer.field(); kind !== "Z"; kind = answer.field()) {
    if (kind === "R") {
      if (current !== undefined) roots.push(current.listing());
      current = new RootReader(Number(answer.field()));
    } else if (current === undefined) throw answer.lie("nothing comes before its root");
    else current.take(kind, answer);
  }
  if (current !== undefined) roots.push(current.listing());
  return roots;
}

class RootReader {
  readonly #root: number;
  readonly #entries = new Map<string, Entry>();
  readonly #partials: Entry[] = [];
  readonly #failures = new Map<string, Failure>();
  /** What `find` said at its end. */
  #said: string | undefined;
  #beside = false;

  constructor(root: number) {
    this.#root = root;
  }

  take(kind: string, answer: AnswerReader): void {
    if (kind === "B") this.#batch(answer);
    else if (kind === "L") this.#link(relativeOf(answer.field()), answer.field());
    else if (kind === "U") this.#fail(relativeOf(answer.field()), answer.field());
    else if (kind === "F") this.#said = answer.field();
    else if (kind === "P") this.#beside = true;
    else throw answer.lie("a part of no known kind");
  }

  listing(): RootListing {
    // A message of `find` tells of something that was not listed; most often that has been found already.
    if (this.#said !== undefined && this.#failures.size === 0) this.#fail("", this.#said);
    // A link that had gone before it was read has no text.
    const entries = [...this.#entries.values()].filter(([, kind, , , , more]) => kind !== "l" || more !== "");
    return { root: this.#root, entries: [...entries, ...this.#partials], failures: [...this.#failures.values()] };
  }

  #batch(answer: AnswerReader): void {
    for (const line of answer.field().split("\n")) {
      const relative = relativeOf(answer.field());
      const entry = entryOf(line, relative, answer);
      const isPartial = entry[1] === "f" && temporaryOf(nameOf(relative)) !== null && (this.#beside || relative !== "");
      if (isPartial) this.#partials.push([relative, "p", entry[2], entry[3], entry[4], entry[5]]);
      // The root is listed by itself first, as it was named.
      else if (!this.#beside && !(relative === "" && this.#entries.has(""))) this.#entries.set(relative, entry);
    }
  }

  #link(relative: string, text: string): void {
    const entry = this.#entries.get(relative);
    if (entry?.[1] === "l" && !this.#beside) entry[5] = text.replace(/\n$/, "");
  }

  #fail(relative: string, said: string): void {
    if (!this.#beside) this.#failures.set(relative, [relative, ...describeMessage(said)]);
  }
}

/** `.` and `./a/b` as they are relative to the root. */
function relativeOf(name: string): string {
  return name === "." ? "" : name.replace(/^\.\//, "");
}

function entryOf(line: string, relative: string, answer: AnswerReader): Entry {
  const found = /^([0-9a-f]+) (\d+) (\d+) (-?\d+)(?: [-\d]+ [\d:]+\.(\d{1,6}))?/.exec(line);
  if (found === null) throw answer.lie("a line of `stat` is none");
  const [, mode, size, links, seconds, fraction = ""] = found;
  const bits = Number.parseInt(mode!, 16);
  const time = Number(seconds) * 1_000_000 + Number(fraction.padEnd(6, "0"));
  const kind = kinds[bits & 0o170000] ?? "o";
  return [relative, kind, bits & 0o7777, Number(size), time, kind === "l" ? "" : Number(links)];
}
