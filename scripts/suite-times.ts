/* Where the time of `npm test` goes: each suite, which is a package or a folder of test/, and the files that take longest. */

/** One line for each suite, the longest first, with the files of it that take ten seconds or more. */
export function suiteTimes(files: ReadonlyMap<string, number>): string {
  const suites = Map.groupBy(files, ([file]) => file.split("/").slice(0, 2).join("/"));
  const sum = (of: readonly (readonly [string, number])[]): number => of.reduce((all, [, seconds]) => all + seconds, 0);
  return [...suites]
    .toSorted(([, a], [, b]) => sum(b) - sum(a))
    .map(([suite, of]) => {
      const long = of.filter(([, seconds]) => seconds >= 10).toSorted(([, a], [, b]) => b - a);
      const named = long.map(([file, seconds]) => `${file.slice(suite.length + 1).replace(/\.test\.ts$/, "")} ${seconds.toFixed(0)}`);
      return `${sum(of).toFixed(0).padStart(6)} ${suite}${named.length === 0 ? "" : `: ${named.join(", ")}`}`;
    })
    .join("\n");
}
