/* Times, and what is made of many of them. */

/** Milliseconds that the work took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** The value below which this share (0 … 1) of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** A row of a measurement: gives one or more values each time. */
export type Sample = () => Promise<number | readonly number[]>;

export interface Rounds {
  rounds: number;
  /** Rounds before these, whose values are dropped: code is compiled, files are cached. Default 2. */
  warmUp?: number;
  /** Rows whose failure takes only themselves away. */
  optional?: (row: string) => boolean;
}

/**
 * Each round takes every row once, so that the noise of the machine meets all of them alike; each begins with another row,
 * so that none always follows the same one.
 *
 * @returns the values of each row; without those optional ones that failed, which is told on standard error
 */
export async function interleaved(
  rows: Readonly<Record<string, Sample>>,
  { rounds, warmUp = 2, optional }: Rounds,
): Promise<Map<string, number[]>> {
  const values = new Map(Object.keys(rows).map((name) => [name, [] as number[]]));
  for (let round = -warmUp; round < rounds; round++) {
    const names = [...values.keys()];
    const first = (round + warmUp) % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      try {
        const taken = await rows[name]!();
        if (round >= 0) values.get(name)?.push(...[taken].flat());
      } catch (error) {
        if (optional?.(name) !== true) throw error;
        values.delete(name);
        console.error(`bench: ${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  return values;
}
