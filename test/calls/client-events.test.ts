/* What a client tells of its connections and calls to those who watch a program in production. */
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { type CallEvent, type ClientEventName, type ClientEvents, RemoteClient, type RemoteClientOptions } from "@sremote/client";
import { type Connector, local } from "@sremote/connectors";
import { fleet } from "@sremote/fleet";
import { ConnectError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { rejection } from "../support/rejection.ts";

type Told = { [N in ClientEventName]: readonly [N, ClientEvents[N]] }[ClientEventName];

const every: readonly ClientEventName[] = ["connect", "disconnect", "reconnect", "call"];

/** A client and all that it tells. `next` resolves at the next event of a name. */
function watched(connector: Connector, options?: RemoteClientOptions) {
  const client = new RemoteClient(connector, options);
  const told: Told[] = [];
  for (const name of every) client.on(name, (event) => void told.push([name, event] as unknown as Told));
  const next = <N extends ClientEventName>(name: N): Promise<ClientEvents[N]> =>
    new Promise((resolve) => {
      const remove = client.on(name, (event) => {
        remove();
        resolve(event);
      });
    });
  const names = (): string[] => told.map(([name]) => name);
  const calls = (): CallEvent[] => told.flatMap(([name, event]) => (name === "call" ? [event] : []));
  return { client, told, next, names, calls };
}

/** This machine over links that can be cut, while what runs there goes on. */
function overLinks(): { connector: Connector; cut: () => void; refuse: () => void } {
  const inner = local();
  let cut = (): void => undefined;
  let refuses = false;
  const lost = (): ConnectError => new ConnectError("connection-lost", "the link was cut", { host: inner.label });
  const connector: Connector = {
    label: inner.label,
    acceptsStdin: inner.acceptsStdin,
    exec: (...given) => inner.exec(...given),
    push: (...given) => inner.push(...given),
    pull: (...given) => inner.pull(...given),
    status: (...given) => inner.status(...given),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
    spawn: async (...given) => {
      if (refuses) throw lost();
      const process = await inner.spawn!(...given);
      const { promise: end, reject } = Promise.withResolvers<never>();
      const exit = Promise.race([process.exit, end]);
      exit.catch(() => undefined);
      const stdout = process.stdout.pipe(new PassThrough());
      cut = () => {
        process.stdin.destroy();
        stdout.destroy();
        reject(lost());
      };
      const { stdin, stderr } = process;
      return {
        stdin,
        stdout,
        stderr,
        exit,
        kill: (signal) => process.kill(signal),
        [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
      };
    },
  };
  return { connector, cut: () => cut(), refuse: () => void (refuses = true) };
}

/** A function that prints when it has begun. @returns its call, once it runs */
async function running(client: RemoteClient, seconds: number) {
  const call = client.call<number>("subprocess", "call", [["sh", "-c", `echo begun; sleep ${seconds}; exit 7`]], { stderr: "discard" });
  call.catch(() => undefined);
  for await (const line of call.stdout) if (line === "begun") break;
  return { call }; // a promise itself, it would be awaited
}

describe.concurrent.each(["python", "node"] as const)("calls of %s", (runtime) => {
  const [module, fn] = runtime === "python" ? ["math", "sqrt"] : ["node:util", "inspect"];

  test("a session's start is told, then each call with how it ended", async () => {
    const { client, told, names, calls } = watched(local(), { runtime });
    await using _ = client;
    const before = Date.now();
    const result = await client.doRemoteCall(module, fn, [16]);
    expect(names()).toEqual(["connect", "call"]);
    const [[, connect]] = told as [Told];
    expect(connect).toMatchObject({ host: client.connector.label, runtime });
    const [call] = calls();
    expect(call).toMatchObject({ host: client.connector.label, runtime, id: result.callId, module, function: fn });
    expect(call).toMatchObject({ transport: "session", outcome: "value", code: undefined, outputBytes: 0 });
    for (const { time, duration } of [connect as CallEvent, call!]) {
      expect(time).toBeGreaterThanOrEqual(before);
      expect(duration).toBeGreaterThan(0);
      expect(time + duration).toBeLessThanOrEqual(Date.now() + 2); // clocks of their own, in whole milliseconds
    }
    expect(call!.sentBytes).toBeGreaterThan(20);
    expect(call!.receivedBytes).toBeGreaterThan(20);
  });

  test("over files calls are told in the same way, and no session", async () => {
    const { client, names, calls } = watched(local(), { runtime, transport: "spool" });
    await using _ = client;
    await client.doRemoteCall(module, fn, [16]);
    expect(names()).toEqual(["call"]);
    expect(calls()).toMatchObject([{ transport: "spool", outcome: "value", runtime, module, function: fn }]);
    expect(calls()[0]!.sentBytes).toBeGreaterThan(20);
    expect(calls()[0]!.receivedBytes).toBeGreaterThan(20);
  });
});

describe.concurrent("calls", () => {
  test("an error is told by its code, and by whether the function ran", async () => {
    const { client, calls } = watched(local());
    await using _ = client;
    const errors = [
      await rejection(client.doRemoteCall("json", "loads", ["{"])),
      await rejection(client.doRemoteCall("no_such_module", "f")),
      await rejection(client.doRemoteCall("time", "sleep", [60], { timeout: 500 })),
      await rejection(client.doRemoteCall("time", "sleep", [60], { signal: AbortSignal.abort() })),
    ];
    expect(calls().map(({ code }) => code)).toEqual(errors.map(({ code }) => code));
    expect(calls().map(({ outcome }) => outcome)).toEqual(["raised", "not-run", "timeout", "not-run"]);
    const { call: long } = await running(client, 60);
    await long.cancel();
    expect(calls().at(-1)).toMatchObject({ code: "cancelled", outcome: "cancelled", function: "call", outputBytes: 6 });
  });

  test("a call that is refused for its arguments is none, and is not told", async () => {
    const { client, calls } = watched(local());
    await using _ = client;
    await rejection(client.doRemoteCall("math", "", [16]));
    await rejection(client.doRemoteCall("math", "sqrt", [Symbol("not a value")]));
    expect(calls()).toEqual([]);
  });

  test("items of a generator, and what is done with an object, are calls of their own", async () => {
    const { client, calls } = watched(local());
    await using _ = client;
    for await (const item of client.call("builtins", "iter", [[1, 2]]).items()) expect([1, 2]).toContain(item);
    await using counter = (await client.call("collections", "Counter", ["aab"], { returns: "object" })).value;
    await counter.call("most_common").value;
    expect(calls().map((call) => `${call.module} ${call.function}`)).toEqual([
      "builtins iter",
      "sremote:object next",
      "sremote:object next",
      "sremote:object next",
      "collections Counter",
      "sremote:object call",
    ]);
  });

  test("nothing of arguments, results, output or environment is in an event", async () => {
    const { client, told } = watched(local());
    await using _ = client;
    const script = ["sh", "-c", 'echo "$SECRET in-output"; exit 3'];
    await client.doRemoteCall("subprocess", "call", [script], { env: { SECRET: "in-environment" } });
    await rejection(client.doRemoteCall("builtins", "int", ["in-argument"]));
    await client.doRemoteCall("builtins", "str", ["in-result"]);
    expect(told).toHaveLength(4);
    expect(JSON.stringify(told)).not.toMatch(/in-(?:output|environment|argument|result)/);
    const known = "host runtime id module function transport time duration outcome code sentBytes receivedBytes outputBytes".split(" ");
    for (const [, event] of told) expect(known).toEqual(expect.arrayContaining(Object.keys(event)));
  });

  test("a handler runs in the context of the code that made the call, so that spans find their parents", async () => {
    const { client } = watched(local());
    await using _ = client;
    const context = new AsyncLocalStorage<string>();
    const seen = new Map<string, string | undefined>();
    client.on("call", ({ function: name }) => void seen.set(name, context.getStore()));
    await Promise.all([
      context.run("first", () => client.doRemoteCall("math", "sqrt", [4])),
      context.run("second", () => client.doRemoteCall("math", "floor", [4.5])),
    ]);
    expect(Object.fromEntries(seen)).toEqual({ sqrt: "first", floor: "second" });
  });

  test("a handler that is removed is told nothing, and calls of which none wants to know keep no notes", async () => {
    await using client = new RemoteClient(local());
    const heard: string[] = [];
    const remove = client.on("call", ({ function: name }) => void heard.push(name));
    const told = client.call("math", "sqrt", [4]);
    expect(told.invocation.context.notes).toBeDefined();
    await told;
    remove();
    remove();
    const untold = client.call("math", "floor", [4.5]);
    expect(untold.invocation.context.notes).toBeUndefined();
    await untold;
    expect(heard).toEqual(["sqrt"]);
  });
});

describe.concurrent("links", () => {
  test("one that is cut is told, and the one that takes its place; the call goes on", async () => {
    const { connector, cut } = overLinks();
    const { client, told, next, names, calls } = watched(connector);
    await using _ = client;
    const { call } = await running(client, 1);
    const [lost, back] = [next("disconnect"), next("reconnect")];
    cut();
    expect(await lost).toMatchObject({ host: connector.label, runtime: "python", code: "connection-lost", resumes: true });
    const { duration, time } = await back;
    expect(duration).toBeGreaterThan(0);
    expect(Math.abs(time - (await lost).time)).toBeLessThan(100);
    expect((await call).value).toBe(7);
    expect(names()).toEqual(["connect", "disconnect", "reconnect", "call"]);
    expect(calls()).toMatchObject([{ outcome: "value", code: undefined }]);
    await client.close();
    expect(told.at(-1)).toMatchObject(["disconnect", { code: "closed", resumes: false }]);
    expect(told).toHaveLength(5);
  });

  test("a session that cannot be taken up again is told to be over, and its call to be of unknown outcome", async () => {
    const { connector, cut, refuse } = overLinks();
    const { client, told, names } = watched(connector, { resumeTimeout: 1000 });
    await using _ = client;
    const { call } = await running(client, 60);
    refuse();
    cut();
    await rejection(call);
    expect(names()).toEqual(["connect", "disconnect", "disconnect", "call"]);
    expect(told.slice(1)).toMatchObject([
      ["disconnect", { code: "connection-lost", resumes: true }],
      ["disconnect", { code: "connection-lost", resumes: false }],
      ["call", { code: "outcome-unknown", outcome: "unknown" }],
    ]);
  });

  test("a handler may close the client", async () => {
    const { connector, cut } = overLinks();
    const client = new RemoteClient(connector);
    await using _ = client;
    const { call } = await running(client, 60);
    const closing = new Promise((resolve) => {
      client.on("disconnect", ({ resumes }) => {
        if (resumes) resolve(client.close());
      });
    });
    cut();
    expect(await rejection(call)).toMatchObject({ code: "closed" });
    await closing;
  });
});

test("a handler that throws, at once or later, ends neither link nor call: a warning of the process tells", async () => {
  const { connector, cut } = overLinks();
  const { client, next } = watched(connector);
  await using _ = client;
  const warnings: string[] = [];
  const note = ({ message }: Error): void => void warnings.push(message);
  process.on("warning", note);
  try {
    for (const name of every) {
      client.on(name, () => {
        throw new Error(`${name} at once`);
      });
      client.on(name, async () => {
        await Promise.resolve();
        throw new Error(`${name} later`);
      });
    }
    const { call } = await running(client, 1);
    const back = next("reconnect");
    cut();
    await back;
    expect((await call).value).toBe(7);
    expect((await client.doRemoteCall("math", "sqrt", [16])).value).toBe(4);
    while (warnings.length < 10) await once(process, "warning");
  } finally {
    process.off("warning", note);
  }
  const told = ["call", "call", "connect", "disconnect", "reconnect"].flatMap((name) => [
    `a handler of "${name}" threw: ${name} at once`,
    `a handler of "${name}" threw: ${name} later`,
  ]);
  expect(warnings.toSorted()).toEqual(told.toSorted());
});

test("channels of the process tell of all clients, those of fleets included", async () => {
  const told: [string, unknown][] = [];
  const listeners = every.map((name) => [`sremote:${name}`, (event: unknown) => void told.push([name, event])] as const);
  for (const [name, listener] of listeners) subscribe(name, listener);
  try {
    await using nodes = fleet(["a", "b"], { connect: () => local(), logLevel: "silent" });
    await nodes.call("math", "sqrt", [16]).orThrow();
  } finally {
    for (const [name, listener] of listeners) unsubscribe(name, listener);
  }
  expect(told.map(([name]) => name).toSorted()).toEqual(["call", "call", "connect", "connect", "disconnect", "disconnect"]);
  const call = { module: "math", function: "sqrt", outcome: "value", transport: "session" };
  expect(told.filter(([name]) => name === "call")).toMatchObject([
    ["call", call],
    ["call", call],
  ]);
});

test("an event that does not exist, and a handler that is no function, are refused", async () => {
  await using client = new RemoteClient(local());
  expect(() => client.on("conect" as "connect", () => undefined)).toThrow(/^event must be "connect", .*, not "conect"/);
  expect(() => client.on("call", undefined as never)).toThrow(/^handler must be a function, not undefined/);
});
