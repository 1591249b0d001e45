/* What is particular to jupyter(), and remote calls through it, on real Jupyter Servers. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { jupyter, shell } from "@sremote/connectors";
import type { RestConnector } from "@sremote/connectors";
import { ConnectError, InvalidArgumentError, TransferError } from "@sremote/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startJupyter } from "../../scripts/labs/jupyter.ts";
import type { JupyterLab } from "../../scripts/labs/jupyter.ts";
import { signalEach } from "../../scripts/labs/processes.ts";
import { startProxy } from "../../scripts/labs/proxy.ts";
import { run } from "../../scripts/labs/run.ts";
import { until } from "../../scripts/labs/wait.ts";
import { hostPath } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";
import { makeRepositories } from "../support/repositories.ts";

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe("a Jupyter Server with a token", () => {
  let lab: JupyterLab;
  const connectors: RestConnector[] = [];
  const connect = (options = {}): RestConnector => {
    const connector = jupyter({ baseUrl: lab.baseUrl, token: lab.token, ...options });
    connectors.push(connector);
    return connector;
  };

  beforeAll(async () => {
    lab = await startJupyter({ env: { PATH: hostPath } });
  });
  afterEach(async () => {
    await Promise.all(connectors.splice(0).map((each) => each.close()));
  });
  afterAll(() => lab?.stop());

  test("calls of Python and Node, environment, installs and self-discovery work as everywhere", async () => {
    await using repositories = await makeRepositories();
    const repository = await repositories.python("sample_tools", "1.5", "stable");
    await writeFile(join(lab.home, ".gitconfig"), "[safe]\n\tdirectory = *\n");
    const client = new RemoteClient(connect());
    expect((await client.doRemoteCall("operator", "mul", [6, 7])).value).toBe(42);
    expect((await client.doRemoteCall("node:path", "join", ["a", "b"], { runtime: "node" })).value).toBe("a/b");
    client.registerRemoteEnvVariable("SAMPLE", "it's $HOME; 'here'");
    expect((await client.doRemoteCall("os", "getenv", ["SAMPLE"])).value).toBe("it's $HOME; 'here'");
    const { interpreter } = await client.bootstrapInstall();
    expect(interpreter).toBe(join(lab.home, ".sremote/env/bin/python"));
    await client.installGitModule(repository, "stable", "sample_tools");
    expect(await client.isModuleInstalled("sample_tools")).toBe(true);
    expect((await client.doRemoteCall("sample_tools", "answer")).value).toBe(42);
    await writeFile(join(lab.home, ".sremote/.location"), '{"sremoteDir": "tools/.sremote"}');
    await expect(new RemoteClient(client.connector).doSelfDiscovery()).resolves.toBeDefined();
    await run("rm", ["-rf", join(lab.home, ".sremote"), join(lab.home, ".gitconfig")]);
  });

  test("a command is one message, a push or pull two requests, and each 4 MiB of a push one more", async () => {
    const connector = connect();
    const cost = async (operation: () => Promise<unknown>): Promise<number> => {
      const before = connector.requests;
      await operation();
      return connector.requests - before;
    };
    const file = join(lab.home, "file");
    const mebibytes = (count: number): Uint8Array => new Uint8Array(count * 2 ** 20);
    // A command that takes longer than a fifth of a second is asked for its end.
    const expectCost = async (count: number, late: number, operation: () => Promise<unknown>): Promise<void> => {
      const found = await cost(operation);
      expect(found).toBeGreaterThanOrEqual(count);
      expect(found).toBeLessThanOrEqual(count + late);
    };
    // The kernel's name, what others left, the session, the connection, the program; then the command.
    await expectCost(6, 1, () => connector.exec(["true"]));
    await expectCost(1, 1, () => connector.exec(["true"]));
    await expectCost(2, 1, () => connector.exec(["cat"], { stdin: mebibytes(1) }));
    // The home directory, a directory in it, and a look whether the server sees it.
    await expectCost(5, 2, () => connector.push(mebibytes(0), file));
    await expectCost(2, 1, () => connector.push(mebibytes(1), file));
    await expectCost(6, 1, () => connector.push(mebibytes(16), file));
    await expectCost(3, 1, () => connector.pull(file, { write() {} }));
    const client = new RemoteClient(connector);
    await client.doRemoteCall("os", "getpid");
    // Its request goes before it, its result comes along.
    await expectCost(2, 1, () => client.doRemoteCall("os", "getpid"));
    await expectCost(2, 1, () => client.doRemoteCall("builtins", "bytes", [mebibytes(1)]));
    await connector.exec(["rm", file]);
  });

  test("a command that outlasts its request is announced, not asked after", async () => {
    const connector = connect();
    await connector.exec(["true"]);
    const before = connector.requests;
    await connector.exec(["sleep", "0.4"]);
    expect(connector.requests - before).toBe(2);
  });

  test("G01 the link breaks while a command runs: it goes on, ran once, and its result arrives", async () => {
    const proxy = await startProxy({ host: "127.0.0.1", port: lab.port });
    try {
      await using connector = jupyter({ baseUrl: `http://${proxy.address}:${proxy.port}/base`, token: lab.token });
      const count = join(lab.home, "count");
      const running = connector.exec(shell(`echo run >> ${count}; while [ ! -e ${count}.go ]; do sleep 0.05; done; echo done`));
      await until("the command to begin", () => readFile(count, "utf8").catch(() => undefined));
      proxy.cut();
      proxy.restore();
      await writeFile(`${count}.go`, "");
      expect(textOf((await running).stdout)).toBe("done\n");
      expect(await readFile(count, "utf8")).toBe("run\n");
    } finally {
      await proxy.stop();
    }
  });

  test("a kernel that is killed is a lost connection, its commands end, and the next command gets another kernel", async () => {
    const connector = connect();
    const running = rejection(connector.exec(["sleep", "300"]), ConnectError);
    await until("the command to run", async () => (await lab.commands()).length > 0);
    const kernels = await lab.kernels();
    signalEach(kernels, "SIGKILL");
    const error = await running;
    expect(error.code).toBe("connection-lost");
    expect(error.message).toContain("kernel died");
    expect((await connector.exec(shell("exit 4"))).exitCode).toBe(4);
    await expect.poll(() => lab.commands()).toEqual([]);
    await connector.close();
    await expect.poll(() => lab.kernels(), { timeout: 10_000 }).toEqual([]);
  });

  test("a kernel that was restarted while idle is noticed, and nothing is lost", async () => {
    const connector = connect();
    await connector.exec(["true"]);
    const headers = { authorization: `token ${lab.token}` };
    const list = (await (await fetch(`${lab.baseUrl}/api/kernels`, { headers })).json()) as { id: string }[];
    expect(list).toHaveLength(1);
    await fetch(`${lab.baseUrl}/api/kernels/${list[0]!.id}/restart`, { method: "POST", headers });
    expect((await connector.exec(shell("exit 5"))).exitCode).toBe(5);
  });

  test("G27 a wrong token is auth-failed; neither token nor arguments show in errors, command lines or the server's log", async () => {
    const secret = "wrong-token-0123456789";
    const error = await rejection(connect({ token: secret }).exec(["true"]), ConnectError);
    expect(error.code).toBe("auth-failed");
    expect(error.message).not.toContain(secret);
    const client = new RemoteClient(connect());
    const canary = "canary-98765-value";
    const call = client.doRemoteCall("builtins", "eval", ["open('/proc/self/cmdline').read() + __import__('time').sleep(0.5).__str__()"], {
      env: { CANARY: canary },
    });
    const lines = await until("the call to run", async () =>
      (await run("ps", ["-eo", "args"])).split("\n").filter((line) => line.includes("SREMOTE_EXEC")),
    );
    expect(lines.join("\n")).not.toContain(canary);
    expect(String((await call).value)).not.toContain(canary);
    const log = await lab.log();
    for (const hidden of [lab.token, secret, canary]) expect(log).not.toContain(hidden);
  });

  test("G13 a full disk is disk-full, and nothing half-written is left", async () => {
    const full = join(lab.home, "full");
    await mkdir(full);
    await run("mount", ["-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", full]);
    try {
      const content = new Uint8Array(3 * 2 ** 20);
      const target = await rejection(connect().push(content, join(full, "file")), TransferError);
      expect(target.code).toBe("disk-full");
      expect((await run("ls", ["-A", full])).trim()).toBe("");
      // Nor is there room for what is to be run.
      const work = await rejection(connect({ scratchDir: full }).push(content, join(lab.home, "file")));
      expect(work.code).toBe("disk-full");
    } finally {
      await run("umount", [full]);
    }
  });

  test("a directory outside of the server's root, or hidden in it, is refused with what to do", async () => {
    const outside = await rejection(connect({ scratchDir: "/tmp" }).push(new Uint8Array(1), "/tmp/never"), ConnectError);
    expect(outside.message).toMatch(/outside of the server's root/);
    await mkdir(join(lab.home, ".hidden"));
    const hidden = await rejection(connect({ scratchDir: join(lab.home, ".hidden") }).push(new Uint8Array(1), "/tmp/never"), ConnectError);
    expect(hidden.message).toMatch(/its kernel has made: a part of its path begins with/);
  });

  test("a kernel that the server does not have is named, with those it has", async () => {
    const error = await rejection(connect({ kernel: "julia-1.10" }).exec(["true"]), ConnectError);
    expect(error.message).toContain('no kernel "julia-1.10" for Python');
    expect(error.hint).toContain('"python3"');
  });

  test("wrong options are named before anything is sent", () => {
    const wrong: [string, Record<string, unknown>][] = [
      ["options.baseUrl", { baseUrl: "http://example.org" }],
      ["options.token", { token: "" }],
      ["options.token", { token: "two words" }],
      ["options.password", { password: "x" }],
      ["options.kernel", { kernel: "../python" }],
      ["options.scratchDir", { scratchDir: "relative" }],
    ];
    for (const [argument, options] of wrong) {
      expect(() => jupyter({ baseUrl: lab.baseUrl, token: lab.token, ...options })).toThrow(InvalidArgumentError);
      expect(() => jupyter({ baseUrl: lab.baseUrl, token: lab.token, ...options })).toThrow(argument);
    }
  });
});

// They have servers of their own.
test.concurrent("a server with a password takes it, below a root that is not the home directory; when it ends, that is a lost connection", async () => {
  const password = "correct horse & battery";
  await using lab = await startJupyter({ password, root: "notebooks", env: { PATH: hostPath } });
  await using connector = jupyter({ baseUrl: lab.baseUrl, password });
  expect((await connector.status()).ok).toBe(true);
  const file = join(lab.home, "notebooks", "file");
  await connector.push(Buffer.from("hello"), file);
  expect(await readFile(file, "utf8")).toBe("hello");
  expect(textOf((await connector.exec(["pwd"])).stdout)).toBe(`${lab.home}\n`);
  const wrong = jupyter({ baseUrl: lab.baseUrl, password: "incorrect horse" });
  const error = await rejection(wrong.exec(["true"]), ConnectError);
  expect(error).toMatchObject({ code: "auth-failed", message: "the server refused the password" });
  expect(error.message).not.toContain("incorrect horse");
  await wrong.close();
  const running = rejection(connector.exec(["sleep", "300"]), ConnectError);
  await until("the command to run", async () => (await lab.commands()).length > 0);
  await lab.crash();
  expect((await running).code).toBe("connection-lost");
  expect(["connect-refused", "connection-lost"]).toContain((await rejection(connector.exec(["true"]), ConnectError)).code);
  expect((await connector.status()).ok).toBe(false);
});

test.concurrent("a server without a kernel for Python says so", async () => {
  await using lab = await startJupyter({ python: false });
  await using connector = jupyter({ baseUrl: lab.baseUrl, token: lab.token });
  const error = await rejection(connector.exec(["true"]), ConnectError);
  expect(error.message).toContain("no kernel for Python");
  expect(error.hint).toContain("ipykernel");
});
