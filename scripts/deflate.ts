/*
 * Deflate (RFC 1951) as small as it gets, for what travels with every first call: of all ways to write a text as literals and copies, the one that
 * costs the fewest bits under the codes that this way itself leads to, found in a few rounds. Slow, and made for a few hundred kilobytes.
 */

const window = 32_768;
const longest = 258;
const shortest = 3;
/** Earlier places that are looked at for each place, at most. */
const mostPlaces = 512;
const rounds = 5;
const endOfBlock = 256;

const lengthBase = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const distanceBase = Array.from({ length: 30 }, (_, code) => (code < 2 ? code + 1 : ((2 + (code & 1)) << ((code >> 1) - 1)) + 1));
const distanceExtra = Array.from({ length: 30 }, (_, code) => (code < 2 ? 0 : (code >> 1) - 1));
/** In this order the lengths of the codes for code lengths are written. */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function codes(bases: readonly number[], most: number): Uint8Array {
  const found = new Uint8Array(most + 1);
  for (let value = bases[0]!, code = 0; value <= most; value++) {
    while (code + 1 < bases.length && bases[code + 1]! <= value) code++;
    found[value] = code;
  }
  return found;
}
const lengthCode = codes(lengthBase, longest);
const distanceCode = codes(distanceBase, window);

/** A way to write the text: of each step the length (1: a literal) and the distance or the byte. */
interface Steps {
  lengths: Uint16Array;
  values: Uint16Array;
}

/** Code lengths in bits of literals and lengths, and of distances. */
interface Codes {
  main: number[];
  distance: number[];
}

export function deflate(text: Uint8Array): Uint8Array {
  const matches = findMatches(text);
  let costs = firstCosts();
  let best: Uint8Array | undefined;
  for (let round = 0; round < rounds; round++) {
    const steps = cheapest(text, matches, costs);
    const written = write(steps);
    if (best === undefined || written.length < best.length) best = written;
    costs = codesOf(steps, 0, steps.lengths.length);
  }
  return best!;
}

/** For each place the copies that could be made there: length and distance in turn, each longer than the one before and from as near as can be. */
function findMatches(text: Uint8Array): Uint16Array[] {
  const last = new Map<number, number>();
  const before = new Int32Array(text.length).fill(-1);
  const found: Uint16Array[] = [];
  for (let at = 0; at < text.length; at++) {
    const here: number[] = [];
    if (at + shortest <= text.length) {
      const key = text[at]! | (text[at + 1]! << 8) | (text[at + 2]! << 16);
      let place = last.get(key) ?? -1;
      before[at] = place;
      last.set(key, at);
      const room = Math.min(longest, text.length - at);
      let reached = shortest - 1;
      for (let looked = 0; place >= 0 && at - place <= window && looked < mostPlaces && reached < room; looked++) {
        if (text[place + reached] === text[at + reached]) {
          let length = 0;
          while (length < room && text[place + length] === text[at + length]) length++;
          if (length > reached) here.push((reached = length), at - place);
        }
        place = before[place]!;
      }
    }
    found.push(Uint16Array.from(here));
  }
  return found;
}

function firstCosts(): Codes {
  return { main: Array.from({ length: 286 }, (_, symbol) => (symbol < 256 ? 6 : 7)), distance: Array.from({ length: 30 }, () => 5) };
}

function cheapest(text: Uint8Array, matches: readonly Uint16Array[], { main, distance }: Codes): Steps {
  const lengthCost = Array.from({ length: longest + 1 }, (_, length) => {
    const code = lengthCode[length]!;
    return main[257 + code]! + lengthExtra[code]!;
  });
  const cost = new Float64Array(text.length + 1).fill(Number.POSITIVE_INFINITY);
  const length = new Uint16Array(text.length + 1);
  const from = new Uint16Array(text.length + 1);
  cost[0] = 0;
  for (let at = 0; at < text.length; at++) {
    const here = cost[at]!;
    const literal = here + main[text[at]!]!;
    if (literal < cost[at + 1]!) {
      cost[at + 1] = literal;
      length[at + 1] = 1;
    }
    const copies = matches[at]!;
    let next = shortest;
    for (let index = 0; index < copies.length; index += 2) {
      const away = copies[index + 1]!;
      const code = distanceCode[away]!;
      const base = here + distance[code]! + distanceExtra[code]!;
      for (; next <= copies[index]!; next++) {
        const total = base + lengthCost[next]!;
        if (total < cost[at + next]!) {
          cost[at + next] = total;
          length[at + next] = next;
          from[at + next] = away;
        }
      }
    }
  }
  const lengths: number[] = [];
  const values: number[] = [];
  for (let at = text.length; at > 0; at -= length[at]!) {
    lengths.push(length[at]!);
    values.push(length[at] === 1 ? text[at - 1]! : from[at]!);
  }
  return { lengths: Uint16Array.from(lengths.toReversed()), values: Uint16Array.from(values.toReversed()) };
}

function count({ lengths, values }: Steps, start: number, end: number): { main: number[]; distance: number[] } {
  const main = Array.from({ length: 286 }, () => 0);
  const distance = Array.from({ length: 30 }, () => 0);
  for (let at = start; at < end; at++) {
    if (lengths[at] === 1) main[values[at]!]!++;
    else {
      main[257 + lengthCode[lengths[at]!]!]!++;
      distance[distanceCode[values[at]!]!]!++;
    }
  }
  main[endOfBlock] = 1;
  return { main, distance };
}

/** As bits, with fractions: what a symbol costs that has no code yet is what the rarest costs. */
function codesOf(steps: Steps, start: number, end: number): Codes {
  const counts = count(steps, start, end);
  const bits = (frequencies: readonly number[]): number[] => {
    const total = frequencies.reduce((sum, each) => sum + each, 0);
    return frequencies.map((each) => Math.log2(total / Math.max(each, 1)));
  };
  return { main: bits(counts.main), distance: bits(counts.distance) };
}

/** Lengths of a Huffman code of at most `limit` bits: package-merge (Larmore and Hirschberg). */
function huffman(frequencies: readonly number[], limit: number): number[] {
  const leaves = frequencies
    .map((weight, symbol) => ({ weight, symbols: [symbol] }))
    .filter(({ weight }) => weight > 0)
    .toSorted((a, b) => a.weight - b.weight || a.symbols[0]! - b.symbols[0]!);
  const lengths = frequencies.map(() => 0);
  if (leaves.length === 1) lengths[leaves[0]!.symbols[0]!] = 1;
  if (leaves.length < 2) return lengths;
  let packages: typeof leaves = [];
  for (let bit = 0; bit < limit; bit++) {
    const merged = [...leaves, ...packages].toSorted((a, b) => a.weight - b.weight);
    packages = [];
    for (let at = 0; at + 1 < merged.length; at += 2) {
      const [one, other] = [merged[at]!, merged[at + 1]!];
      packages.push({ weight: one.weight + other.weight, symbols: [...one.symbols, ...other.symbols] });
    }
  }
  for (const { symbols } of packages.slice(0, leaves.length - 1)) for (const symbol of symbols) lengths[symbol]!++;
  return lengths;
}

class Bits {
  readonly bytes: number[] = [];
  #left = 0;
  #value = 0;

  /** The lowest bit first. */
  put(value: number, size: number): void {
    for (let bit = 0; bit < size; bit++) {
      this.#value |= ((value >> bit) & 1) << this.#left++;
      if (this.#left === 8) this.end();
    }
  }

  end(): void {
    if (this.#left > 0) this.bytes.push(this.#value);
    this.#left = this.#value = 0;
  }
}

/** The codes for these lengths, mirrored, since Huffman codes are written from their highest bit on (RFC 1951, 3.2.2). */
function assign(lengths: readonly number[]): number[] {
  const next: number[] = [0];
  for (let size = 1, code = 0; size <= 15; size++) {
    code = (code + (size === 1 ? 0 : lengths.filter((each) => each === size - 1).length)) << 1;
    next[size] = code;
  }
  return lengths.map((size) => {
    if (size === 0) return 0;
    let code = next[size]!++;
    let mirrored = 0;
    for (let bit = 0; bit < size; bit++, code >>= 1) mirrored = (mirrored << 1) | (code & 1);
    return mirrored;
  });
}

/** Lengths as symbols of the third code: [symbol, extra bits, their number]. */
function runs(lengths: readonly number[]): [symbol: number, extra: number, size: number][] {
  const found: [number, number, number][] = [];
  for (let at = 0; at < lengths.length;) {
    const value = lengths[at]!;
    let many = 1;
    while (at + many < lengths.length && lengths[at + many] === value) many++;
    at += many;
    if (value !== 0) {
      found.push([value, 0, 0]);
      many--;
    }
    while (many >= 3) {
      const part = value === 0 ? Math.min(many, 138) : Math.min(many, 6);
      if (value !== 0) found.push([16, part - 3, 2]);
      else found.push(part > 10 ? [18, part - 11, 7] : [17, part - 3, 3]);
      many -= part;
    }
    for (; many > 0; many--) found.push([value, 0, 0]);
  }
  return found;
}

function write(steps: Steps): Uint8Array {
  const bits = new Bits();
  const ends = split(steps, 0, steps.lengths.length);
  for (const [index, end] of ends.entries()) writeBlock(bits, steps, ends[index - 1] ?? 0, end, index === ends.length - 1);
  bits.end();
  return Uint8Array.from(bits.bytes);
}

/** Where blocks end: a part is cut in two where that saves more than another table costs. */
function split(steps: Steps, start: number, end: number): number[] {
  const whole = bitsOf(steps, start, end);
  let best = { saved: 0, at: 0 };
  for (let part = 1; part < 16; part++) {
    const at = start + Math.floor(((end - start) * part) / 16);
    const saved = whole - bitsOf(steps, start, at) - bitsOf(steps, at, end);
    if (saved > best.saved) best = { saved, at };
  }
  return best.at === 0 || end - start < 1000 ? [end] : [...split(steps, start, best.at), ...split(steps, best.at, end)];
}

function bitsOf(steps: Steps, start: number, end: number): number {
  const counts = count(steps, start, end);
  const { main, distance } = codesOf(steps, start, end);
  const table = counts.main.filter(Boolean).length * 3.5 + counts.distance.filter(Boolean).length * 3 + 80;
  return (
    table +
    counts.main.reduce((sum, each, symbol) => sum + each * main[symbol]!, 0) +
    counts.distance.reduce((sum, each, symbol) => sum + each * distance[symbol]!, 0)
  );
}

function writeBlock(bits: Bits, steps: Steps, start: number, end: number, isLast: boolean): void {
  const counts = count(steps, start, end);
  const main = huffman(counts.main, 15);
  const distance = huffman(counts.distance, 15);
  while (main.length > 257 && main.at(-1) === 0) main.pop();
  while (distance.length > 1 && distance.at(-1) === 0) distance.pop();
  const table = runs([...main, ...distance]);
  const tableCounts = Array.from({ length: 19 }, (_, symbol) => table.filter(([each]) => each === symbol).length);
  const tableLengths = huffman(tableCounts, 7);
  const tableCodes = assign(tableLengths);
  let shown = lengthOrder.length;
  while (shown > 4 && tableLengths[lengthOrder[shown - 1]!] === 0) shown--;
  bits.put(isLast ? 1 : 0, 1);
  bits.put(2, 2);
  bits.put(main.length - 257, 5);
  bits.put(distance.length - 1, 5);
  bits.put(shown - 4, 4);
  for (const symbol of lengthOrder.slice(0, shown)) bits.put(tableLengths[symbol]!, 3);
  for (const [symbol, extra, extraSize] of table) {
    bits.put(tableCodes[symbol]!, tableLengths[symbol]!);
    bits.put(extra, extraSize);
  }
  const mainCodes = assign(main);
  const distanceCodes = assign(distance);
  for (let at = start; at < end; at++) {
    const [length, value] = [steps.lengths[at]!, steps.values[at]!];
    if (length === 1) bits.put(mainCodes[value]!, main[value]!);
    else {
      const code = lengthCode[length]!;
      bits.put(mainCodes[257 + code]!, main[257 + code]!);
      bits.put(length - lengthBase[code]!, lengthExtra[code]!);
      const away = distanceCode[value]!;
      bits.put(distanceCodes[away]!, distance[away]!);
      bits.put(value - distanceBase[away]!, distanceExtra[away]!);
    }
  }
  bits.put(mainCodes[endOfBlock]!, main[endOfBlock]!);
}
