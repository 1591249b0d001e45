/* Cold and warm calls over a real sshd on loopback, against the floor: connect and run `python3 -c pass` on the same host. */
import { readFileSync } from "node:fs";
import { ssh } from "@sremote/connectors";
import { nodePayload, pythonPayload } from "@sremote/endpoint";
import { RemoteClient } from "@sremote/client";
import { startSshd } from "../scripts/labs/sshd.ts";

export interface Figure {
  name: string;
  /** Milliseconds, median; bytes where the name says so. */
  value: number;
  floor?: number;
  aim?: number;
}

const rounds = 25;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Each round measures every row once, in turn, so that the noise of the machine meets all of them alike. */
export async function measureColdCalls(): Promise<Figure[]> {
  await using lab = await startSshd();
  const prepared = await lab.addUser();
  const connect = (username: string) =>
    ssh({ host: lab.address, port: lab.port, username, privateKeyPath: lab.key.path, knownHosts: lab.knownHosts, config: false });
  const floors: number[] = [];
  const nodeFloors: number[] = [];
  const bare: number[] = [];
  const cold: number[] = [];
  const warm: number[] = [];
  const exec: number[] = [];
  const nodeCold: number[] = [];
  for (let round = -2; round < rounds; round++) {
    const fresh = await lab.addUser();
    const samples = {
      floor: await timed(async () => {
        await using connector = connect(prepared.name);
        await connector.exec(["python3", "-c", "pass"]);
      }),
      nodeFloor: await timed(async () => {
        await using connector = connect(prepared.name);
        await connector.exec(["node", "-e", "0"]);
      }),
      bare: await coldCall(() => new RemoteClient(connect(fresh.name)), "os", "getpid"),
      cold: await coldCall(() => new RemoteClient(connect(prepared.name)), "os", "getpid"),
      nodeCold: await coldCall(() => new RemoteClient(connect(prepared.name), { runtime: "node" }), "node:os", "hostname"),
      ...(await openConnection(() => new RemoteClient(connect(prepared.name)))),
    };
    if (round < 0) continue; // warming up: code is compiled and files are cached
    floors.push(samples.floor);
    nodeFloors.push(samples.nodeFloor);
    bare.push(samples.bare);
    cold.push(samples.cold);
    nodeCold.push(samples.nodeCold);
    warm.push(samples.warm);
    exec.push(samples.exec);
  }
  const floor = median(floors);
  return [
    { name: "connect + exec python3 -c pass (floor)", value: floor, floor },
    { name: "cold call, prepared host", value: median(cold), floor, aim: 1.5 },
    { name: "cold call, bare host (connect, deploy, call)", value: median(bare), floor, aim: 2 },
    { name: "exec python3 -c pass, open connection (floor)", value: median(exec), floor: median(exec) },
    { name: "spool call, open connection", value: median(warm), floor: median(exec) },
    { name: "connect + exec node -e 0 (floor)", value: median(nodeFloors), floor: median(nodeFloors) },
    { name: "cold Node call, prepared host", value: median(nodeCold), floor: median(nodeFloors) },
    { name: "Python payload, bytes", value: pythonPayload.size, floor: 40_000, aim: 1 },
    { name: "Node payload, bytes", value: nodePayload.size, floor: 40_000, aim: 1 },
  ];
}

async function coldCall(make: () => RemoteClient, module: string, fn: string): Promise<number> {
  let client: RemoteClient | undefined;
  const time = await timed(async () => {
    client = make();
    await client.doRemoteCall(module, fn);
  });
  await client?.close();
  return time;
}

async function openConnection(make: () => RemoteClient): Promise<{ warm: number; exec: number }> {
  await using client = make();
  await client.doRemoteCall("os", "getpid");
  const exec = await timed(() => client.connector.exec(["python3", "-c", "pass"]));
  const warm = await timed(() => client.doRemoteCall("os", "getpid"));
  return { warm, exec };
}

/** The processor's name, for the table's caption. */
export function machine(): string {
  const model = /model name\s*:\s*(.*)/.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? process.arch;
  return model;
}
