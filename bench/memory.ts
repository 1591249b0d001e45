/* What lies in the memory of the host while nothing is called. */
import { readFile } from "node:fs/promises";
import { findProcesses } from "../scripts/labs/processes.ts";
import type { Account } from "../scripts/labs/users.ts";
import { until } from "../scripts/labs/wait.ts";
import { connectBare, openChannel } from "./bare.ts";
import { against, type Figure } from "./figure.ts";
import { hostPython, type Setting } from "./setting.ts";

interface Memory {
  processes: number;
  /** MiB, the sum of the processes; pages that several of them share count in each. */
  resident: number;
  /** MiB; pages that several of them share count once. */
  once: number;
}

/** Of all processes of the account but sshd's own. */
async function memoryOf(account: Account): Promise<Memory> {
  const found = await findProcesses(({ uid, command }) => uid === account.uid && !command.startsWith("sshd"));
  if (found.length === 0) throw new Error("nothing runs on the host");
  const each = await Promise.all(
    found.map(async ({ pid }) => {
      const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
      const mebibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) / 1024;
      return { resident: mebibytes("Rss"), anonymous: mebibytes("Anonymous"), share: mebibytes("Pss_Anon") };
    }),
  );
  const sum = (part: (one: (typeof each)[number]) => number): number => each.reduce((total, one) => total + part(one), 0);
  // Not the kernel's own proportional size: in it, other Python processes of the machine make these ones smaller.
  const files = Math.max(...each.map(({ resident, anonymous }) => resident - anonymous));
  return { processes: found.length, resident: sum(({ resident }) => resident), once: files + sum(({ share }) => share) };
}

/** Runs the work with an account of its own, whose memory is the work's alone. */
async function measured(setting: Setting, work: (account: Account, read: () => Promise<Memory>) => Promise<Memory>): Promise<Memory> {
  const account = await setting.lab.addUser();
  return await work(account, () => memoryOf(account));
}

const ofClient = (setting: Setting, workers: number): Promise<Memory> =>
  measured(setting, async (account, read) => {
    await using client = setting.client({ workers }, account);
    // Each takes a worker of its own.
    await Promise.all(Array.from({ length: workers }, () => client.doRemoteCall("time", "sleep", [0.2])));
    return await read();
  });

async function ofPeer(setting: Setting, name: "mitogen" | "execnet"): Promise<Memory | undefined> {
  if (!setting.hasPeer(name)) return undefined;
  return await measured(setting, async (account, read) => {
    await using stack = new AsyncDisposableStack();
    const [peer] = await setting.peers([name], account);
    stack.use(peer!);
    await peer!.open();
    return await read();
  });
}

const ofPython = (setting: Setting): Promise<Memory> =>
  measured(setting, async (account, read) => {
    const client = await connectBare(setting.lab, account);
    await openChannel(client, `${hostPython} -c 'input()'`);
    const waits = async (): Promise<Memory | false> => {
      const [process] = await findProcesses(({ uid, command }) => uid === account.uid && command.startsWith(hostPython));
      // It is idle when it reads.
      return process !== undefined && /read/.test(await readFile(`/proc/${process.pid}/wchan`, "utf8")) && (await read());
    };
    const memory = await until("python3 to wait for its input", waits);
    client.end();
    return memory;
  });

export async function measureMemory(setting: Setting): Promise<Figure[]> {
  const floor = await ofPython(setting);
  const peers = new Map([
    ["mitogen", await ofPeer(setting, "mitogen")],
    ["execnet", await ofPeer(setting, "execnet")],
  ] as const);
  const onceOfPeers = [...peers].flatMap(([name, memory]) => against(name, memory?.once));
  const session = (workers: number, memory: Memory): Figure[] => {
    const name = `idle session, ${workers} worker${workers === 1 ? "" : "s"}`;
    return [
      {
        name: `${name}: resident, sum of ${memory.processes}`,
        value: memory.resident,
        unit: "MiB",
        compared: against("floor", floor.resident),
      },
      {
        name: `${name}: resident, shared pages counted once`,
        value: memory.once,
        unit: "MiB",
        role: "headline",
        compared: [...against("floor", floor.once), ...onceOfPeers],
      },
      {
        name: `${name}: the same beyond the floor, for each worker`,
        value: (memory.once - floor.once) / workers,
        unit: "MiB",
        role: "headline",
        compared: against("8 MB", 8e6 / 2 ** 20, { atMost: 1 }),
      },
    ];
  };
  return [
    { name: "`python3 -c 'input()'`: resident (floor)", value: floor.resident, unit: "MiB", role: "floor" },
    ...session(1, await ofClient(setting, 1)),
    ...session(4, await ofClient(setting, 4)),
    ...[...peers].flatMap(([name, memory]): Figure[] =>
      memory === undefined
        ? []
        : [{ name: `${name}, idle: resident`, value: memory.once, unit: "MiB", compared: against("floor", floor.once) }],
    ),
  ];
}
