import { RemoteClient } from "@sremote/client";
import { type Connector, ssh } from "@sremote/connectors";
import { type Fault, memory, type OperationName } from "@sremote/connectors/testing";
import { OutcomeUnknownError, RemoteExecError } from "@sremote/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Proxy, startProxy } from "../../scripts/labs/proxy.ts";
import { until } from "../../scripts/labs/wait.ts";
import { Effects, newId, plantEffects } from "../support/effects.ts";
import { hostPath, mainKinds, runtimes, runtimesOn, sharedSshd, stopSshd, type TestHost } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

describe.each(mainKinds)("G01 a call id runs at most once on $name", (kind) => {
  let host: TestHost;
  let client: RemoteClient;

  beforeAll(async () => {
    host = await kind.start();
    await plantEffects(host.home);
    client = new RemoteClient(host.connector);
  });
  afterAll(async () => {
    await client?.close();
    await host?.[Symbol.asyncDispose]();
  });

  test.each(runtimesOn(kind))("G01 repeating a call with its id gives the stored result, in %s", async (runtime) => {
    const effects = new Effects(host.home);
    const id = newId();
    expect((await effects.call(client, runtime, "first", { id })).value).toBe("first");
    await client.doRemoteCall(runtime === "python" ? "os" : "node:os", runtime === "python" ? "getpid" : "hostname", [], { runtime });
    expect((await effects.call(client, runtime, "first", { id })).value).toBe("first");
    expect(await effects.runs()).toHaveLength(1);
  });

  test.each(runtimesOn(kind))("G01 the same id with other arguments is a conflict, in %s", async (runtime) => {
    const effects = new Effects(host.home);
    const id = newId();
    await effects.call(client, runtime, 1, { id });
    const error = await rejection(effects.call(client, runtime, 2, { id }), RemoteExecError);
    expect(error).toMatchObject({ code: "call-conflict", outcome: "not-run" });
    expect((await effects.call(client, runtime, 1, { id })).value).toBe(1);
    expect(await effects.runs()).toHaveLength(1);
  });

  test.each(runtimesOn(kind))("G01 two clients racing with one id run it once and both get the value, in %s", async (runtime) => {
    const effects = new Effects(host.home);
    const id = newId();
    const second = new RemoteClient(host.again());
    try {
      const both = [client, second].map((each) => effects.call(each, runtime, "shared", { id }, 0.2));
      expect((await Promise.all(both)).map(({ value }) => value)).toEqual(["shared", "shared"]);
      expect(await effects.runs()).toHaveLength(1);
    } finally {
      // Memory hosts share one connector, which the client closes.
      if (second.connector !== host.connector) await second.close();
    }
  });

  test.each(runtimesOn(kind))("G01 after kill -9 of the endpoint the outcome is unknown and stays so, in %s", async (runtime) => {
    const effects = new Effects(host.home);
    const id = newId();
    const call = rejection(effects.call(client, runtime, 1, { id }, 1.5), OutcomeUnknownError);
    const [run] = await until("the function to run", async () => {
      const runs = await effects.runs();
      return runs.length > 0 && runs;
    });
    process.kill(run!.endpoint, "SIGKILL");
    expect(await call).toMatchObject({ code: "outcome-unknown", callId: id });
    expect(await rejection(effects.call(client, runtime, 1, { id }, 1.5), OutcomeUnknownError)).toMatchObject({ code: "outcome-unknown" });
    expect(await effects.runs()).toHaveLength(1);
  });
});

test.each(runtimes)("G01 a request that waits is not taken away by another client's with the same id, in %s", async (runtime) => {
  const inner = memory({ acceptsStdin: false, env: { PATH: hostPath } });
  await plantEffects(inner.directory);
  const effects = new Effects(inner.directory);
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const slow: Connector = {
    label: inner.label,
    acceptsStdin: false,
    exec: async (command, options) => {
      if (Array.isArray(command) && command.includes("call")) {
        reached.resolve();
        await gate.promise;
      }
      return await inner.exec(command, options);
    },
    push: (source, path, options) => inner.push(source, path, options),
    pull: (path, sink, options) => inner.pull(path, sink, options),
    status: (options) => inner.status(options),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  };
  const id = newId();
  await using first = new RemoteClient(inner, { runtime });
  const late = effects.call(new RemoteClient(slow, { runtime }), runtime, "shared", { id });
  await reached.promise; // its request lies on the host
  expect((await effects.call(first, runtime, "shared", { id })).value).toBe("shared");
  gate.resolve();
  expect((await late).value).toBe("shared");
  expect(await effects.runs()).toHaveLength(1);
});

/** Every operation of a first call over files, and what may befall it. */
const lost: Fault[] = [{ kind: "fail-before" }, { kind: "fail-after" }];
const overFiles: [OperationName, number, string, Fault[]][] = [
  ["exec", 0, "the probe", [...lost, { kind: "cut", bytes: 40 }]],
  ["push", 0, "the payload", [...lost, { kind: "corrupt" }]],
  ["exec", 1, "the installation", lost],
  ["push", 1, "the request", [...lost, { kind: "corrupt" }]],
  ["exec", 2, "the call", [...lost, { kind: "cut", bytes: 0 }]],
  ["pull", 0, "the reply", [...lost, { kind: "cut", bytes: 0 }, { kind: "cut", bytes: 100 }, { kind: "corrupt" }]],
];
const overPipes: [OperationName, number, string, Fault[]][] = [
  [
    "exec",
    0,
    "the call",
    [...lost, { kind: "cut", bytes: 0 }, { kind: "cut", bytes: 20 }, { kind: "cut", bytes: 100 }, { kind: "corrupt" }],
  ],
];

describe.each([
  { carriage: "files", cases: overFiles, acceptsStdin: false },
  { carriage: "pipes", cases: overPipes, acceptsStdin: true },
])("G01 G19 faults over $carriage", ({ cases, acceptsStdin }) => {
  const flat = cases.flatMap(([operation, skip, what, faults]) =>
    faults.map((fault) => ({ operation, skip, what, fault, title: JSON.stringify(fault) })),
  );

  /** With Node's endpoint what reaches it: of what is lost before, of the probe and of the reply on its way back it knows nothing. Nightly all. */
  const reaches = ({ what, fault }: (typeof flat)[number]): boolean => fault.kind !== "fail-before" && !/probe|reply/.test(what);

  describe.each(runtimes)("in %s", (runtime) => {
    test.each(flat.filter((each) => isNightly || runtime === "python" || reaches(each)))(
      "$what meets $title: one run, and the result arrives",
      async ({ operation, skip, fault }) => {
        const connector = memory({ acceptsStdin, env: { PATH: hostPath } });
        await using client = new RemoteClient(connector, { runtime, transport: "spool" });
        await plantEffects(connector.directory);
        const effects = new Effects(connector.directory);
        connector.inject(operation, fault, skip);
        expect((await effects.call(client, runtime, "arrived")).value).toBe("arrived");
        expect(connector.operations.filter((each) => each.fault !== undefined)).toHaveLength(1);
        expect(await effects.runs()).toHaveLength(1);
      },
    );

    test("G01 with every attempt lost the outcome is unknown; repeating the call with its id brings the result", async () => {
      const connector = memory({ acceptsStdin, env: { PATH: hostPath } });
      await using client = new RemoteClient(connector, { runtime, transport: "spool" });
      await plantEffects(connector.directory);
      const effects = new Effects(connector.directory);
      await new Effects(connector.directory).call(client, runtime, 0);
      await new Effects(connector.directory).call(client, runtime, "deployed");
      const id = newId();
      for (let attempt = 0; attempt < 4; attempt++) connector.inject("exec", { kind: "fail-after" });
      const error = await rejection(effects.call(client, runtime, "kept", { id }), OutcomeUnknownError);
      expect(error.hint).toContain(id);
      expect(await effects.runs()).toHaveLength(1);
      expect((await effects.call(client, runtime, "kept", { id })).value).toBe("kept");
      expect(await effects.runs()).toHaveLength(1);
    });
  });
});

describe("G01 a cut SSH link", () => {
  let proxy: Proxy;
  let home: string;
  let connector: Connector;

  beforeEach(async () => {
    const server = await sharedSshd();
    const user = await server.addUser();
    proxy = await startProxy({ host: server.address, port: server.port });
    home = user.home;
    const publicKey = server.hostKeys[0]!.publicKey;
    connector = ssh({
      host: proxy.address,
      port: proxy.port,
      username: user.name,
      privateKeyPath: server.key.path,
      hostKey: (key) => publicKey.endsWith(Buffer.from(key.key).toString("base64")),
      sshConfig: false,
    });
    await plantEffects(home);
  });
  afterEach(async () => {
    await connector.close();
    await proxy.stop();
  });

  const running = (effects: Effects): Promise<unknown> => until("the function to run", async () => (await effects.runs()).length > 0);

  test.each(runtimes)("G01 cut while the call runs: the client's own retry brings the result, in %s", async (runtime) => {
    await using client = new RemoteClient(connector, { runtime, transport: "spool" });
    const effects = new Effects(home);
    const call = effects.call(client, runtime, "after the cut", {}, 1);
    await running(effects);
    proxy.cut();
    proxy.restore();
    expect((await call).value).toBe("after the cut");
    expect(await effects.runs()).toHaveLength(1);
  });

  test.each(runtimes)("G01 cut for long: unknown, and the result is there when the host is reachable again, in %s", async (runtime) => {
    await using client = new RemoteClient(connector, { runtime, transport: "spool" });
    const effects = new Effects(home);
    const id = newId();
    const call = rejection(effects.call(client, runtime, "kept", { id }, 0.5), OutcomeUnknownError);
    await running(effects);
    proxy.cut();
    expect(await call).toMatchObject({ code: "outcome-unknown", callId: id });
    proxy.restore();
    expect((await effects.call(client, runtime, "kept", { id }, 0.5)).value).toBe("kept");
    expect(await effects.runs()).toHaveLength(1);
  });
});
