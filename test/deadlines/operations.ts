/* Every public operation of a client, as something that is begun with a signal or a deadline, and what must come of that where the host does not answer. */
import { setTimeout as delay } from "node:timers/promises";
import type { RemoteClient, RemoteIterable, RemoteObject } from "@sremote/client";
import type { RemoteExecError, SremoteError } from "@sremote/protocol";
import { expect } from "vitest";

/** Milliseconds after which signals are aborted, and deadlines pass. */
export const soon = 300;
/** Milliseconds that an operation may take in all. */
export const bound = 5000;

export interface Limits {
  signal?: AbortSignal;
  timeout?: number;
}
export type Operation = (client: RemoteClient, limits: Limits) => Promise<unknown>;

export const operations: Record<string, Operation> = {
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
    for await (const item of client.call("os", "walk", ["/"], limits).items()) expect(item).toBeUndefined();
  },
  map: async (client, limits) => await client.map("os", "getenv", ["A", "B"], limits),
  "the results of a map": async (client, limits) => {
    for await (const each of client.map("os", "getenv", ["A"], limits)) expect(each).toBeUndefined();
  },
  module: (client, limits) => client.module("os", limits)["getpid"]!(),
  python: (client, limits) => client.python(limits)`1`.value,
  fn: (client, limits) => client.fn(() => 1, limits)().value,
  interpreter: (client, limits) => client.interpreter(limits),
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
export const starting: Record<string, Operation> = { spawn: (client, limits) => client.connector.spawn!(["cat"], limits) };

export interface Settled {
  name: string;
  limit: string;
  code: string;
  outcome?: string | undefined;
  late: boolean;
}

/** Each operation with a signal and with a deadline, all at once. */
export async function settleAll(client: RemoteClient, all: Record<string, Operation>): Promise<Settled[]> {
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

export function isWrong({ limit, code, late }: Settled): boolean {
  return late || code !== (limit === "signal" ? "cancelled" : "timeout");
}

export async function closesInTime(client: RemoteClient): Promise<void> {
  const begun = performance.now();
  await client.close();
  expect(performance.now() - begun).toBeLessThan(28_000);
}

/** Something of each kind that lives on the host, made before it stops answering. */
export interface Held {
  object: RemoteObject;
  items: RemoteIterable;
}

export const held = ({ object, items }: Held): Record<string, Operation> => ({
  "a call that is called back": (client, limits) => client.call("functools", "reduce", [(sum: number) => sum, [1, 2, 3]], limits).value,
  "a method of an object": (_, limits) => object.call("most_common", [], limits).value,
  "an attribute of an object": (_, limits) => object.get("maxlen", limits),
  "an object as an argument": (client, limits) => client.doRemoteCall("builtins", "len", [object], limits),
  "the next item of a generator": async () => await items.next(),
});
