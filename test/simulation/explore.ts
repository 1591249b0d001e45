/*
 * Runs seeds of a simulation. SREMOTE_SEED=17 repeats one and prints its steps; SREMOTE_RUNS=1000 runs so many, from SREMOTE_SEED on where that is set,
 * too. A seed gives the same steps each time: nothing in a simulation depends on the time of day, the machine or other processes.
 */

export interface Outcome {
  /** What was not as promised; nothing when all was well. */
  readonly wrong: readonly string[];
  /** Every step, with its time. */
  readonly trace: readonly string[];
}

const { SREMOTE_SEED: seed, SREMOTE_RUNS: runs } = process.env;
const isRepetition = seed !== undefined && runs === undefined;

/** @param share of the seeds that are run, where several simulations share them */
export function seedsOf(share: number): number[] {
  const first = Number(seed ?? 1);
  const count = isRepetition ? 1 : Math.ceil(Number(runs ?? 300) * share);
  return Array.from({ length: count }, (_, index) => first + index);
}

const mostFailures = 3;
const shownSteps = 80;

/** @param file the test that runs these seeds, as it is named to repeat one */
export async function explore(file: string, seeds: readonly number[], run: (seed: number) => Promise<Outcome>): Promise<void> {
  const failures: string[] = [];
  for (const each of seeds) {
    const { wrong, trace } = await run(each);
    if (isRepetition) console.log(trace.join("\n"));
    if (wrong.length === 0) continue;
    const repeat = `Repeat it with: SREMOTE_SEED=${each} npx vitest run ${file}`;
    failures.push([`seed ${each}: ${wrong.join("\n  ")}`, repeat, "Its last steps:", ...trace.slice(-shownSteps)].join("\n"));
    if (failures.length === mostFailures) break;
  }
  if (failures.length > 0) throw new Error(failures.join("\n\n"));
}
