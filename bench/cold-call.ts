/* A client's first call, from nothing: connect, start what is needed on the host, call. */
import { type RemoteClientOptions } from "@sremote/client";
import type { Account } from "../scripts/labs/users.ts";
import { connectBare, execBare } from "./bare.ts";
import { against, type Figure } from "./figure.ts";
import { hostPython, type Setting } from "./setting.ts";
import { interleaved, median, timed } from "./statistics.ts";

const rounds = 25;

async function coldCall(setting: Setting, account: Account, options: RemoteClientOptions, module: string, fn: string): Promise<number> {
  await using stack = new AsyncDisposableStack();
  // Closing is not part of it.
  return await timed(async () => {
    const client = stack.use(setting.client(options, account));
    await client.doRemoteCall(module, fn);
  });
}

async function coldExec(setting: Setting, command: string): Promise<number> {
  let end: (() => void) | undefined;
  const time = await timed(async () => {
    const client = await connectBare(setting.lab, setting.account);
    end = () => client.end();
    await execBare(client, command);
  });
  end?.();
  return time;
}

export async function measureColdCalls(setting: Setting): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const prepared = await setting.lab.addUser();
  const peers = await setting.peers(["mitogen", "execnet"]);
  for (const peer of peers) stack.use(peer);
  const peerRows = peers.flatMap((peer) =>
    [true, false].map((fair) => {
      const row = async (): Promise<number> => {
        const time = await peer.open({ fair });
        await peer.close();
        return time;
      };
      return [fair ? `${peer.name}, with ssh2's key exchange` : `${peer.name}, as it comes`, row] as const;
    }),
  );
  const times = await interleaved(
    {
      floor: () => coldExec(setting, `${hostPython} -c pass`),
      "floor, Node": () => coldExec(setting, "node -e 0"),
      bare: async () => coldCall(setting, await setting.lab.addUser(), {}, "os", "getpid"),
      node: async () => coldCall(setting, await setting.lab.addUser(), { runtime: "node" }, "node:os", "uptime"),
      "spool, bare": async () => coldCall(setting, await setting.lab.addUser(), { transport: "spool" }, "os", "getpid"),
      "spool, prepared": () => coldCall(setting, prepared, { transport: "spool" }, "os", "getpid"),
      ...Object.fromEntries(peerRows),
    },
    { rounds, optional: (row) => peerRows.some(([name]) => name === row) },
  );
  const time = (name: string): number => median(times.get(name)!);
  const floor = time("floor");
  const measuredPeers = peerRows.map(([name]) => name).filter((name) => times.has(name));
  const fair = measuredPeers.filter((name) => name.includes("key exchange")).toSorted((a, b) => time(a) - time(b));
  return [
    { name: "ssh2 connect and `python3 -c pass` (floor)", value: floor, unit: "ms", role: "floor" },
    {
      name: "connect and first call on a bare host",
      role: "headline",
      value: time("bare"),
      unit: "ms",
      compared: [
        ...against("floor", floor, { atMost: 1.5 }),
        ...fair.slice(0, 1).flatMap((best) => against(best, time(best), { atMost: 0.6 })),
      ],
    },
    ...measuredPeers.map((name): Figure => ({ name, value: time(name), unit: "ms", compared: against("floor", floor) })),
    { name: "ssh2 connect and `node -e 0` (floor for Node)", value: time("floor, Node"), unit: "ms", role: "floor" },
    {
      name: "connect and first call of a Node function on a bare host",
      role: "headline",
      value: time("node"),
      unit: "ms",
      compared: against("floor for Node", time("floor, Node"), { atMost: 1.5 }),
    },
    {
      name: "spool: first call on a prepared host",
      value: time("spool, prepared"),
      unit: "ms",
      compared: against("floor", floor, { atMost: 1.5 }),
    },
    {
      name: "spool: connect, deploy, call on a bare host",
      value: time("spool, bare"),
      unit: "ms",
      compared: against("floor", floor, { atMost: 2 }),
    },
  ];
}
