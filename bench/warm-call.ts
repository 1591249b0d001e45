/* One call after the other on an open connection: what a call costs when everything is there. */
import { connectBare, openChannel } from "./bare.ts";
import { Exchange } from "./exchange.ts";
import { against, type Figure } from "./figure.ts";
import type { Setting } from "./setting.ts";
import { interleaved, median, quantile, timed } from "./statistics.ts";

const rounds = 20;
const callsInRound = 100;
// About as much as a call of os.getpid and its answer take.
const message = Buffer.alloc(100, "x");

async function repeat(work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let call = 0; call < callsInRound; call++) times.push(await timed(work));
  return times;
}

export async function measureWarmCalls(setting: Setting): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const bare = stack.adopt(await connectBare(setting.lab, setting.account), (client) => void client.end());
  const channel = await openChannel(bare, "cat");
  const cat = new Exchange(channel, channel);
  const connector = stack.use(setting.connector());
  const spawned = stack.use(await connector.spawn!(["cat"]));
  const ourCat = new Exchange(spawned.stdin, spawned.stdout);
  const client = stack.use(setting.client());
  await setting.checkPython(client);
  const nodeClient = stack.use(setting.client({ runtime: "node" }));
  const peers = await setting.peers();
  for (const peer of peers) {
    stack.use(peer);
    await peer.open();
  }
  const times = await interleaved(
    {
      floor: () => repeat(() => cat.ask(message, message.length)),
      "our channel": () => repeat(() => ourCat.ask(message, message.length)),
      ours: () => repeat(() => client.doRemoteCall("os", "getpid")),
      "ours, Node": () => repeat(() => nodeClient.doRemoteCall("node:os", "uptime")),
      ...Object.fromEntries(peers.map((peer) => [peer.name, () => peer.warm(callsInRound)])),
    },
    { rounds, optional: (row) => peers.some(({ name }) => name === row) },
  );
  const p50 = (name: string): number | undefined => (times.has(name) ? median(times.get(name)!) : undefined);
  const p99 = (name: string): number | undefined => (times.has(name) ? quantile(times.get(name)!, 0.99) : undefined);
  const figures = (what: string, value: typeof p50, floorAim: { atMost?: number }, peerAim: { atMost?: number }): Figure[] => [
    { name: `round trip of cat over one ssh2 channel (floor), ${what}`, value: value("floor")!, unit: "ms", role: "floor" },
    {
      name: `the same through our connector, ${what}`,
      value: value("our channel")!,
      unit: "ms",
      compared: against("floor", value("floor")),
    },
    {
      name: `call of os.getpid, ${what}`,
      role: "headline",
      value: value("ours")!,
      unit: "ms",
      compared: [
        ...against("floor", value("floor"), floorAim),
        ...against("mitogen", value("mitogen"), peerAim),
        ...against("execnet", value("execnet")),
        ...against("rpyc", value("rpyc")),
      ],
    },
    { name: `call of a Node function, ${what}`, value: value("ours, Node")!, unit: "ms", compared: against("floor", value("floor")) },
    ...peers
      .filter(({ name }) => times.has(name))
      .map(({ name }): Figure => ({
        name: `${name}, ${what}`,
        value: value(name)!,
        unit: "ms",
        compared: against("floor", value("floor")),
      })),
  ];
  return [...figures("p50", p50, { atMost: 1.5 }, { atMost: 1 / 3 }), ...figures("p99", p99, {}, {})];
}
