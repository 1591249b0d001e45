/* What holds for each call, whichever transport carries it: packages/client/src/call/transport.ts. Results and errors side by side are in same-as-files. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CallEvent, type CallOptions, RemoteClient } from "@sremote/client";
import { type Connector, local, type SpawnedProcess } from "@sremote/connectors";
import {
  ConnectError,
  InvalidArgumentError,
  OutcomeUnknownError,
  RemoteExecError,
  SremoteError,
  UnserializableError,
} from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { rejection } from "../support/rejection.ts";

const says = "__import__('sys').stderr.write('err\\n')";
/** Runs Python on the host. */
const run = (client: RemoteClient, code: string, options?: CallOptions): ReturnType<RemoteClient["call"]> =>
  client.call("builtins", "exec", [code], options);

describe.each(["session", "spool"] as const)("a call over the %s", (transport) => {
  const connect = (connector: Connector = local()): RemoteClient =>
    new RemoteClient(connector, { transport: transport === "spool" ? "spool" : "auto", resumeTimeout: 1000 });
  let client: RemoteClient;
  let directory: string;
  const events: CallEvent[] = [];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "sremote-transports-"));
    client = connect();
    client.on("call", (event) => void events.push(event));
    await client.doRemoteCall("os", "getpid");
  });
  afterAll(async () => {
    await client.close();
    await rm(directory, { recursive: true });
  });
  test("travels so", () => {
    expect(events[0]).toMatchObject({ transport, outcome: "value", function: "getpid" });
  });

  test("gives value, output and id", async () => {
    const call = client.call("builtins", "eval", [`[print("out"), ${says}, 6 * 7][2]`]);
    const result = await call;
    expect(result).toMatchObject({ value: 42, stdout: "out\n", stderr: "err\n", callId: call.id, host: { runtime: "python" } });
    expect(result.output.stdout).toEqual({ bytes: Uint8Array.from(Buffer.from("out\n")), total: 4, truncated: false });
    expect(await call.value).toBe(42);
  });

  test("without output has none, also where that is looked at when it has ended", async () => {
    const call = client.call("os", "getpid");
    expect((await call).output.stderr).toEqual({ bytes: new Uint8Array(), total: 0, truncated: false });
    expect(await Array.fromAsync(call.stdout)).toEqual([]);
  });

  test("gives its error to one who reads the output when it has ended", async () => {
    const call = run(client, "raise ValueError('no')");
    const error = await rejection(call, RemoteExecError);
    expect(await rejection(Array.fromAsync(call.stderr), RemoteExecError)).toBe(error);
  });

  test.each([
    ["raised", "print('before'); raise ValueError('no')", { outcome: "raised", code: "raised", stage: "call", stdout: "before\n" }],
    ["killed", "import os; os.kill(os.getpid(), 9)", { outcome: "killed", code: "killed", stage: "call", signal: "SIGKILL" }],
  ])("is told as %s", async (_, code, shape) => {
    const call = run(client, code);
    const error = await rejection(call, RemoteExecError);
    expect(error).toMatchObject({ ...shape, callId: call.id, host: client.connector.label });
  });

  test("whose function is not there has not run", async () => {
    const error = await rejection(client.call("os", "no_such_function"), RemoteExecError);
    expect(error).toMatchObject({ outcome: "not-run", code: "function-not-found" });
  });

  test("ends on the host at its deadline", async () => {
    const file = join(directory, "late");
    const code = `import time; print("begun", flush=True); time.sleep(30); open(${JSON.stringify(file)}, "w")`;
    const error = await rejection(run(client, code, { timeout: 1000 }), RemoteExecError);
    expect(error).toMatchObject({ outcome: "timeout", code: "timeout", stage: "call", stdout: "begun\n" });
    expect(existsSync(file)).toBe(false);
  });

  test("rejects within 100 ms of its signal, and ends on the host", async () => {
    const [begun, ended] = [join(directory, "begun"), join(directory, "ended")];
    const abort = new AbortController();
    const code = `
import time
try:
    open(${JSON.stringify(begun)}, "w").close()
    time.sleep(30)
finally:
    open(${JSON.stringify(ended)}, "w").close()
`;
    const call = rejection(run(client, code, { signal: abort.signal }), RemoteExecError);
    await vi.waitFor(() => expect(existsSync(begun)).toBe(true), { interval: 5, timeout: 10_000 });
    const since = performance.now();
    abort.abort(new Error("enough"));
    const error = await call;
    expect(performance.now() - since).toBeLessThan(100);
    expect(error).toMatchObject({ outcome: "cancelled", code: "cancelled", cause: { message: "enough" } });
    await vi.waitFor(() => expect(existsSync(ended)).toBe(true), { interval: 5, timeout: 10_000 });
  });

  test("whose signal was aborted before it was made is not run", async () => {
    const error = await rejection(client.call("os", "getpid", [], { signal: AbortSignal.abort() }), RemoteExecError);
    expect(error).toMatchObject({ outcome: "not-run", code: "cancelled" });
    expect(error.message).toContain("nothing ran");
  });

  test("that is cancelled before it is sent is not run", async () => {
    const call = client.call("os", "getpid");
    await call.cancel();
    expect(await rejection(call, RemoteExecError)).toMatchObject({ outcome: "cancelled", code: "cancelled", stage: "queue" });
  });

  test("takes its arguments when it is made", async () => {
    const list = [1, 2];
    const call = client.call("builtins", "sum", [list]);
    list.push(3);
    expect(await call.value).toBe(3);
  });

  test("refuses arguments that cannot travel, and options that are wrong, before anything is sent", async () => {
    const untouched = new Proxy(local(), {
      get: (target, name) => (name === "exec" || name === "spawn" ? () => expect.unreachable() : Reflect.get(target, name, target)),
    });
    await using own = connect(untouched);
    await rejection(own.call("builtins", "len", [Symbol("none")]), UnserializableError);
    await rejection(own.call("os", "getpid", [], { timeout: -1 }), InvalidArgumentError);
  });

  test("takes the result of another as an argument, or is not run where that has none", async () => {
    const sum = client.call("builtins", "sum", [[1, 2]]);
    expect(await client.call("builtins", "str", [sum]).value).toBe("3");
    const failing = client.call("builtins", "int", ["x"]);
    const error = await rejection(client.call("builtins", "str", [failing]), RemoteExecError);
    expect(error).toMatchObject({ outcome: "not-run", code: "dependency-failed", cause: { code: "raised" } });
  });

  test("passes output on, cuts or drops it as it is told to", async () => {
    const parts: Uint8Array[] = [];
    const sink = { write: (chunk: Uint8Array): void => void parts.push(chunk) };
    const result = await run(client, `print("x" * 10); ${says}`, { stdout: sink, stderr: "discard", outputLimit: 4 });
    expect(Buffer.concat(parts).toString().slice(0, 4)).toBe("xxxx");
    expect(result.output.stdout).toMatchObject({ bytes: Uint8Array.from(Buffer.from("xxxx")), total: 11, truncated: true });
    expect(result.output.stderr).toMatchObject({ bytes: new Uint8Array(), total: 4, truncated: false });
  });

  test("of a host that cannot be reached has not run", async () => {
    const refuse = async (): Promise<never> => {
      throw new ConnectError("connect-refused", "nobody listens");
    };
    await using own = connect(new Proxy(local(), { get: (target, name) => (isStart(name) ? refuse : Reflect.get(target, name, target)) }));
    expect(await rejection(own.call("os", "getpid"), ConnectError)).toMatchObject({ code: "connect-refused" });
  });

  test("whose link is lost for good while it may run has an outcome that is unknown", async () => {
    const begun = join(directory, "cut");
    const { connector, cut } = severable(local());
    await using own = connect(connector);
    const call = run(own, `import time; open(${JSON.stringify(begun)}, "w").close(); time.sleep(2)`);
    const error = rejection(call, OutcomeUnknownError);
    await vi.waitFor(() => expect(existsSync(begun)).toBe(true), { interval: 5, timeout: 10_000 });
    cut();
    expect(await error).toMatchObject({ code: "outcome-unknown", stage: "call", callId: call.id, host: connector.label });
  });

  test("of a client that was closed has not run", async () => {
    const own = connect();
    await own.close();
    expect(await rejection(own.call("os", "getpid"), SremoteError)).toMatchObject({ code: "closed" });
  });
});

function isStart(name: string | symbol): boolean {
  return name === "exec" || name === "spawn";
}

/** A connector whose commands and processes, and all later ones, can be lost at once. */
function severable(inner: Connector): { connector: Connector; cut: () => void } {
  const processes: SpawnedProcess[] = [];
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined);
  let isCut = false;
  const exec: Connector["exec"] = (command, options) => Promise.race([lost.promise, inner.exec(command, options)]);
  const spawn: Connector["spawn"] = async (command, options) => {
    if (isCut) return await lost.promise;
    const process = await inner.spawn!(command, options);
    processes.push(process);
    return process;
  };
  return {
    connector: new Proxy(inner, {
      get: (target, name) => (name === "exec" ? exec : name === "spawn" ? spawn : bound(target, name)),
    }),
    cut: () => {
      isCut = true;
      lost.reject(new ConnectError("connection-lost", "the link was cut"));
      for (const process of processes) process[Symbol.asyncDispose]().then(undefined, () => undefined);
    },
  };
}

function bound(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name, target);
  return typeof member === "function" ? (member.bind(target) as unknown) : member;
}
