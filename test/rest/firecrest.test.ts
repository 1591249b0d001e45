/* What is particular to firecrest(): jobs that nobody waits for any more, a scheduler that does not answer, sizes, and older versions. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { firecrest, shell } from "@sremote/connectors";
import type { FirecrestOptions, RestConnector } from "@sremote/connectors";
import { ConnectError, TransferError } from "@sremote/protocol";
import { afterAll, describe, expect, test, vi } from "vitest";
import { signalEach } from "../../scripts/labs/processes.ts";
import { until } from "../../scripts/labs/wait.ts";
import { rejection } from "../support/rejection.ts";
import { FirecrestStub } from "../stubs/firecrest-stub.ts";
import type { FirecrestBehaviour } from "../stubs/firecrest-stub.ts";
import { peaceful } from "../stubs/hostile-server.ts";

// Most of what they do is waiting.
vi.setConfig({ maxConcurrency: 6 });

const stubs: FirecrestStub[] = [];
afterAll(async () => {
  for (const stub of stubs) {
    expect(stub.published.violations).toEqual([]);
    await stub[Symbol.asyncDispose]();
  }
});

async function start(behaviour: FirecrestBehaviour = {}): Promise<FirecrestStub> {
  const stub = await FirecrestStub.start(peaceful, behaviour);
  stubs.push(stub);
  return stub;
}

const connect = (stub: FirecrestStub, options: Partial<FirecrestOptions> = {}): RestConnector =>
  firecrest({ ...stub.options, pollInterval: 40, ...options });
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const states = (stub: FirecrestStub): string[] => stub.jobs.all().map(({ status }) => status.state);
const effects = async (stub: FirecrestStub): Promise<string> => readFile(join(stub.sandbox.home, "effects"), "utf8").catch(() => "");

/** Bytes of no regularity, there and back as a file. */
async function thereAndBack(stub: FirecrestStub, connector: RestConnector, size: number): Promise<void> {
  const content = Uint8Array.from({ length: size }, (_, index) => (index * 7919) % 251);
  const path = join(stub.sandbox.home, "file");
  await connector.push(content, path);
  const chunks: Uint8Array[] = [];
  await connector.pull(path, { write: (chunk) => void chunks.push(Uint8Array.from(chunk)) });
  expect(Buffer.concat(chunks).equals(content)).toBe(true);
}

describe.concurrent("a command that is not wanted any more while it is submitted", () => {
  test.each([
    ["an abort before the scheduler has the job", { before: 400, after: 0 }, "cancelled"],
    ["an abort before the answer", { before: 0, after: 400 }, "cancelled"],
    ["a deadline before the scheduler has the job", { before: 400, after: 0 }, "timeout"],
    ["a deadline before the answer", { before: 0, after: 400 }, "timeout"],
  ] as const)("%s leaves no job that runs, and no file", async (_, slowness, code) => {
    const stub = await start();
    const connector = connect(stub);
    await connector.exec(["true"]);
    stub.slowness = slowness;
    // It stays in the queue.
    stub.server.inject("start", { kind: "queue" });
    stub.server.take();
    const control = new AbortController();
    const command = shell("echo x >> effects; sleep 300");
    const running = rejection(connector.exec(command, code === "timeout" ? { timeout: 150 } : { signal: control.signal }));
    await until("the job to be submitted", async () => stub.server.seen.some(({ purpose }) => purpose === "start"));
    const begin = performance.now();
    control.abort();
    expect((await running).code).toBe(code);
    expect(performance.now() - begin).toBeLessThan(code === "timeout" ? 400 : 100);
    await until("the job to be cancelled", async () => states(stub).length === 2 && states(stub)[1] === "CANCELLED by 0", 3000);
    await connector.close();
    expect([await effects(stub), await readdir(stub.sandbox.home)]).toEqual(["", []]);
  });

  test("though the answer is lost, and the job begins late: it is found by its name, and runs nothing", async () => {
    const stub = await start();
    const connector = connect(stub, { requestTimeout: 300 });
    await connector.exec(["true"]);
    stub.slowness = { before: 900, after: 0 };
    stub.server.take();
    const control = new AbortController();
    const running = rejection(connector.exec(shell("echo x >> effects; sleep 300"), { signal: control.signal }));
    await until("the job to be submitted", async () => stub.server.take().some(({ purpose }) => purpose === "start"));
    control.abort();
    expect((await running).code).toBe("cancelled");
    await connector.close();
    // Whatever became of the job: it is over, and has not done what it was to do.
    await until("the job to be over", async () => states(stub).length === 2 && states(stub)[1] !== "RUNNING");
    expect([await effects(stub), await readdir(stub.sandbox.home)]).toEqual(["", []]);
  });

  test("closing the connector meanwhile cancels the job, and waits for that", async () => {
    const stub = await start();
    const connector = connect(stub);
    await connector.exec(["true"]);
    stub.slowness = { before: 200, after: 200 };
    stub.server.inject("start", { kind: "queue" });
    stub.server.take();
    const running = rejection(connector.exec(["sleep", "300"]));
    await until("the job to be submitted", async () => stub.server.seen.some(({ purpose }) => purpose === "start"));
    await connector.close();
    expect((await running).code).toBe("closed");
    expect([states(stub), await readdir(stub.sandbox.home)]).toEqual([["COMPLETED", "CANCELLED by 0"], []]);
  });

  test("one whose job ended in that moment is not cancelled again and again", async () => {
    const stub = await start();
    const connector = connect(stub);
    const control = new AbortController();
    const running = rejection(connector.exec(shell("echo > begun; sleep 300"), { signal: control.signal }));
    await until("the command to run", async () => (await readdir(stub.sandbox.home)).includes("begun"));
    // Some may have ended by themselves meanwhile.
    signalEach(await stub.sandbox.processes(), "SIGKILL");
    await until("the job to end", async () => states(stub)[0] !== "RUNNING");
    stub.server.take();
    control.abort();
    expect((await running).code).toBe("cancelled");
    await connector.close();
    const cancels = stub.server.take().filter(({ method, path }) => method === "DELETE" && path.includes("/jobs/"));
    expect(cancels).toHaveLength(1);
  });
});

describe.concurrent("a scheduler that does not answer", () => {
  test("for long does not lose a running command", async () => {
    const stub = await start();
    await using connector = connect(stub);
    await connector.exec(["true"]);
    const running = connector.exec(shell("echo > begun; while [ ! -e go ]; do sleep 0.1; done; echo x >> effects; echo done; exit 3"));
    await until("the command to run", async () => (await readdir(stub.sandbox.home)).includes("begun"));
    stub.knowsJobs = false;
    stub.server.take();
    // More than the seven times that a request is sent: a look at the queue has failed for good, after about as many seconds.
    await until("looks at the queue to fail", async () => stub.server.seen.filter(({ purpose }) => purpose === "poll").length >= 9, 30_000);
    stub.knowsJobs = true;
    await stub.sandbox.run("touch go");
    const { exitCode, stdout } = await running;
    expect([exitCode, text(stdout), await effects(stub)]).toEqual([3, "done\n", "x\n"]);
  });

  test("because it is unhealthy: a command is refused at once, in the service's words, and certainly did not run", async () => {
    const stub = await start();
    await using client = new RemoteClient(connect(stub));
    await client.connector.exec(["true"]);
    stub.isHealthy = false;
    stub.server.take();
    const error = await rejection(client.connector.exec(shell("echo x >> effects")), ConnectError);
    expect([error.code, error.message]).toEqual(["connect-failed", expect.stringContaining("(Daint) is unhealthy")]);
    expect(stub.server.take().filter(({ purpose }) => purpose === "start")).toHaveLength(1);
    expect((await rejection(client.doRemoteCall("os", "getpid"))).code).toBe("connect-failed");
    stub.isHealthy = true;
    expect((await client.connector.exec(shell("exit 2"))).exitCode).toBe(2);
    expect(await effects(stub)).toBe("");
  });

  test("because it becomes unhealthy while a command runs: its result arrives all the same", async () => {
    const stub = await start();
    await using connector = connect(stub);
    const running = connector.exec(shell("echo > begun; sleep 0.5; echo x >> effects; exit 4"));
    await until("the command to run", async () => (await readdir(stub.sandbox.home)).includes("begun"));
    stub.isHealthy = false;
    expect((await running).exitCode).toBe(4);
    stub.isHealthy = true;
    expect(await effects(stub)).toBe("x\n");
  });
});

describe.concurrent("sizes", () => {
  const refused = (stub: FirecrestStub): number => stub.server.take().filter(({ fault }) => fault !== undefined).length;

  test("are those that the service tells", async () => {
    const stub = await start({ maxOpsFileSize: 300_000 });
    stub.server.most = { put: 300_000, get: 300_000 };
    // The directory is given, so the service is asked for nothing else first.
    await using connector = connect(stub, { scratchDir: stub.sandbox.home });
    await thereAndBack(stub, connector, 1_000_000);
    expect(refused(stub)).toBe(0);
  });

  test("that it does not tell are learnt from its refusals of uploads, or given as options", async () => {
    const stub = await start({ version: "2.4.2", maxOpsFileSize: 1_000_000 });
    await using learning = connect(stub, { downloadLimit: 700_000 });
    await thereAndBack(stub, learning, 5_000_000);
    await using given = connect(stub, { uploadLimit: 200_000, downloadLimit: 200_000 });
    await thereAndBack(stub, given, 1_000_000);
  });

  test("below what a command itself takes are an error that says so", async () => {
    const stub = await start({ version: "2.4.2" });
    stub.server.most = { put: 2000 };
    await using connector = connect(stub);
    const error = await rejection(connector.exec(["true"]), TransferError);
    expect([error.code, error.message]).toEqual(["transfer-failed", expect.stringContaining("no request of this size")]);
  });
});

describe.concurrent.each(["2.3.0", "2.4.2", "2.5.7"] as const)("version %s", (version) => {
  test("runs commands, finds jobs whose submission was not answered, and cancels", async () => {
    const stub = await start({ version });
    await using connector = connect(stub);
    expect((await connector.exec(shell("cat; exit 7"), { stdin: Buffer.from("in") })).exitCode).toBe(7);
    stub.server.inject("start", { kind: "cut-after" });
    expect((await connector.exec(shell("echo x >> effects; exit 5"))).exitCode).toBe(5);
    expect(await effects(stub)).toBe("x\n");
    stub.server.inject("start", { kind: "queue" });
    const error = await rejection(connector.exec(["true"], { timeout: 700 }));
    expect(error.code).toBe("timeout");
    await until("the job to be cancelled", async () => states(stub)[2] === "CANCELLED by 0");
  });
});

test("a cluster may be named in other letters than the service's, and one that it does not have is an error that lists those it has", async () => {
  const stub = await start();
  await using connector = connect(stub, { system: "daint" });
  expect((await connector.exec(shell("exit 6"))).exitCode).toBe(6);
  await using other = connect(stub, { system: "eiger" });
  const error = await rejection(other.exec(["true"]), ConnectError);
  expect([error.code, error.hint]).toEqual(["connect-failed", 'it has "Daint"']);
});
