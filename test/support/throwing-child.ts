/*
 * A program whose own functions throw wherever sremote calls them. An exception that nobody catches ends it; what each operation came to is told to its parent, with the warnings
 * of the process. Arguments: `ssh`, `openssh` or `local`.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { RemoteClient } from "@sremote/client";
import { createConnector, local, openssh, settledWithin, ssh } from "@sremote/connectors";
import type { Connector, SpawnedProcess } from "@sremote/connectors";
import { fleet, type Run } from "@sremote/fleet";
import { startEmbeddedSsh } from "../../scripts/labs/embedded-ssh.ts";

export interface Told {
  readonly ends: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

const ends: Record<string, string> = {};
const warnings: string[] = [];
process.on("warning", ({ name, message }) => {
  if (name === "SremoteWarning") warnings.push(message);
});

const boom = (): never => {
  throw new Error("boom");
};

async function perform(name: string, work: () => Promise<unknown>): Promise<void> {
  const working = (async () => work())();
  if (!(await settledWithin(working, 20_000))) {
    ends[name] = "it does not end";
    return;
  }
  ends[name] = await working.then(
    (value) => `gave ${String(value)}`,
    (error: Error) => `rejected: ${error.message.split("\n")[0]}`,
  );
}

await using server = await startEmbeddedSsh();
const here = await mkdtemp(join(tmpdir(), "sremote-throwing-"));
const content = Buffer.alloc(100_000, "x");
await writeFile(join(here, "file"), content);
await writeFile(join(server.home, "there"), content);
const to = { host: server.address, port: server.port, username: server.username, sshConfig: false } as const;
const access = { ...to, privateKeyPath: server.privateKeyPath, knownHosts: server.knownHosts };
const connectors: Readonly<Record<string, () => Connector>> = {
  ssh: () => ssh({ ...access, agent: false }),
  openssh: () => openssh(access),
  local: () => local(),
};
const make = connectors[process.argv[2] ?? "local"]!;

async function reason(run: Run): Promise<string> {
  const [job] = (await run).jobs;
  return `${job!.reason}: ${job!.error?.message.split("\n")[0] ?? "no error"}`;
}

await using connector = make();
await using client = new RemoteClient(connector);
await using nodes = fleet(["127.0.0.1"], { connect: make, logLevel: "silent", retries: 0 });

await perform("a stream for the output of a call", () =>
  client.call("os", "system", ["echo x"], { stdout: new Writable({ write: boom }) }),
);
await perform("a callback", () => client.call("functools", "reduce", [boom, [1, 2]]));
await perform("a getter of what a callback gives", () =>
  client.call("functools", "reduce", [
    () => ({
      get x() {
        return boom();
      },
    }),
    [1, 2],
  ]),
);
await perform("onInput of exec", () => connector.exec(["cat"], { stdin: content, onInput: boom }));
await perform("onProgress of push", () => connector.push(content, join(server.home, "pushed"), { onProgress: boom }));
await perform("onProgress of pull", () => connector.pull(join(server.home, "there"), { write: () => undefined }, { onProgress: boom }));
await perform("write of pull", () => connector.pull(join(server.home, "there"), { write: boom }));
await perform("onWait of spawn", async () => {
  // The host has room for fewer; on a connection without such a limit nobody waits.
  const started = await Promise.allSettled(
    Array.from({ length: 9 }, () => connector.spawn!(["sleep", "60"], { onWait: boom, timeout: 10_000 })),
  );
  const waited = started.flatMap((each) => (each.status === "rejected" ? [(each.reason as Error).message] : []));
  // Those that run, and the link, are as they were.
  const running = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const lost = await Promise.race([...running.map(async ({ exit }) => exit), delay(0, "none")]);
  await Promise.all(running.map(async (each) => each[Symbol.asyncDispose]()));
  if (lost !== "none") throw new Error("a process that ran has ended");
  const { exitCode } = await connector.exec(["true"], { timeout: 10_000 });
  return `${exitCode} ${[...new Set(waited)].join()}`;
});
for (const event of ["start", "end", "over"] as const) {
  await perform(`a handler of ${event}`, async () => {
    const run = nodes.run("echo x");
    // The same name for all three: each takes what it takes.
    run.on(event as "over", boom);
    return await reason(run);
  });
}
await perform("a handler of line", async () => {
  const run = nodes.run("echo x");
  run.on("line", boom);
  return await reason(run);
});
await perform("onProgress of a fleet's push", () =>
  reason(nodes.push(join(here, "file"), join(server.home, "copy"), { onProgress: boom })),
);
await perform("filter of a fleet's push", () => reason(nodes.push(here, join(server.home, "copies"), { filter: boom })));
await perform("a function that makes connectors", async () => {
  await using hosts = fleet(["127.0.0.1"], { connect: boom, logLevel: "silent", retries: 0 });
  return await reason(hosts.run("true"));
});

/** A process of an author's, of which only the streams are as they must be. */
function broken(output: Uint8Array): SpawnedProcess {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.resume();
  stdout.write(output);
  const exit = new Promise<never>(() => {});
  return { stdin, stdout, stderr, exit, kill: boom, [Symbol.asyncDispose]: boom };
}
await perform("what ends an author's process, of which too much comes before it begins", async () => {
  const flooding = createConnector({
    label: "broken://",
    exec: async () => ({ exitCode: 0, stdout: new Uint8Array(), stderr: new Uint8Array() }),
    push: boom,
    pull: boom,
    spawn: async () => broken(Buffer.alloc(17 * 2 ** 20)),
  });
  const started = await flooding.spawn!(["true"]);
  started.stdout.resume();
  return await started.exit;
});
await perform("what ends the process of a session", async () => {
  const inner = local();
  await using own = new RemoteClient({ ...inner, spawn: async () => broken(Buffer.alloc(17 * 2 ** 20)) });
  return (await own.call("os", "getpid", [], { timeout: 10_000 })).value;
});

// Warnings come in a turn of their own.
await delay(0);
await rm(here, { recursive: true });
process.send?.({ ends, warnings } satisfies Told);
if (process.send === undefined) console.log(ends, warnings);
process.exit();
