/* Calls that wait, on four workers: how near to the best schedule. */
import { against, type Figure } from "./figure.ts";
import type { Setting } from "./setting.ts";
import { interleaved, median } from "./statistics.ts";

const workers = 4;
const milliseconds = 5;
const rounds = 15;

export async function measureConcurrency(setting: Setting): Promise<Figure[]> {
  await using client = setting.client({ workers });
  const counts = [1, 4, 16, 64];
  const times = await interleaved(
    Object.fromEntries(
      counts.map((count) => [
        String(count),
        async () => {
          const begin = performance.now();
          await Promise.all(Array.from({ length: count }, () => client.doRemoteCall("time", "sleep", [milliseconds / 1000])));
          return performance.now() - begin;
        },
      ]),
    ),
    { rounds },
  );
  return counts.map((count) => ({
    name: `${count === 1 ? "1 call" : `${count} calls`} of ${milliseconds} ms at once, ${workers} workers`,
    value: median(times.get(String(count))!),
    unit: "ms" as const,
    role: "headline" as const,
    // 0.9 of the ideal rate.
    compared: against("ideal schedule", Math.ceil(count / workers) * milliseconds, { atMost: 1 / 0.9 }),
  }));
}
