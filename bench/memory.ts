/* What lies on the host while nothing is called, and what was sent to get there. */
import { readFile } from "node:fs/promises";
import { nodePayload, nodeSessionPayload, pythonPayload, pythonSessionPayload } from "@sremote/endpoint";
import { findProcesses } from "../scripts/labs/processes.ts";
import { type Proxy, startProxy } from "../scripts/labs/proxy.ts";
import type { Account } from "../scripts/labs/users.ts";
import { until } from "../scripts/labs/wait.ts";
import { connectBare, execBare, openChannel } from "./bare.ts";
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

/** Bytes that went to the host, the SSH handshake included. */
async function sent(setting: Setting, work: (proxy: Proxy) => Promise<unknown>): Promise<number> {
  await using proxy = await startProxy({ host: setting.lab.address, port: setting.lab.port });
  await work(proxy);
  return proxy.carriedIn("to-server");
}

async function sentByPeer(setting: Setting, name: "mitogen" | "execnet"): Promise<number | undefined> {
  if (!setting.hasPeer(name)) return undefined;
  return await sent(setting, async ({ port }) => {
    await using stack = new AsyncDisposableStack();
    const [peer] = await setting.peers([name], setting.account, port);
    await stack.use(peer!).open({ fair: true });
  });
}

export async function measureMemory(setting: Setting): Promise<Figure[]> {
  const floor = await ofPython(setting);
  const figures: Figure[] = [];
  const add = (name: string, memory: Memory | undefined): void => {
    if (memory === undefined) return;
    const processes = `${memory.processes} process${memory.processes === 1 ? "" : "es"}`;
    figures.push({
      name: `${name}: resident, ${processes}`,
      value: memory.resident,
      unit: "MiB",
      compared: against("floor", floor.resident),
    });
    figures.push({ name: `${name}: shared pages counted once`, value: memory.once, unit: "MiB", compared: against("floor", floor.once) });
  };
  const addSession = (workers: number, memory: Memory): void => {
    add(`idle session, ${workers} worker${workers === 1 ? "" : "s"}`, memory);
    figures.push({
      name: `**idle session beyond the floor, for each of ${workers}**`,
      value: (memory.once - floor.once) / workers,
      unit: "MiB",
      compared: against("8 MB", 8e6 / 2 ** 20, { atMost: 1 }),
    });
  };
  add("python3 -c 'input()' (floor)", floor);
  addSession(1, await ofClient(setting, 1));
  addSession(4, await ofClient(setting, 4));
  add("mitogen, idle", await ofPeer(setting, "mitogen"));
  add("execnet, idle", await ofPeer(setting, "execnet"));
  const least = await sent(setting, async ({ port }) => {
    const client = await connectBare(setting.lab, setting.account, port);
    await execBare(client, `${hostPython} -c pass`);
    client.end();
  });
  const ours = await sent(setting, async ({ port }) => {
    await using client = setting.client({}, setting.account, port);
    await client.doRemoteCall("os", "getpid");
  });
  const bytes = (name: string, value: number | undefined): Figure[] =>
    value === undefined ? [] : [{ name, value, unit: "bytes", compared: against("floor", least) }];
  return [
    ...figures,
    ...bytes("sent to the host: connect and python3 -c pass (floor)", least),
    ...bytes("sent to the host: connect and first call", ours),
    ...bytes("sent to the host: mitogen, uncompressed", await sentByPeer(setting, "mitogen")),
    ...bytes("sent to the host: execnet, uncompressed", await sentByPeer(setting, "execnet")),
    { name: "Python payload of sessions", value: pythonSessionPayload.size, unit: "bytes" },
    { name: "Node payload of sessions", value: nodeSessionPayload.size, unit: "bytes" },
    { name: "Python payload of the spool", value: pythonPayload.size, unit: "bytes" },
    { name: "Node payload of the spool", value: nodePayload.size, unit: "bytes" },
  ];
}
