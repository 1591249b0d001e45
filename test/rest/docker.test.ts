/* What is particular to docker(), and remote calls and sessions through it, in containers of a real Docker Engine. */
import { readFile } from "node:fs/promises";
import { RemoteClient } from "@sremote/client";
import { docker, shell } from "@sremote/connectors";
import type { RestConnector } from "@sremote/connectors";
import { ConnectError, InvalidArgumentError } from "@sremote/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startDocker } from "../../scripts/labs/docker.ts";
import type { DockerLab } from "../../scripts/labs/docker.ts";
import { rejection } from "../support/rejection.ts";

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe("a container of a Docker Engine", () => {
  let lab: DockerLab;
  let container: string;
  const connectors: RestConnector[] = [];
  const connect = (options = {}): RestConnector => {
    const connector = docker({ container, socketPath: lab.socketPath, ...options });
    connectors.push(connector);
    return connector;
  };

  beforeAll(async () => {
    lab = await startDocker();
    container = await lab.addContainer();
  });
  afterEach(async () => {
    await Promise.all(connectors.splice(0).map((each) => each.close()));
  });
  afterAll(() => lab?.stop());

  test.each(["python", "node"] as const)("calls of %s share a session, stream, and call back", async (runtime) => {
    const client = new RemoteClient(connect(), { runtime });
    const [module, name] = runtime === "python" ? ["os", "getpid"] : ["node:os", "hostname"];
    const first = (await client.doRemoteCall(module, name)).value;
    const before = (client.connector as RestConnector).requests;
    expect((await client.doRemoteCall(module, name)).value).toBe(first);
    expect((client.connector as RestConnector).requests - before).toBe(0);
    if (runtime === "python") {
      const sum = await client.call("functools", "reduce", [(a: number, b: number) => a + b, [1, 2, 3]]);
      expect(sum.value).toBe(6);
      const items: unknown[] = [];
      for await (const each of client.call("itertools", "repeat", ["x", 3]).items()) items.push(each);
      expect(items).toEqual(["x", "x", "x"]);
    }
    await client.close();
    await expect.poll(() => lab.commands(container)).toEqual([]);
  });

  test("G31 16 MiB of all byte values go through a live process and back, and the end of input arrives", async () => {
    await using process = await connect().spawn!(["cat"]);
    process.stderr.resume();
    const sent = Buffer.alloc(16 * 2 ** 20, Buffer.from(Array.from({ length: 251 }, (_, index) => index)));
    process.stdin.end(sent);
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
    expect(await process.exit).toEqual({ exitCode: 0, signal: null });
  });

  test("a command, a push and a pull are three requests each, whatever their size", async () => {
    const connector = connect();
    const cost = async (operation: () => Promise<unknown>): Promise<number> => {
      const before = connector.requests;
      await operation();
      return connector.requests - before;
    };
    // The exit code may be asked for again when the engine does not know it yet.
    const within = (count: number): void => {
      expect(count).toBeGreaterThanOrEqual(3);
      expect(count).toBeLessThanOrEqual(5);
    };
    within(await cost(() => connector.exec(["true"])));
    within(await cost(() => connector.push(new Uint8Array(1), "/tmp/file")));
    within(await cost(() => connector.push(new Uint8Array(8 * 2 ** 20), "/tmp/file")));
    within(await cost(() => connector.pull("/tmp/file", { write() {} })));
    await connector.exec(["rm", "/tmp/file"]);
  });

  test("user and working directory are those that were asked for", async () => {
    const { stdout } = await connect({ user: "me", cwd: "/usr" }).exec(shell("id -un; pwd"));
    expect(textOf(stdout)).toBe("me\n/usr\n");
    expect(textOf((await connect({ user: "1000:0" }).exec(shell("id -u; id -g"))).stdout)).toBe("1000\n0\n");
  });

  test("disposing of a process ends it with everything it started", async () => {
    const process = await connect().spawn!(shell("sleep 300 & setsid sleep 301 & sleep 302; true"));
    await expect.poll(async () => (await lab.commands(container)).length).toBe(4);
    await process[Symbol.asyncDispose]();
    await expect.poll(() => lab.commands(container)).toEqual([]);
  });

  test("an abort while the engine starts a command ends it all the same", async () => {
    const connector = connect();
    for (const after of [0, 5, 10, 20, 30, 40, 60]) {
      const control = new AbortController();
      const running = rejection(connector.exec(shell("sleep 300; true"), { signal: control.signal }));
      setTimeout(() => control.abort(), after);
      expect((await running).code).toBe("cancelled");
    }
    await expect.poll(() => lab.commands(container), { timeout: 5000 }).toEqual([]);
  });

  test("a user, a directory or a shell that is not there is told in the engine's words", async () => {
    for (const [options, said] of [
      [{ user: "nobody-here" }, /unable to find user/],
      [{ cwd: "/nowhere" }, /no such file or directory/],
    ] as const) {
      const error = await rejection(connect(options).exec(["true"]), ConnectError);
      expect(error.code).toBe("channel-failed");
      expect(error.message).toMatch(said);
    }
  });

  test("no such container, one that is stopped, one that is paused: each is said", async () => {
    const missing = await rejection(connect({ container: "nobody" }).exec(["true"]), ConnectError);
    expect(missing.message).toMatch(/No such container: nobody/);
    const other = await lab.addContainer();
    await lab.ask("POST", `/containers/${other}/pause`);
    const paused = await rejection(connect({ container: other }).exec(["true"]), ConnectError);
    expect(paused.message).toMatch(/paused/);
    expect((await connect({ container: other }).status()).ok).toBe(false);
    await lab.ask("POST", `/containers/${other}/unpause`);
    await lab.ask("POST", `/containers/${other}/kill`);
    const stopped = await rejection(connect({ container: other }).exec(["true"]), ConnectError);
    expect(stopped.message).toMatch(/not running/);
    expect(stopped.code).toBe("connect-failed");
  });

  test("no engine at the socket is connect-refused, with a hint", async () => {
    const error = await rejection(connect({ socketPath: `${lab.directory}/none.sock` }).exec(["true"]), ConnectError);
    expect(error.code).toBe("connect-refused");
    expect(error.hint).toMatch(/dockerd does not run/);
  });

  test("G02 a command that ends with its container has the signal's code", async () => {
    const other = await lab.addContainer();
    const connector = connect({ container: other });
    const running = connector.exec(["sleep", "300"]);
    // Before that it is the shell that says that the command begins.
    const named = async (): Promise<string[]> => {
      const pids = await lab.commands(other);
      return await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
    };
    await expect.poll(named).toEqual([["sleep", "300", ""].join("\0")]);
    await lab.ask("POST", `/containers/${other}/kill`);
    expect((await running).exitCode).toBe(137);
  });

  test("wrong options are named", () => {
    const wrong: [string, Record<string, unknown>][] = [
      ["options.container", { container: "../other" }],
      ["options.container", { container: "" }],
      ["options.socketPath", { socketPath: "docker.sock" }],
      ["options.user", { user: "a b" }],
      ["options.cwd", { cwd: "relative" }],
    ];
    for (const [argument, options] of wrong) {
      expect(() => docker({ container, ...options })).toThrow(InvalidArgumentError);
      expect(() => docker({ container, ...options })).toThrow(argument);
    }
  });

  // The last: nothing can be asked afterwards.
  test("an engine that dies is a lost connection", async () => {
    const connector = connect();
    const running = rejection(connector.exec(["sleep", "300"]), ConnectError);
    await expect.poll(async () => (await lab.commands(container)).length).toBe(1);
    await lab.crash();
    expect((await running).code).toBe("connection-lost");
    expect((await rejection(connector.exec(["true"]), ConnectError)).code).toBe("connect-refused");
  });
});
