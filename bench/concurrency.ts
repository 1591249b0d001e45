/* Calls that wait, on four workers: how near to the best schedule, and to what bare processes that wait as long reach over bare channels. */
import { connectBare, openChannel } from "./bare.ts";
import { Exchange } from "./exchange.ts";
import { against, type Figure } from "./figure.ts";
import { hostPython, type Setting } from "./setting.ts";
import { interleaved, median, timed } from "./statistics.ts";

const workers = 4;
const milliseconds = 5;
const rounds = 15;

/** Answers each byte with a byte, so many milliseconds later. */
const sleeper = `import os, time
while os.read(0, 1):
    time.sleep(${milliseconds / 1000})
    os.write(1, b"x")`;

export async function measureConcurrency(setting: Setting): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const client = stack.use(setting.client({ workers }));
  const bare = stack.adopt(await connectBare(setting.lab, setting.account), (each) => void each.end());
  const sleepers: Exchange[] = [];
  for (let number = 0; number < workers; number++) {
    const channel = await openChannel(bare, `${hostPython} -c '${sleeper}'`);
    sleepers.push(new Exchange(channel, channel));
  }
  const counts = [1, 4, 16, 64];
  /** Each process its share, one after the other, as a schedule without any overhead of its own would have it. */
  const bareRound = async (count: number): Promise<void> => {
    const share = Math.ceil(count / workers);
    const turns = async (one: Exchange): Promise<void> => {
      for (let turn = 0; turn < share; turn++) await one.ask(Buffer.of(1), 1);
    };
    await Promise.all(sleepers.slice(0, count).map(turns));
  };
  const ours = async (count: number): Promise<void> => {
    await Promise.all(Array.from({ length: count }, () => client.doRemoteCall("time", "sleep", [milliseconds / 1000])));
  };
  const times = await interleaved(
    Object.fromEntries(
      counts.flatMap((count) => [
        [String(count), () => timed(() => ours(count))],
        [`bare ${count}`, () => timed(() => bareRound(count))],
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
    compared: [
      ...against("ideal schedule", Math.ceil(count / workers) * milliseconds, { atMost: 1 / 0.9 }),
      ...against("bare processes on bare channels", median(times.get(`bare ${count}`)!)),
    ],
  }));
}
