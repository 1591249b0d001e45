/* The functions that calls of the simulation run. Each counts its effect under the key of its call, which is its first argument. */
import type { Ledger } from "./ledger.ts";
import type { SimProcess } from "./virtual-clock.ts";

export interface Place {
  readonly ledger: Ledger;
  readonly process: SimProcess;
  /** Ends the process. */
  exit(status: number): void;
  print(text: string): void;
}

/** What a call gives: its key is in it, so that no value is taken for another's. */
export function valueOf(key: string, size = 0): string {
  return `${key} is done${"x".repeat(size)}`;
}

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

async function run<T>(key: string, place: Place, work: () => Promise<T>): Promise<T> {
  place.ledger.begin(key, place.process);
  const value = await work();
  if (!place.process.isGone) place.ledger.end(key);
  return value;
}

export const functions: Readonly<Record<string, (args: unknown[], place: Place) => Promise<unknown>>> = {
  /** key, milliseconds, length of the value, length of what is printed, and something long to carry */
  work: async (args, place) => {
    const [key, milliseconds, size, printed] = args as [string, number, number, number];
    return await run(key, place, async () => {
      if (printed > 0) place.print("o".repeat(printed));
      await sleep(milliseconds);
      return valueOf(key, size);
    });
  },
  raise: async (args, place) => {
    const [key, milliseconds] = args as [string, number];
    await run(key, place, () => sleep(milliseconds));
    throw new Error(`${key} raises`);
  },
  exit: async (args, place) => {
    const [key, milliseconds] = args as [string, number];
    await run(key, place, () => sleep(milliseconds));
    place.exit(3);
    // As in a process that is gone.
    return await new Promise<never>(() => undefined);
  },
  /** key, a function of the client, how often to call it */
  ask: async (args, place) => {
    const [key, callback, times] = args as [string, (key: string, index: number) => Promise<number>, number];
    return await run(key, place, async () => {
      let sum = 0;
      for (let index = 0; index < times; index++) sum += await callback(key, index);
      return `${valueOf(key)} ${sum}`;
    });
  },
  /** key, and what another call gave */
  join: async (args, place) => {
    const [key, before] = args as [string, string];
    return await run(key, place, async () => `${valueOf(key)} after ${before}`);
  },
};
