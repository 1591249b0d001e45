/* The order in which people count: node2 before node10. */

/** For `toSorted`. Runs of digits compare as numbers, other text by code units; equal numbers of other widths (`07`, `7`) by width. */
export function compareNatural(left: string, right: string): number {
  const lefts = left.match(/\d+|\D+/g) ?? [];
  const rights = right.match(/\d+|\D+/g) ?? [];
  for (const [index, part] of lefts.entries()) {
    const other = rights[index];
    if (other === undefined) return 1;
    const order = /^\d/.test(part) && /^\d/.test(other) ? compareNumbers(part, other) : compareText(part, other);
    if (order !== 0) return order;
  }
  return lefts.length - rights.length;
}

function compareNumbers(left: string, right: string): number {
  // Digits are compared as text of one length: numbers of any size are exact.
  const [first, second] = [left.replace(/^0+(?=\d)/, ""), right.replace(/^0+(?=\d)/, "")];
  return first.length - second.length || compareText(first, second) || left.length - right.length;
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
