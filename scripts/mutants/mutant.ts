/* Small breaking changes as data. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Mutant {
  /** What is broken then, as a sentence. */
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly from: string;
  readonly to: string;
  /** Files or folders of suites, of which one notices within a minute. */
  readonly suites: readonly string[];
  /** The promises of docs/guarantees.md that it breaks. */
  readonly guarantees?: readonly string[];
  /** Narrows them to tests whose names match. */
  readonly test?: string;
}

/** All of test/mutants, in the order of their files. */
export function readMutants(): Mutant[] {
  const files = globSync("test/mutants/*.json", { cwd: root }).toSorted();
  return files.flatMap((file) => JSON.parse(readFileSync(join(root, file), "utf8")) as Mutant[]);
}

/** The text with the change. @throws Error where the place is not there, or more than once */
export function apply(text: string, { file, name, from, to }: Mutant): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${file}: "${name}" has ${parts.length - 1} places, expected 1`);
  return parts.join(to);
}
