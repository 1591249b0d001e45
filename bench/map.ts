/* Many items: one trivial function for each of them, over a session and over web services. */
import assert from "node:assert/strict";
import { RemoteClient } from "@sremote/client";
import { against, type Figure } from "./figure.ts";
import { startRestHosts } from "./rest-host.ts";
import { hostPython, type Setting } from "./setting.ts";
import { interleaved, median, timed } from "./statistics.ts";

const items = 100_000;
const rounds = 5;
const restItems = 1000;
/** Calls that are really made of the thousand: all of them would take minutes. They take as long one by one. */
const restCalls = 20;

/** What the standard library does on the host itself: processes that are there already, and nothing in between but their pipes. */
const pool = `
import time
from multiprocessing import Pool
if __name__ == "__main__":
    with Pool(4) as pool:
        items = [-item for item in range(${items})]
        pool.map(abs, items)
        begin = time.perf_counter()
        assert sum(pool.map(abs, items)) == ${(items * (items - 1)) / 2}
        print((time.perf_counter() - begin) * 1000)
`;

const perSecond = (count: number, milliseconds: number): number => (count / milliseconds) * 1000;

export async function measureMap(setting: Setting): Promise<Figure[]> {
  return [...(await measureSession(setting)), ...(await measureRest())];
}

async function measureSession(setting: Setting): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const client = stack.use(setting.client({ workers: 4 }));
  const connector = stack.use(setting.connector());
  const peers = await setting.peers();
  for (const peer of peers) {
    stack.use(peer);
    await peer.open();
  }
  const numbers = Array.from({ length: items }, (_, index) => -index);
  const rates = await interleaved(
    {
      floor: async () => {
        const { stdout, exitCode } = await connector.exec([hostPython, "-c", pool]);
        assert.equal(exitCode, 0);
        return perSecond(items, Number(Buffer.from(stdout).toString()));
      },
      ours: async () => {
        let results: number[] = [];
        const time = await timed(async () => (results = await client.map<number>("builtins", "abs", numbers)));
        assert.equal(results.length, items);
        assert.equal(results[items - 1], items - 1);
        return perSecond(items, time);
      },
      ...Object.fromEntries(peers.map((peer) => [peer.name, async () => perSecond(items, await peer.many(items))])),
    },
    { rounds, warmUp: 1, optional: (row) => peers.some(({ name }) => name === row) },
  );
  const rate = (name: string): number | undefined => (rates.has(name) ? median(rates.get(name)!) : undefined);
  return [
    {
      name: `${items} items of abs by multiprocessing.Pool.map on the host (floor)`,
      value: rate("floor")!,
      unit: "calls/s",
      role: "floor",
    },
    {
      name: `${items} items of abs by client.map, 4 workers`,
      value: rate("ours")!,
      unit: "calls/s",
      role: "headline",
      compared: [
        ...against("Pool.map on the host", rate("floor"), { atLeast: 0.5 }),
        ...against("mitogen, calls at once", rate("mitogen")),
        ...against("execnet, calls at once", rate("execnet"), { atLeast: 4 }),
        ...against("rpyc, calls at once", rate("rpyc")),
      ],
    },
  ];
}

/** Over services that are stubs here, so that none is asked a thousand times. */
async function measureRest(): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const hosts = (await startRestHosts(stack)).filter(({ name }) => /^(?:newt|firecrest)/.test(name));
  const figures: Figure[] = [];
  for (const { name, connector } of hosts) {
    const client = stack.use(new RemoteClient(connector));
    await client.bootstrapInstall();
    const numbers = Array.from({ length: restItems }, (_, index) => -index);
    let requests = 0;
    const rates = await interleaved(
      {
        map: async () => {
          const before = connector.requests;
          const time = await timed(async () => assert.equal((await client.map("builtins", "abs", numbers)).length, restItems));
          requests = connector.requests - before;
          return perSecond(restItems, time);
        },
        calls: async () => {
          const calls = (): Promise<unknown> =>
            Promise.all(numbers.slice(0, restCalls).map((number) => client.doRemoteCall("builtins", "abs", [number])));
          return perSecond(restCalls, await timed(calls));
        },
      },
      { rounds: 3, warmUp: 1 },
    );
    figures.push({
      name: `${name}: ${restItems} items of abs by client.map, ${requests} requests`,
      value: median(rates.get("map")!),
      unit: "calls/s",
      compared: against(`calls (${restCalls} at once)`, median(rates.get("calls")!), { atLeast: 50 }),
    });
  }
  return figures;
}
