/*
 * Every public operation of a client, at every place where a host can stop answering: its signal and its deadline end it, with a code that says so, and the client
 * closes. Bounds are generous: a busy machine is slow, a deadline that binds nothing takes half a minute.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { RemoteClient, type RemoteIterable, type RemoteObject } from "@sremote/client";
import { ssh } from "@sremote/connectors";
import { RemoteExecError, SremoteError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { startEmbeddedSsh } from "../../scripts/labs/embedded-ssh.ts";
import { type Proxy, startProxy } from "../../scripts/labs/proxy.ts";
import { coldPlaces, startStallingHost } from "../stubs/stalling-host.ts";

/** Milliseconds after which signals are aborted, and deadlines pass. */
const soon = 300;
/** Milliseconds that an operation may take in all. */
const bound = 5000;

interface Limits {
  signal?: AbortSignal;
  timeout?: number;
}
type Operation = (client: RemoteClient, limits: Limits) => Promise<unknown>;

const operations: Record<string, Operation> = {
  doRemoteCall: (client, limits) => client.doRemoteCall("os", "getpid", [], limits),
  "doRemoteCall over files": (client, limits) => client.doRemoteCall("os", "getpid", [], { ...limits, id: "0".repeat(31) + "1" }),
  call: (client, limits) => client.call("os", "getpid", [], { ...limits, isolation: "call" }).value,
  "a call that waits for another": (client, limits) => {
    const first = client.call("os", "getpid");
    first.catch(() => undefined);
    return client.call("builtins", "str", [first], limits).value;
  },
  "the output of a call": async (client, limits) => {
    for await (const line of client.call("os", "getpid", [], limits).stdout) expect(line).toBe("");
  },
  "the items of a generator": async (client, limits) => {
    for await (const item of client.call("os", "walk", ["/"], limits)) expect(item).toBeUndefined();
  },
  module: (client, limits) => client.module("os", limits)["getpid"]!(),
  getPwd: (client, limits) => client.getPwd(limits),
  isModuleInstalled: (client, limits) => client.isModuleInstalled("os", limits),
  bootstrapInstall: (client, limits) => client.bootstrapInstall(limits),
  installPackages: (client, limits) => client.installPackages(["x"], limits),
  installGitModule: (client, limits) => client.installGitModule("https://localhost/x.git", undefined, undefined, limits),
  doSelfDiscovery: (client, limits) => client.doSelfDiscovery(undefined, limits),
  probe: (client, limits) => client.probe(limits),
  exec: (client, limits) => client.connector.exec(["cat"], { ...limits, stdin: Buffer.from("x") }),
  push: (client, limits) => client.connector.push(Buffer.from("x"), "/tmp/sremote-stalls", limits),
  pull: (client, limits) => client.connector.pull("/etc/hostname", { write: () => undefined }, limits),
  status: async (client, limits) => {
    const { ok, error } = await client.status(limits);
    if (!ok) throw error;
  },
};
/** Those that need an answer of the host after they have started. */
const starting: Record<string, Operation> = { spawn: (client, limits) => client.connector.spawn!(["cat"], limits) };

interface Settled {
  name: string;
  limit: string;
  code: string;
  outcome?: string | undefined;
  late: boolean;
}

/** Each operation with a signal and with a deadline, all at once. */
async function settleAll(client: RemoteClient, all: Record<string, Operation>): Promise<Settled[]> {
  const one = async (name: string, operation: Operation, limit: "signal" | "timeout"): Promise<Settled> => {
    const limits = limit === "signal" ? { signal: AbortSignal.timeout(soon) } : { timeout: soon };
    const begun = performance.now();
    const result = operation(client, limits).then(
      () => ({ code: "it ended" }),
      (error: unknown) => error as SremoteError,
    );
    const { code, outcome } = (await Promise.race([result, delay(3 * bound, { code: "nothing", outcome: undefined })])) as RemoteExecError;
    return { name, limit, code, outcome, late: performance.now() - begun > bound };
  };
  return await Promise.all(Object.entries(all).flatMap(([name, each]) => [one(name, each, "signal"), one(name, each, "timeout")]));
}

function isWrong({ limit, code, late }: Settled): boolean {
  return late || code !== (limit === "signal" ? "cancelled" : "timeout");
}

async function closesInTime(client: RemoteClient): Promise<void> {
  const begun = performance.now();
  await client.close();
  expect(performance.now() - begun).toBeLessThan(28_000);
}

/** Something of each kind that lives on the host, made before it stops answering. */
interface Held {
  object: RemoteObject;
  items: RemoteIterable;
}

const held = ({ object, items }: Held): Record<string, Operation> => ({
  "a call that is called back": (client, limits) => client.call("functools", "reduce", [(sum: number) => sum, [1, 2, 3]], limits).value,
  "a method of an object": (_, limits) => object.call("most_common", [], limits).value,
  "an attribute of an object": (_, limits) => object.get("maxlen", limits),
  "an object as an argument": (client, limits) => client.doRemoteCall("builtins", "len", [object], limits),
  "the next item of a generator": async () => await items.next(),
});

/** How the network between this program and a host that worked is broken. */
const breaks: Record<string, (proxy: Proxy) => void> = {
  "carries nothing any more": (proxy) => proxy.blackhole(),
  "carries nothing back": (proxy) => proxy.halfOpen("to-server"),
  "is cut, and nobody can be reached": (proxy) => proxy.cut(),
};

describe.concurrent("a host that stops answering", () => {
  test.each(coldPlaces)("at %s", async (place) => {
    await using host = await startStallingHost(place);
    const connector = ssh({
      host: "127.0.0.1",
      port: host.port,
      username: "u",
      password: "p",
      config: false,
      agent: false,
      hostKey: () => true,
    });
    const client = new RemoteClient(connector);
    const started = place === "marker" || place === "shell" ? {} : starting;
    const settled = await settleAll(client, { ...operations, ...started });
    // A host that lets us in is there, even if it does nothing for us.
    const isThere = place === "channel" || place === "exec" || place === "shell" || place === "marker";
    const isFine = ({ name, code }: Settled): boolean => name === "status" && isThere && code === "it ended";
    expect(settled.filter((each) => isWrong(each) && !isFine(each))).toEqual([]);
    // Nothing of a call over a session was sent.
    expect(settled.filter(({ name, outcome }) => name === "call" && outcome !== "not-run")).toEqual([]);
    await closesInTime(client);
  });

  test.each(Object.keys(breaks))("while calls run, where the network %s", async (name) => {
    await using server = await startEmbeddedSsh();
    await using proxy = await startProxy({ host: server.address, port: server.port });
    const connector = ssh({
      host: proxy.address,
      port: proxy.port,
      username: server.username,
      privateKey: await readFile(server.privateKeyPath),
      config: false,
      agent: false,
      hostKey: { fingerprint: server.fingerprint },
    });
    const client = new RemoteClient(connector);
    const object = (await client.doRemoteCall<RemoteObject>("collections", "Counter", ["aab"], { returns: "object" })).value;
    const items = (await client.doRemoteCall<RemoteIterable>("os", "walk", ["/"], { timeout: 30_000 })).value;
    const sleeping: Operation = (own, limits) => own.doRemoteCall("time", "sleep", [60], limits);
    // Without a deadline, the heartbeat and the lease bound it.
    const silent = new RemoteClient(connector, { heartbeat: 200, lease: 1000 });
    const idle = silent.call("time", "sleep", [60], { idleTimeout: 60_000 });
    idle.catch(() => undefined);
    await silent.getPwd();
    const cut = delay(soon / 2).then(() => breaks[name]!(proxy));
    const running = settleAll(client, { "a call that runs": sleeping });
    await cut;
    const { "the next item of a generator": next, ...others } = held({ object, items });
    const settled = (await Promise.all([running, settleAll(client, { ...operations, ...starting, ...others })])).flat();
    // Where nobody can be reached, what needs a new connection says so before its deadline.
    const refused = name.startsWith("is cut") ? ["connect-refused", "connect-failed", "connection-lost", "outcome-unknown"] : [];
    expect(settled.filter((each) => isWrong(each) && !refused.includes(each.code))).toEqual([]);
    // They were on their way or on the host: nobody here can know.
    expect(
      settled.filter((each) => each.name === "a call that runs" && each.outcome !== (each.limit === "signal" ? "cancelled" : "unknown")),
    ).toEqual([]);
    await expect(idle).rejects.toMatchObject({ code: "outcome-unknown" });
    await closesInTime(client);
    await closesInTime(silent);
    await expect(next!(client, {})).rejects.toThrow(SremoteError);
  });
});
