import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { RemoteClient } from "@sremote/client";
import { ssh } from "@sremote/connectors";
import { afterAll, expect, test } from "vitest";
import { listProcesses } from "../../scripts/labs/processes.ts";
import { until } from "../../scripts/labs/wait.ts";
import { Effects, plantEffects } from "../support/effects.ts";
import { hostKinds, hostPath, mainKinds, runtimes, sharedSshd, stopSshd, withRuntimes } from "../support/hosts.ts";
import { memory } from "@sremote/connectors/testing";

afterAll(stopSshd);

const canaries = Array.from({ length: 40 }, (_, index) => `canary-${index}-9f3c1d`);
const pattern = /canary-\d+-9f3c1d/;

/** An error as every logger might show it. */
function shown(error: unknown): string {
  return `${inspect(error, { depth: 20, showHidden: true })}\n${String((error as Error).stack)}\n${JSON.stringify(error)}`;
}

/** The argument vectors of every process of this machine. */
async function argumentVectors(): Promise<string> {
  return (await listProcesses()).map(({ command }) => command).join("\n");
}

async function filesWithCanaries(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (pattern.test(path)) found.push(path);
    if (entry.isFile() && pattern.test(await readFile(path, "latin1"))) found.push(path);
  }
  return found;
}

function keep(client: RemoteClient): { args: unknown[]; kwargs: Record<string, unknown>; env: Record<string, string> } {
  for (const [index, canary] of canaries.slice(0, 10).entries()) client.registerRemoteEnvVariable(`SECRET_${index}`, canary);
  const env = Object.fromEntries(canaries.slice(10, 15).map((canary, index) => [`TOKEN_${index}`, canary]));
  return {
    args: canaries.slice(15, 25),
    kwargs: Object.fromEntries(canaries.slice(25, 30).map((canary, index) => [`k${index}`, canary])),
    env,
  };
}

// The system's ssh is a process of this machine, with an argv of its own.
const kinds = hostKinds.filter((kind) => (mainKinds.includes(kind) || kind.name === "openssh") && kind.name !== "memory");

test.each(withRuntimes(kinds))("G27 no argument or variable shows in argv, errors or files, in $name", async ({ runtime, kind }) => {
  await using host = await kind.start();
  await plantEffects(host.home);
  const client = new RemoteClient(host.connector, { runtime });
  const { args, kwargs, env } = keep(client);
  try {
    const effects = new Effects(host.home);
    const call = effects.call(client, runtime, args, { env }, 0.3);
    const samples: string[] = [];
    await until("the function to run", async () => {
      samples.push(await argumentVectors());
      return (await effects.runs()).length > 0;
    });
    samples.push(await argumentVectors());
    expect((await call).value).toEqual(args);
    expect(samples.join("\n")).not.toMatch(pattern);
    const module = runtime === "python" ? "os" : "node:os";
    const failures = [
      client.doRemoteCall(module, "missing_function", args, { kwargs, env }),
      client.doRemoteCall("missing_module", "f", args, { kwargs, env }),
      client.doRemoteCall(module, "getpriority", [{}, ...args], { kwargs, env }),
      client.doRemoteCall(runtime === "python" ? "os" : "node:process", "abort", [], { env }),
      client.doRemoteCall(module, runtime === "python" ? "_exit" : "hostname", [...args, Symbol("no value")], { env }),
      client.doRemoteCall(runtime === "python" ? "time" : "node:timers/promises", runtime === "python" ? "sleep" : "setTimeout", [9000], {
        env,
        timeout: 300,
      }),
    ];
    for (const outcome of await Promise.allSettled(failures)) {
      expect(outcome.status).toBe("rejected");
      if (outcome.status === "rejected") expect(shown(outcome.reason)).not.toMatch(pattern);
    }
    expect(inspect(client, { depth: 20, showHidden: true })).not.toMatch(pattern);
    expect(() => client.registerRemoteEnvVariable("A", `${canaries[0]}\0`)).toThrow(/^(?!.*canary)/);
  } finally {
    await client.close();
  }
  if (kind.name !== "memory") expect(await filesWithCanaries(host.home)).toEqual([]);
});

test.each(runtimes)("G27 a request that was pushed and never run holds no secret longer than the client lives, in %s", async (runtime) => {
  const connector = memory({ acceptsStdin: false, env: { PATH: hostPath } });
  // The host is to stay when the client closes.
  const client = new RemoteClient({ ...connector, close: async () => {}, [Symbol.asyncDispose]: async () => {} }, { runtime });
  const { args } = keep(client);
  const module = runtime === "python" ? "builtins" : "node:util";
  const fn = runtime === "python" ? "len" : "inspect";
  await client.doRemoteCall(module, fn, [args]);
  // The links of all four attempts end after the push.
  for (let attempt = 0; attempt < 4; attempt++) connector.inject("exec", { kind: "fail-before" });
  const error: unknown = await client.doRemoteCall(module, fn, [args]).catch((thrown: unknown) => thrown);
  expect(shown(error)).not.toMatch(pattern);
  expect(error).toMatchObject({ code: "outcome-unknown" });
  await client.close();
  expect(connector.operations.at(-1)).toMatchObject({ name: "exec" });
  expect(await filesWithCanaries(connector.directory)).toEqual([]);
  await connector.close();
});

test("G27 passwords and passphrases of a connector show nowhere when they are wrong", async () => {
  const server = await sharedSshd();
  const user = await server.addUser({ password: "right" });
  const [password, passphrase] = canaries.slice(30, 32) as [string, string];
  const options = {
    host: server.address,
    port: server.port,
    username: user.name,
    knownHosts: server.knownHosts,
    sshConfig: false,
    agent: false,
  } as const;
  for (const connector of [
    ssh({ ...options, password }),
    ssh({ ...options, privateKeyPath: server.key.path, passphrase, username: "nobody-here" }),
  ]) {
    await using client = new RemoteClient(connector);
    const call = client.doRemoteCall("os", "getcwd");
    const samples = await argumentVectors();
    const error: unknown = await call.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "auth-failed" });
    expect(shown(error) + samples + inspect(connector, { depth: 20, showHidden: true })).not.toMatch(pattern);
  }
});

test("G27 the password in a git URL and the token in a package index show nowhere when the installation fails", async () => {
  await using host = await hostKinds.find(({ name }) => name === "local")!.start();
  {
    await using client = new RemoteClient(host.connector);
    const git = await client.installGitModule(`http://me:${canaries[33]}@127.0.0.1:9/repository.git`).catch((thrown: unknown) => thrown);
    expect(git).toMatchObject({ code: "install-failed" });
    expect(shown(git)).not.toMatch(pattern);
    client.registerRemoteEnvVariable("PIP_INDEX_URL", `http://token:${canaries[34]}@127.0.0.1:9/simple`);
    const pip = await client
      .installPackages([`sample @ http://token:${canaries[35]}@127.0.0.1:9/sample.zip`], { timeout: 20_000 })
      .catch((thrown: unknown) => thrown);
    expect(pip).toMatchObject({ name: "RemoteModulesError" });
    expect(shown(pip)).not.toMatch(pattern);
  }
  expect(await filesWithCanaries(host.home)).toEqual([]);
}, 120_000);
