/*
 * Connectors, calls, runs and transfers over real SSH, to a host whose answers are damaged at random: each operation ends in time, with what is right or with an error of
 * ours, and nothing is thrown where nobody catches it, which would end this program. Arguments: `ssh` or `openssh`, the seed, and how many rounds.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { openssh, settledWithin, ssh } from "@sremote/connectors";
import type { Connector } from "@sremote/connectors";
import { type Fleet, fleet, type Run } from "@sremote/fleet";
import { SremoteError } from "@sremote/protocol";
import { startEmbeddedSsh } from "../../scripts/labs/embedded-ssh.ts";
import { damagingStream } from "./random-damage.ts";
import { seededRandom } from "./seeded-random.ts";

const [kind = "ssh", seed = "1", rounds = "1"] = process.argv.slice(2);
/** Milliseconds for any operation: the longest deadline of those that are waited for is a third of it. */
const bound = 30_000;
const limits = { timeout: 2500 };

const small = Buffer.from("what the host has\n".repeat(20));
const large = Buffer.from(Array.from({ length: 40_000 }, (_, index) => (index * 7) % 251));
const tree: Readonly<Record<string, Buffer>> = { a: small, b: large, "below/c": Buffer.from("c") };

async function writeTree(directory: string): Promise<void> {
  await mkdir(join(directory, "below"), { recursive: true });
  for (const [path, content] of Object.entries(tree)) await writeFile(join(directory, path), content);
}

/** Files of ours that are not finished have names of their own. */
async function filesBelow(directory: string): Promise<Map<string, Buffer>> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = found.filter((each) => each.isFile() && !each.name.includes(".sremote-"));
  const read = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [path.slice(directory.length + 1), await readFile(path)] as const;
  });
  return new Map(await Promise.all(read));
}

function same(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0;
}

function wrong(what: string): never {
  throw new Error(`${what}, which is not what was sent`);
}

/** Whether the work ended well. @throws what is no error of ours, or that it did not end */
async function ended(what: string, work: Promise<unknown>): Promise<boolean> {
  if (!(await settledWithin(work, bound))) throw new Error(`${what} does not end`);
  try {
    await work;
    return true;
  } catch (error) {
    if (!(error instanceof SremoteError)) throw error;
    return false;
  }
}

/** Whether a run of one host went well. */
async function ran(what: string, run: Run): Promise<boolean> {
  let isFine = false;
  await ended(
    what,
    (async () => {
      const [job] = (await run).jobs;
      isFine = job?.ok === true;
      if (!isFine && job?.error !== undefined && !(job.error instanceof SremoteError)) throw job.error;
    })(),
  );
  return isFine;
}

/** A transfer that went well has brought all; one that did not may have brought some, whole. */
async function compare(what: string, isFine: boolean, directory: string): Promise<void> {
  const found = await filesBelow(directory);
  for (const [path, content] of Object.entries(tree)) {
    if (isFine && !same(found.get(path), content)) wrong(`${what}: ${path}`);
  }
  for (const [path, content] of found)
    if (!Object.values(tree).some((each) => same(each, content))) wrong(`${what}: the content of ${path}`);
}

type Step = (connector: Connector, nodes: Fleet, home: string, here: string) => Promise<void>;

const steps: Readonly<Record<string, Step>> = {
  exec: async (connector) => void (await ended("exec", connector.exec(["cat"], { ...limits, stdin: small }))),
  spawn: async (connector) => {
    await ended(
      "spawn",
      (async () => {
        await using process = await connector.spawn!(["cat"], limits);
        process.stdin.end(small);
        await Promise.all([process.stdout.resume().toArray(), process.exit]);
      })(),
    );
  },
  push: async (connector, _, home) => {
    const path = join(home, "pushed");
    if (await ended("push", connector.push(large, path, limits))) if (!same(await readFile(path), large)) wrong("push");
  },
  pull: async (connector, _, home) => {
    const chunks: Uint8Array[] = [];
    const pulled = connector.pull(join(home, "tree/b"), { write: (chunk) => void chunks.push(chunk) }, limits);
    if (await ended("pull", pulled)) if (!same(Buffer.concat(chunks), large)) wrong("pull");
  },
  "call over a session": async (connector) => {
    const client = new RemoteClient(connector, { resumeTimeout: 2000 });
    let value: unknown;
    const call = async (): Promise<void> => void (value = (await client.doRemoteCall("builtins", "sorted", [[3, 1, 2]], limits)).value);
    if (await ended("call", call())) if (JSON.stringify(value) !== "[1,2,3]") wrong(`call: ${JSON.stringify(value)}`);
  },
  "call over files": async (connector) => {
    const client = new RemoteClient(connector, { transport: "spool" });
    let value: unknown;
    const call = async (): Promise<void> => void (value = (await client.doRemoteCall("builtins", "sorted", [[3, 1, 2]], limits)).value);
    if (await ended("call", call())) if (JSON.stringify(value) !== "[1,2,3]") wrong(`call: ${JSON.stringify(value)}`);
  },
  run: async (_, nodes) => void (await ran("run", nodes.run("cat tree/a; exit 3", limits))),
  "push of a tree": async (_, nodes, home, here) => {
    await writeTree(join(here, "tree"));
    await compare("push of a tree", await ran("push", nodes.push(join(here, "tree"), "there", limits)), join(home, "there"));
  },
  "pull of a tree": async (_, nodes, _home, here) => {
    const isFine = await ran("pull", nodes.pull("tree", join(here, "pulled"), limits));
    await compare("pull of a tree", false, join(here, "pulled"));
    if (isFine) await compare("pull of a tree", true, join(here, "pulled.host"));
  },
  "sync here": async (_, nodes, _home, here) => {
    await ran("sync", nodes.sync(join(here, "synced"), "tree", { ...limits, direction: "pull" }));
    await compare("sync", false, join(here, "synced"));
  },
};

async function round(number: number): Promise<void> {
  const random = seededRandom(number);
  const here = await mkdtemp(join(tmpdir(), "sremote-damage-"));
  await using server = await startEmbeddedSsh({ output: () => damagingStream(random) });
  await writeTree(join(server.home, "tree"));
  const to = { host: server.address, port: server.port, username: server.username, sshConfig: false, startTimeout: 1500 } as const;
  const access = { ...to, privateKeyPath: server.privateKeyPath, knownHosts: server.knownHosts };
  const names = Object.keys(steps);
  const chosen = Array.from({ length: 3 }, () => random.pick(names));
  for (const name of chosen) {
    await using connector = kind === "ssh" ? ssh({ ...access, agent: false }) : openssh(access);
    const connect = (): Connector => (kind === "ssh" ? ssh({ ...access, agent: false }) : openssh(access));
    await using nodes = fleet([{ name: "host", address: server.address }], { connect, logLevel: "silent", retries: 0 });
    await steps[name]!(connector, nodes, server.home, here).catch((error: unknown) => {
      throw new Error(`seed ${number}, ${name}`, { cause: error });
    });
  }
  await rm(here, { recursive: true });
}

const last = Number(seed) + Number(rounds);
let next = Number(seed);
// Most of it is waiting.
await Promise.all(
  Array.from({ length: 6 }, async () => {
    while (next < last) await round(next++);
  }),
);
process.send?.("done");
process.exit();
