/* Many calls outstanding together: how many are done in a second. */
import { decodeFrame, decodeValue, encodeFrame, encodeValue, useCrc32 } from "@sremote/protocol";
import { crc32 } from "node:zlib";
import { against, type Comparison, type Figure } from "./figure.ts";
import type { Setting } from "./setting.ts";
import { interleaved, median } from "./statistics.ts";

const calls = 2000;
const rounds = 9;

/** A call's and its answer's frames made and read in this process, by the code that a session uses: no process, no channel. */
function codec(): void {
  const pass = (message: Record<string, unknown>): Record<string, unknown> => {
    const attachments: Uint8Array[] = [];
    const chunks = encodeFrame(JSON.stringify(message), attachments);
    const frame = decodeFrame(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    return frame.header;
  };
  const invoke = pass({ type: "invoke", module: "os", function: "getpid", args: encodeValue([], "args", []) });
  decodeValue(invoke["args"], []);
  const result = pass({
    type: "result",
    outcome: "value",
    value: encodeValue(12_345, "return", []),
    usage: { wallMs: 0.02, cpuMs: 0.02, maxRss: 9e6 },
  });
  decodeValue(result["value"], []);
}

const perSecond = (milliseconds: number): number => (calls / milliseconds) * 1000;

async function all(call: () => PromiseLike<unknown>): Promise<number> {
  const begin = performance.now();
  await Promise.all(Array.from({ length: calls }, call));
  return perSecond(performance.now() - begin);
}

export async function measureThroughput(setting: Setting): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  useCrc32(crc32);
  const one = stack.use(setting.client({ workers: 1 }));
  const client = stack.use(setting.client({ workers: 4 }));
  const peers = await setting.peers();
  for (const peer of peers) {
    stack.use(peer);
    await peer.open();
  }
  const rates = await interleaved(
    {
      floor: async () => {
        const begin = performance.now();
        for (let call = 0; call < calls; call++) codec();
        return perSecond(performance.now() - begin);
      },
      ours: () => all(() => client.doRemoteCall("os", "getpid")),
      "ours, 1 worker": () => all(() => one.doRemoteCall("os", "getpid")),
      ...Object.fromEntries(peers.map((peer) => [peer.name, async () => perSecond(await peer.outstanding(calls))])),
    },
    { rounds, optional: (row) => peers.some(({ name }) => name === row) },
  );
  const rate = (name: string): number | undefined => (rates.has(name) ? median(rates.get(name)!) : undefined);
  const floor = against("floor", rate("floor"));
  const compared = (aim: { atLeast?: number }): Comparison[] => [
    ...floor,
    ...against("mitogen", rate("mitogen"), aim),
    ...against("execnet", rate("execnet")),
    ...against("rpyc", rate("rpyc")),
  ];
  return [
    { name: "frames and JSON of a call in one process (floor)", value: rate("floor")!, unit: "calls/s", role: "floor" },
    {
      name: `${calls} calls of os.getpid at once, 4 workers`,
      role: "headline",
      value: rate("ours")!,
      unit: "calls/s",
      compared: compared({ atLeast: 4 }),
    },
    { name: `${calls} calls of os.getpid at once, 1 worker`, value: rate("ours, 1 worker")!, unit: "calls/s", compared: compared({}) },
    ...peers
      .filter(({ name }) => rates.has(name))
      .map(({ name }): Figure => ({ name: `${name}, ${calls} at once`, value: rate(name)!, unit: "calls/s", compared: floor })),
  ];
}
