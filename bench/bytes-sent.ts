/* How many bytes go to the host until a first call is answered, the SSH handshake included. */
import { nodePayload, nodeSessionPayload, pythonPayload, pythonSessionPayload } from "@sremote/endpoint";
import { startProxy } from "../scripts/labs/proxy.ts";
import { connectBare, execBare } from "./bare.ts";
import { against, type Figure } from "./figure.ts";
import { hostPython, type Setting } from "./setting.ts";

/** @param work is given the port of a proxy that counts */
async function sent(setting: Setting, work: (port: number) => Promise<unknown>): Promise<number> {
  await using proxy = await startProxy({ host: setting.lab.address, port: setting.lab.port });
  await work(proxy.port);
  return proxy.carriedIn("to-server");
}

export async function measureBytesSent(setting: Setting): Promise<Figure[]> {
  const least = await sent(setting, async (port) => {
    const client = await connectBare(setting.lab, setting.account, port);
    await execBare(client, `${hostPython} -c pass`);
    client.end();
  });
  const ours = await sent(setting, async (port) => {
    await using client = setting.client({}, setting.account, port);
    await client.doRemoteCall("os", "getpid");
  });
  const peers = new Map<string, number>();
  for (const name of ["mitogen", "execnet"] as const) {
    if (!setting.hasPeer(name)) continue;
    const bytes = await sent(setting, async (port) => {
      const [peer] = await setting.peers([name], setting.account, port);
      await using stack = new AsyncDisposableStack();
      await stack.use(peer!).open({ fair: true });
    });
    peers.set(name, bytes);
  }
  const figure = (name: string, value: number): Figure => ({ name, value, unit: "bytes", compared: against("floor", least) });
  return [
    { name: "to the host: connect and `python3 -c pass` (floor)", value: least, unit: "bytes" },
    figure("to the host: connect and first call", ours),
    ...[...peers].map(([name, value]) => figure(`to the host: ${name}, uncompressed`, value)),
    { name: "Python payload of sessions", value: pythonSessionPayload.size, unit: "bytes", role: "headline" },
    { name: "Node payload of sessions", value: nodeSessionPayload.size, unit: "bytes", role: "headline" },
    { name: "Python payload of the spool", value: pythonPayload.size, unit: "bytes" },
    { name: "Node payload of the spool", value: nodePayload.size, unit: "bytes" },
  ];
}
