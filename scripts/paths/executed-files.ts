/* Which source files of this program a piece of work runs through, as V8 counts calls of functions. */
import { readFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface ExecutedFile {
  /** From the root of the project. */
  readonly file: string;
  /** Of the whole file: one who follows the call reads them. */
  readonly lines: number;
}

/** Files of packages with a function that was called while the work ran, by name. Loading a module does not count. */
export async function executedFiles(work: () => Promise<unknown>): Promise<ExecutedFile[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    await session.post("Profiler.takePreciseCoverage"); // what ran before does not count
    await work();
    const { result } = await session.post("Profiler.takePreciseCoverage");
    const ran = result.filter(
      ({ url, functions }) =>
        url.startsWith("file:") &&
        functions.some(({ functionName, ranges }) => functionName !== "" && ranges.some(({ count }) => count > 0)),
    );
    const files = ran.map(({ url }) => relative(root, fileURLToPath(url)));
    return withLines(files.filter((file) => /^packages\/[^/]+\/src\//.test(file)));
  } finally {
    session.disconnect();
  }
}

export function withLines(files: readonly string[]): ExecutedFile[] {
  return files.toSorted().map((file) => ({ file, lines: readFileSync(`${root}/${file}`, "utf8").trimEnd().split("\n").length }));
}
