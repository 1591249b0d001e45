/*
 * `signal` in every exported function that waits: one that is aborted already ends it before anything begins, and an abort settles it within 100 ms, though
 * the host does not answer and the connector pays no attention. A function that is new is listed here, or among those that have nothing to wait for.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RemoteClient } from "@sremote/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as fleets from "../../packages/sremote/src/fleet.ts";
import * as sremote from "../../packages/sremote/src/index.ts";
import * as rest from "../../packages/sremote/src/rest.ts";
import * as testing from "../../packages/sremote/src/testing.ts";
import * as transfers from "../../packages/sremote/src/transfer.ts";
import { operations } from "./operations.ts";
import { useOwnTemporaryDirectory } from "../support/own-temporary.ts";

useOwnTemporaryDirectory();

/** Milliseconds within which an abort must settle what waits. */
const soon = 100;

let directory: string;
let mute: Server;
/** The same, at a UNIX socket. */
let muteLocally: Server;
const open = new Set<Socket>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sremote-signals-"));
  await writeFile(join(directory, "file"), "x");
  // Takes connections, and says nothing.
  const keep = (socket: Socket): unknown => open.add(socket.on("error", () => undefined).on("close", () => open.delete(socket)));
  mute = createServer(keep);
  muteLocally = createServer(keep);
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => muteLocally.listen(join(directory, "mute.sock"), resolve));
});
afterAll(async () => {
  for (const socket of open) socket.destroy();
  for (const server of [mute, muteLocally]) await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

const never = (): Promise<never> => new Promise<never>(() => undefined);
/** A connector that never answers, and does not look at signals. */
const silent: sremote.Connector = {
  label: "silent://",
  acceptsStdin: true,
  exec: never,
  push: never,
  pull: never,
  spawn: never,
  status: never,
  close: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

type Begin = (signal: AbortSignal) => PromiseLike<unknown>;

/** Those that have no live processes. */
const withoutSpawn = new Set(["createConnector", "firecrest", "jupyter", "newt", "sfapi"]);
/** Where nothing comes back. */
const connectors: Readonly<Record<string, () => sremote.Connector>> = {
  createConnector: () => sremote.createConnector({ label: "silent://", exec: never, push: never, pull: never }),
  docker: () => sremote.docker({ container: "c", socketPath: join(directory, "mute.sock") }),
  firecrest: () => sremote.firecrest({ baseUrl: muteUrl(), system: "s", token: "t" }),
  jupyter: () => sremote.jupyter({ baseUrl: muteUrl(), token: "t" }),
  newt: () => sremote.newt({ baseUrl: muteUrl(), machine: "m", username: "u", password: "p" }),
  sfapi: () => sremote.sfapi({ baseUrl: muteUrl(), machine: "m", token: "t" }),
  ssh: () => sremote.ssh({ ...muteHost(), agent: false, password: "p", hostKey: () => true }),
  openssh: () => sremote.openssh(muteHost()),
};

function muteHost(): { host: string; port: number; username: string; sshConfig: false } {
  return { host: "127.0.0.1", port: (mute.address() as AddressInfo).port, username: "u", sshConfig: false };
}

function muteUrl(): string {
  return `http://127.0.0.1:${muteHost().port}/x`;
}

function ofConnector(name: string, make: () => sremote.Connector): Record<string, Begin> {
  const spawn: Begin = (signal) => make().spawn!(["true"], { signal });
  return {
    exec: (signal) => make().exec(["true"], { signal }),
    push: (signal) => make().push(new Uint8Array(1), "/tmp/x", { signal }),
    pull: (signal) => make().pull("/tmp/x", { write: () => undefined }, { signal }),
    ...(name !== "createConnector" && { status: (signal: AbortSignal) => reached(make().status({ signal })) }), // which runs `exec`
    ...(!withoutSpawn.has(name) && { spawn }),
  };
}

/** A status tells of an abort, and does not reject. */
async function reached(status: Promise<sremote.ConnectorStatus>): Promise<void> {
  const { ok, error } = await status;
  if (!ok) throw error;
}

const hosts = fleets.fleet("a", { connect: () => silent, logLevel: "silent" });
const endless = (): fleets.Run => hosts.run("true");
const process = (): fleets.RemoteProcess => new fleets.RemoteProcess(silent, "true", { logger: undefined }).start();
const client = new RemoteClient(silent);

/** One whose calls go to the host that never answers. */
const interpreter = (): sremote.Interpreter =>
  new sremote.Interpreter(
    { label: "silent://", call: (module, fn, _args, options) => client.call(module, fn, [], options) },
    { runtime: "python" },
    () => true,
  );

/** By the name of the export that they belong to. */
const waiting: Readonly<Record<string, Readonly<Record<string, Begin>>>> = {
  RemoteClient: Object.fromEntries(
    Object.entries(operations)
      .filter(([name]) => !["exec", "push", "pull"].includes(name)) // the connector's
      .map(([name, begin]) => [name, (signal) => begin(client, { signal })]),
  ),
  Interpreter: {
    run: (signal) => interpreter().run("1", { signal }),
    set: (signal) => interpreter().set("x", 1, { signal }),
    get: (signal) => interpreter().get("x", { signal }),
  },
  local: { exec: (signal) => sremote.local().exec(["sleep", "60"], { signal }) },
  memory: { exec: (signal) => testing.memory().exec(["sleep", "60"], { signal }) },
  ...Object.fromEntries(Object.entries(connectors).map(([name, make]) => [name, ofConnector(name, make)])),
  push: { push: (signal) => transfers.push(silent, join(directory, "file"), "/tmp/x", { signal }) },
  pull: { pull: (signal) => transfers.pull(silent, "/tmp/x", join(directory, "x"), { signal }) },
  sync: {
    there: (signal) => transfers.sync(silent, directory, "/tmp/x", { signal, direction: "push" }),
    here: (signal) => transfers.sync(silent, join(directory, "x"), "/tmp/x", { signal, direction: "pull" }),
  },
  Fleet: {
    run: (signal) => hosts.run("true", { signal }),
    call: (signal) => hosts.call("os", "getpid", [], { signal }),
    map: (signal) => hosts.map("os", "getenv", ["A"], { signal }),
    push: (signal) => hosts.push(join(directory, "file"), "/tmp/x", { signal }),
    pull: (signal) => hosts.pull("/tmp/x", join(directory, "x"), { signal }),
    sync: (signal) => hosts.sync(directory, "/tmp/x", { signal, direction: "push" }),
  },
  parallel: { parallel: (signal) => fleets.parallel([hosts.run("true")], { signal }) },
  sequence: { sequence: (signal) => fleets.sequence([hosts.run("true")], { signal }) },
  firstOf: { firstOf: (signal) => fleets.firstOf([endless()], { signal }) },
  allOf: { allOf: (signal) => fleets.allOf([endless()], { signal }) },
  display: { display: (signal) => fleets.display(endless(), { signal }) },
  Run: {
    wait: (signal) => endless().wait({ signal }),
    orThrow: (signal) => hosts.run("true", { signal }).orThrow(),
    "the run's own signal": (signal) => hosts.run("true", { signal }).wait(),
  },
  RemoteProcess: {
    wait: (signal) => process().wait({ signal }),
    run: (signal) => new fleets.RemoteProcess(silent, "true").run({ signal }),
    expect: (signal) => process().expect("x", { signal }),
  },
  RemoteCall: { wait: (signal) => hosts.call("os", "getpid").jobs[0]!.wait({ signal }) },
  RemoteTransfer: { wait: (signal) => hosts.push(join(directory, "file"), "/tmp/x").jobs[0]!.wait({ signal }) },
  sleep: { sleep: (signal) => fleets.sleep("1h", { signal }) },
  Timer: { waitElapsed: (signal) => new fleets.Timer().waitElapsed("1h", { signal }) },
  HttpClient: {
    send: (signal) => http().send({ method: "GET", path: "/" }, signal),
    open: (signal) => http().open({ method: "GET", path: "/" }, signal),
    download: (signal) => http().download({ method: "GET", path: "/" }, { size: 1, take: () => Promise.resolve() }, signal),
  },
  checkConnector: { checkConnector: (signal) => testing.checkConnector(() => silent, { signal, cases: /255/ }) },
};

const http = (): rest.HttpClient => new rest.HttpClient({ baseUrl: new URL(muteUrl()), label: "mute://" });

/** They settle at once, read a file of this machine, or are a part of what is tried above. */
const without = new Set(
  `Call SnippetCall RemoteIterable RemoteMap RemoteObject ShippedCode RunResult RunError OutputTree HostSet Host Report codes defaultConfiguration insecureCluster defaultSerializer
  shell fromBytes toBytes each compactOutput compareNatural countsOf fold formatBytes formatChanges formatCounts formatDifferences formatProgress gather
  groupsOf isOk loadConfiguration loadGroups parseGroups reportOn sshConfigHosts statsOf sumStats ConnectError InvalidArgumentError OutcomeUnknownError
  ProtocolError RemoteExecError RemoteModulesError RemoteNotSetupError SremoteError TransferError UnserializableError ConnectorCheckError connectorCases
  createLogger defineConfig expand fleet formatDate formatDuration formatGathered hostDestinations hostSet hostText localFleet NdArray Table Column float int tableFromArrow toArrow parseDate
  parseDuration progressBar resolveConfiguration substitute RestConnector HttpReply clientCredentials checkPrivateKey form givenToken json multipart`.split(
    /\s+/,
  ),
);

async function outcomeOf(begun: PromiseLike<unknown>): Promise<string> {
  return await Promise.resolve(begun).then(
    () => "resolved",
    (error: unknown) => (error as { code?: string; name: string }).code?.toString() ?? (error as Error).name,
  );
}

/** `sleep` and its like reject with the signal's own reason, as timers of Node do. */
const isCancelled = (outcome: string): boolean =>
  outcome === "cancelled" || outcome === "AbortError" || outcome === "ABORT_ERR" || outcome === "20";

const all = Object.entries(waiting).flatMap(([name, ways]) =>
  Object.entries(ways).map(([way, begin]) => [`${name}: ${way}`, begin] as const),
);

test.each(all)("%s: a signal that is aborted already ends it at once", async (_name, begin) => {
  const settled = outcomeOf(begin(AbortSignal.abort()));
  const outcome = await Promise.race([settled, delay(soon, "pending")]);
  expect(outcome).toSatisfy(isCancelled);
});

test.each(all)("%s: an abort settles it within 100 ms", async (_name, begin) => {
  const control = new AbortController();
  const settled = outcomeOf(begin(control.signal));
  // It is under way.
  expect(await Promise.race([settled, delay(50, "pending")])).toBe("pending");
  control.abort();
  expect(await Promise.race([settled, delay(soon, "pending")])).toSatisfy(isCancelled);
});

test("every exported function is known to wait, or not to", () => {
  const entries = [sremote, fleets, transfers, testing, rest];
  const unknown = entries.flatMap((entry) => Object.keys(entry)).filter((name) => !(name in waiting) && !without.has(name));
  expect(unknown).toEqual([]);
});
