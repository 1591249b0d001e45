/* What `console.log` prints of clients, calls, fleets and what comes of them: short, useful, and no secret. */
import { inspect } from "node:util";
import { RemoteClient } from "@sremote/client";
import { jupyter, local, ssh } from "@sremote/connectors";
import { fleet } from "@sremote/fleet";
import { expect, test } from "vitest";
import { rejection } from "../support/rejection.ts";

test("a client shows its host, and how things stand", async () => {
  const client = new RemoteClient(local());
  const of = (state: string): string => `RemoteClient { host: 'local://', runtime: 'python', transport: 'session', state: '${state}' }`;
  expect(inspect(client)).toBe(of("not connected"));
  const call = client.call("math", "sqrt", [16]);
  await Promise.resolve();
  expect(inspect(client)).toBe(of("connecting"));
  await call;
  expect(inspect(client)).toBe(of("connected"));
  await client.close();
  expect(inspect(client)).toBe(of("closed"));
  await using files = new RemoteClient(local(), { transport: "spool", runtime: "node" });
  expect(inspect(files)).toBe("RemoteClient { host: 'local://', runtime: 'node', transport: 'spool', state: 'open' }");
});

test("a call shows its function and host, and whether it waits, runs or has ended, and how", async () => {
  await using client = new RemoteClient(local());
  const call = client.call("subprocess", "call", [["sh", "-c", "echo begun; sleep 60"]]);
  const of = (state: string): string => `Call { function: 'subprocess.call', host: 'local://', id: '${call.id}', state: '${state}' }`;
  expect(inspect(call)).toBe(of("waiting for its turn"));
  for await (const line of call.stdout) if (line === "begun") break;
  expect(inspect(call)).toBe(of("running"));
  await call.cancel();
  expect(inspect(call)).toBe(of("cancelled"));
  const other = client.call("math", "sqrt", [16]);
  await other;
  expect(inspect(other)).toBe(`Call { function: 'math.sqrt', host: 'local://', id: '${other.id}', state: 'value' }`);
});

test("objects, iterators and outputs show whose they are", async () => {
  await using client = new RemoteClient(local());
  await using counter = (await client.call("collections", "Counter", ["aab"], { returns: "object" })).value;
  expect(inspect({ counter })).toBe("{\n  counter: RemoteObject { type: 'collections.Counter', host: 'local://' }\n}");
  const call = client.call("builtins", "iter", [[1]]);
  const { value: items } = await call;
  expect(inspect(items)).toBe("RemoteIterable { host: 'local://', ended: false }");
  expect(inspect(call.stdout)).toBe("CallOutput { bytes: 0, ended: false }");
  await (items as AsyncIterator<unknown>).return?.();
  expect(inspect(items)).toBe("RemoteIterable { host: 'local://', ended: true }");
});

test("a fleet shows its hosts, a run and its parts what came of them", async () => {
  await using nodes = fleet("node[1-3]", { connect: () => local(), logLevel: "silent" });
  expect(inspect(nodes)).toBe("Fleet { hosts: 'node[1-3]', length: 3 }");
  expect(inspect(nodes.hosts)).toBe("HostSet { hosts: 'node[1-3]', length: 3 }");
  const run = nodes.run("exit {{{index}}}", { name: "statuses" });
  expect(inspect(run)).toBe("Run { name: 'statuses', jobs: 3, state: 'idle' }");
  const result = await run;
  expect(inspect(run)).toBe("Run { name: 'statuses', jobs: 3, ok: false, failed: 'node[2-3]' }");
  expect(inspect(result)).toBe("RunResult { name: 'statuses', jobs: 3, ok: false, failed: 'node[2-3]' }");
  expect(inspect(result.jobs[1])).toBe("RemoteProcess { host: 'node2', state: 'ended', reason: 'exit', exitCode: 1 }");
  const calls = await nodes.call("math", "sqrt", [16]);
  expect(inspect(calls.jobs[0])).toBe("RemoteCall { host: 'node1', state: 'ended', reason: 'exit', exitCode: 0 }");
});

test("no credential, argument or variable is shown, however deep", async () => {
  const secret = "a-secret-of-mine";
  const connectors = [
    ssh({ host: "h", username: "u", password: secret, passphrase: secret }),
    jupyter({ baseUrl: `http://127.0.0.1:1/?token=${secret}` }),
  ];
  for (const connector of connectors) {
    await using client = new RemoteClient(connector);
    client.registerRemoteEnvVariable("SECRET", secret);
    const call = client.call("m", "f", [secret], { env: { SECRET: secret }, signal: AbortSignal.abort() });
    await rejection(call);
    for (const each of [client, call, connector]) expect(inspect(each, { depth: Infinity })).not.toContain(secret);
  }
  await using nodes = fleet("node[1-3]", { connect: () => local(), logLevel: "silent" });
  const run = nodes.run("true", { env: { SECRET: secret } });
  const calls = nodes.call("math", "sqrt", [16], { env: { SECRET: secret } });
  for (const each of [nodes, run, calls, await run, await calls])
    expect(inspect(each, { depth: Infinity, showHidden: true })).not.toContain(secret);
});
