/* Which of the known names was meant by one that is not known. */

/** Names that differ from `asked` in few letters, nearest first. */
export function nearNames(asked: string, known: readonly string[], most: number): string[] {
  const wanted = asked.toLowerCase();
  const limit = Math.max(2, Math.floor(asked.length / 3));
  return (
    known
      .map((name) => ({ name, distance: name.toLowerCase().startsWith(wanted) ? 1 : editDistance(wanted, name.toLowerCase()) }))
      .filter(({ distance }) => distance <= limit)
      // oxlint-disable-next-line unicorn/no-array-sort -- toSorted came with Node 20
      .sort((a, b) => a.distance - b.distance || a.name.length - b.name.length || (a.name < b.name ? -1 : 1))
      .slice(0, most)
      .map(({ name }) => name)
  );
}

/** Levenshtein's distance, with two rows. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      current.push(Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    previous = current;
  }
  return previous[b.length]!;
}
