/* Ten thousand small objects there and back: what JSON costs, and what is added to it. */
import assert from "node:assert/strict";
import { connectBare, openChannel } from "./bare.ts";
import { lengthOf } from "./bulk.ts";
import { Exchange } from "./exchange.ts";
import { against, type Figure } from "./figure.ts";
import { hostPython, type Setting } from "./setting.ts";
import { interleaved, median } from "./statistics.ts";

const rounds = 15;
const objects = Array.from({ length: 10_000 }, (_, index) => ({
  id: index,
  name: `item ${index}`,
  price: index / 7,
  active: index % 2 === 0,
  tags: ["a", "b"],
  parent: null,
}));

/** Reads a length and JSON; writes the length of its own JSON, the milliseconds that reading and writing JSON took, and the JSON. */
const program = `import json, struct, sys, time
i, o = sys.stdin.buffer, sys.stdout.buffer
for head in iter(lambda: i.read(8), b""):
    text = i.read(int.from_bytes(head, "little"))
    begin = time.perf_counter()
    answer = json.dumps(json.loads(text), separators=(",", ":")).encode()
    o.write(struct.pack("<Qd", len(answer), (time.perf_counter() - begin) * 1000) + answer)
    o.flush()`;

export async function measureSmallObjects(setting: Setting): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const bare = stack.adopt(await connectBare(setting.lab, setting.account), (client) => void client.end());
  const channel = await openChannel(bare, `${hostPython} -c '${program}'`);
  const exchange = new Exchange(channel, channel);
  const client = stack.use(setting.client());
  // The floor is what both runtimes' JSON takes; the transport comes on top in a row of its own.
  let converting = 0;
  const overChannel = async (): Promise<number> => {
    const begin = performance.now();
    const text = Buffer.from(JSON.stringify(objects));
    const written = performance.now();
    await exchange.ask(lengthOf(text.length), 0);
    const head = Buffer.concat(await exchange.ask(text, 16));
    const answer = Buffer.concat(await exchange.read(Number(head.readBigUInt64LE(0))));
    const arrived = performance.now();
    const value = JSON.parse(answer.toString()) as unknown[];
    const end = performance.now();
    assert.equal(value.length, objects.length);
    converting = written - begin + head.readDoubleLE(8) + (end - arrived);
    return end - begin;
  };
  const conversions: number[] = [];
  const times = await interleaved(
    {
      "over the channel": async () => {
        const time = await overChannel();
        conversions.push(converting);
        return time;
      },
      ours: async () => {
        const begin = performance.now();
        const { value } = await client.doRemoteCall("typing", "cast", [0, objects]);
        const time = performance.now() - begin;
        assert.equal((value as unknown[]).length, objects.length);
        return time;
      },
    },
    { rounds, warmUp: 3 },
  );
  const floor = median(conversions.slice(3));
  const overBare = median(times.get("over the channel")!);
  return [
    { name: "JSON of 10,000 small objects written and read on both sides (floor)", value: floor, unit: "ms", role: "floor" },
    { name: "the same, with its way over one ssh2 channel", value: overBare, unit: "ms", compared: against("floor", floor) },
    {
      name: "10,000 small objects there and back in a call",
      role: "headline",
      value: median(times.get("ours")!),
      unit: "ms",
      compared: [...against("floor", floor, { atMost: 4 }), ...against("floor with its way", overBare)],
    },
  ];
}
