/* What is promised, over a real Docker Engine whose connections are cut, and in containers whose disks are full. */
import { chown, lstat, mkdir, mkdtemp, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { RemoteClient } from "@sremote/client";
import { docker, shell } from "@sremote/connectors";
import type { RestConnector } from "@sremote/connectors";
import { ConnectError, RemoteExecError, RemoteNotSetupError, TransferError } from "@sremote/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startDocker } from "../../scripts/labs/docker.ts";
import type { DockerLab } from "../../scripts/labs/docker.ts";
import { tryRun } from "../../scripts/labs/run.ts";
import { until } from "../../scripts/labs/wait.ts";
import { EngineProxy } from "../stubs/engine-proxy.ts";
import { limitedTo } from "../support/carriage.ts";
import { Effects, plantEffects } from "../support/effects.ts";
import { runtimes } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const nobody = 65_534;

let lab: DockerLab;
let proxy: EngineProxy;
let container: string;
/** Of this machine and of the container. */
let home: string;

const connect = (): RestConnector => docker({ container, socketPath: proxy.socketPath, cwd: home });

beforeAll(async () => {
  lab = await startDocker();
  home = await mkdtemp(join(lab.directory, "home-"));
  container = await lab.addContainer({ env: { HOME: home, LANG: "C.UTF-8" }, binds: [home], tmpfs: { "/small": "size=1m" } });
  proxy = await EngineProxy.start(join(lab.directory, "proxy.sock"), lab.socketPath);
  await plantEffects(home);
});
afterEach(async () => {
  await expect.poll(() => lab.commands(container), { timeout: 10_000 }).toEqual([]);
});
afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await lab?.stop();
});

/** Lines that commands have written to a file of the home directory. */
async function lines(name: string): Promise<string[]> {
  return (await readFile(join(home, name), "utf8").catch(() => "")).split("\n").slice(0, -1);
}

describe("G01 a connection that is cut", () => {
  test("G01 while a command runs: connection-lost, it ran once and is ended", async () => {
    await using connector = connect();
    const running = rejection(connector.exec(shell("echo x >> cut; sleep 300; echo again >> cut")), ConnectError);
    await until("the command to run", async () => (await lines("cut")).length > 0);
    proxy.cut();
    expect((await running).code).toBe("connection-lost");
    await expect.poll(() => lab.commands(container), { timeout: 10_000 }).toEqual([]);
    expect(await lines("cut")).toEqual(["x"]);
  });

  test("G01 before the answer to its start: connection-lost, and it is not started again", async () => {
    await using connector = connect();
    const lost = proxy.loseAnswerTo(/^POST \/exec\/\w+\/start/);
    const error = rejection(connector.exec(shell("echo x >> started; sleep 300")), ConnectError);
    await lost;
    expect((await error).code).toBe("connection-lost");
    await expect.poll(() => lab.commands(container), { timeout: 10_000 }).toEqual([]);
    expect((await lines("started")).length).toBeLessThanOrEqual(1);
  });

  test.each([
    ["that it was made", /^POST \/containers\/[^/]+\/exec/],
    ["its exit code", /^GET \/exec\/\w+\/json/],
  ])("G01 before the answer that tells %s: it is asked for again, the command ran once", async (_, request) => {
    await using connector = connect();
    const name = `asked-${request.source.length}`;
    const lost = proxy.loseAnswerTo(request);
    const { stdout, exitCode } = await connector.exec(shell(`echo x >> ${name}; echo done; exit 3`));
    await lost;
    expect([textOf(stdout), exitCode]).toEqual(["done\n", 3]);
    expect(await lines(name)).toEqual(["x"]);
  });

  describe.each(runtimes)("under calls of %s", (runtime) => {
    test.each(["auto", "spool"] as const)(
      "G01 while the function runs, over %s: its result arrives, and it ran once",
      async (transport) => {
        await using client = new RemoteClient(connect(), { runtime, transport, heartbeatInterval: 200 });
        const effects = new Effects(home);
        const call = effects.call(client, runtime, "after the cut", {}, 0.7);
        await until("the function to run", async () => (await effects.runs()).length > 0);
        proxy.cut();
        expect((await call).value).toBe("after the cut");
        expect(await effects.runs()).toHaveLength(1);
      },
    );

    test("G01 before the answer to the start of a session, or of a command of a call without one: it ran once at most", async () => {
      for (const transport of ["auto", "spool"] as const) {
        await using client = new RemoteClient(connect(), { runtime, transport });
        const effects = new Effects(home);
        const lost = proxy.loseAnswerTo(/^POST \/exec\/\w+\/start/);
        const outcome = await effects.call(client, runtime, "arrived").then(
          ({ value }) => value,
          (error: ConnectError) => error.code,
        );
        await lost;
        const runs = await effects.runs();
        expect(runs.length).toBeLessThanOrEqual(1);
        if (outcome === "arrived") expect(runs).toHaveLength(1);
        else expect(["connection-lost", "outcome-unknown"]).toContain(outcome);
      }
    });
  });
});

describe("G13 a full disk in a container", () => {
  let connector: RestConnector;
  beforeEach(() => {
    connector = connect();
  });
  afterEach(async () => {
    await connector.exec(shell("rm -rf /small/* /small/.[!.]*"));
    await connector.close();
  });

  test("G13 push says disk-full, leaves nothing, and the connector goes on", async () => {
    const error = await rejection(connector.push(new Uint8Array(3 * 2 ** 20), "/small/file"), TransferError);
    expect(error.code).toBe("disk-full");
    expect(textOf((await connector.exec(["ls", "-A", "/small"])).stdout)).toBe("");
    await connector.push(new Uint8Array(1000), "/small/file");
    const chunks: Uint8Array[] = [];
    await connector.pull("/small/file", { write: (chunk) => void chunks.push(chunk) });
    expect(Buffer.concat(chunks)).toHaveLength(1000);
  });

  test.each(runtimes)("G13 a result of %s that finds no room is disk-full and says that the function ran", async (runtime) => {
    const client = new RemoteClient(limitedTo("files", connector), { runtime, sremoteDir: "/small/place" });
    const [module, name] = runtime === "python" ? ["builtins", "bytes"] : ["node:buffer", "Buffer.alloc"];
    await client.doRemoteCall(module, name, [10]);
    const fill = "head -c $(($(df -Pk /small | tail -n 1 | tr -s ' ' | cut -d ' ' -f 4) * 1024 - 400000)) /dev/zero > /small/filler";
    expect((await connector.exec(shell(fill))).exitCode).toBe(0);
    const error = await rejection(client.doRemoteCall(module, name, [2 ** 20]), RemoteExecError);
    expect(error.code).toBe("disk-full");
    expect(error.message).toMatch(/ran/);
    // What is smaller finds room.
    expect((await client.doRemoteCall<Uint8Array>(module, name, [10])).value).toHaveLength(10);
    // Over a session nothing needs room.
    await using live = new RemoteClient(connect(), { runtime, sremoteDir: "/small/place" });
    expect((await live.doRemoteCall<Uint8Array>(module, name, [2 ** 20])).value).toHaveLength(2 ** 20);
  });
});

describe("G27 secrets", () => {
  const canaries = Array.from({ length: 12 }, (_, index) => `canary-${index}-7d02be`);
  const pattern = /canary-\d+-7d02be/;

  const shown = (error: unknown): string => `${inspect(error, { depth: 20, showHidden: true })}\n${String((error as Error).stack)}`;

  async function argumentVectors(): Promise<string> {
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    return (await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "")))).join("\n");
  }

  /** Files of the engine with its log and what it knows of commands, of the container, and of the home directory. */
  async function expectNothingLeft(): Promise<void> {
    const { stdout } = await tryRun("grep", ["-rlE", "--devices=skip", pattern.source.replace("\\d", "[0-9]"), lab.directory]);
    expect(stdout).toBe("");
  }

  test.each([
    ["python", "auto"],
    ["node", "auto"],
    ["python", "spool"],
  ] as const)(
    "G27 what a call of %s over %s is given shows in no argument vector, error, label, log or file",
    async (runtime, transport) => {
      const client = new RemoteClient(connect(), { runtime, transport });
      const args = canaries.slice(0, 4);
      const kwargs = { k: canaries[4]! };
      const env = { TOKEN: canaries[5]! };
      client.registerRemoteEnvVariable("SECRET", canaries[6]!);
      const effects = new Effects(home);
      const samples: string[] = [];
      const call = effects.call(client, runtime, args, { env }, 0.3);
      await until("the function to run", async () => {
        samples.push(await argumentVectors());
        return (await effects.runs()).length > 0;
      });
      samples.push(await argumentVectors());
      expect((await call).value).toEqual(args);
      const module = runtime === "python" ? "os" : "node:os";
      const failures = await Promise.allSettled([
        client.doRemoteCall(module, "missing_function", args, { kwargs, env }),
        client.doRemoteCall("missing_module", "f", args, { kwargs, env }),
        client.doRemoteCall(module, "getpriority", [{}, ...args], { kwargs, env }),
        client.doRemoteCall(runtime === "python" ? "os" : "node:process", "abort", [], { env }),
      ]);
      for (const outcome of failures) {
        expect(outcome.status).toBe("rejected");
        if (outcome.status === "rejected") expect(shown(outcome.reason)).not.toMatch(pattern);
      }
      expect(samples.join("\n") + client.connector.label + inspect(client, { depth: 20, showHidden: true })).not.toMatch(pattern);
      await client.close();
      await expectNothingLeft();
    },
  );

  test("G27 the input of a command shows nowhere, whatever becomes of the command", async () => {
    await using connector = connect();
    const stdin = Buffer.from(canaries[0]!.repeat(1000));
    const samples: string[] = [];
    const running = connector.exec(shell("cat > /dev/null; echo > begun; sleep 0.3"), { stdin });
    await until("the command to run", async () => {
      samples.push(await argumentVectors());
      return (await readdir(home)).includes("begun");
    });
    await running;
    const late = rejection(connector.exec(["sleep", "300"], { stdin, timeout: 300 }));
    const errors: unknown[] = [await late, await rejection(connector.push(stdin, "/nowhere/file"))];
    errors.push(await rejection(docker({ container: "nobody", socketPath: proxy.socketPath }).exec(["cat"], { stdin })));
    for (const error of errors) expect(shown(error)).not.toMatch(pattern);
    expect(samples.join("\n") + connector.label + inspect(connector, { depth: 20, showHidden: true })).not.toMatch(pattern);
    await expectNothingLeft();
  });
});

describe("G07 what is made in a container", () => {
  test("G07 a file that is pushed is 0600 from its first byte on", async () => {
    await using connector = connect();
    const directory = join(home, "pushed");
    await mkdir(directory, { mode: 0o755 });
    const half = Promise.withResolvers<void>();
    const seen: [string, number][] = [];
    const pushing = connector.push(new Uint8Array(8 * 2 ** 20), join(directory, "file"), { onProgress: () => half.resolve() });
    await half.promise;
    await until("the file to come", async () => {
      for (const name of await readdir(directory)) {
        const found = await stat(join(directory, name)).catch(() => undefined); // it is renamed at the end
        if (found !== undefined) seen.push([name, found.mode & 0o7777]);
      }
      return seen.length > 0;
    });
    await pushing;
    for (const [name, mode] of seen) expect([name, mode]).toEqual([name, 0o600]);
    expect(await readdir(directory)).toEqual(["file"]);
    expect((await stat(join(directory, "file"))).mode & 0o7777).toBe(0o600);
  });

  describe.each(runtimes)("for calls of %s", (runtime) => {
    test("G07 files are 0600 and directories 0700 while a call runs and after", async () => {
      await using client = new RemoteClient(connect(), { runtime, transport: "spool", sremoteDir: `.private-${runtime}` });
      const base = join(home, `.private-${runtime}`);
      const effects = new Effects(home);
      const seen: string[] = [];
      const look = async (): Promise<void> => {
        for (const name of ["", ...(await readdir(base, { recursive: true }))]) {
          const found = await lstat(join(base, name)).catch(() => undefined); // temporary files come and go
          if (found === undefined) continue;
          seen.push(name);
          expect.soft([name, found.mode & 0o777, found.uid]).toEqual([name, found.isDirectory() ? 0o700 : 0o600, process.getuid!()]);
        }
      };
      const call = effects.call(client, runtime, "x".repeat(10_000), {}, 0.3);
      await until("the function to run", async () => (await effects.runs()).length > 0);
      await look();
      await call;
      await look();
      expect(seen.length).toBeGreaterThan(4);
    });

    test("G07 a directory that another user planted is refused, and nothing of it is executed", async () => {
      const base = join(home, `.planted-${runtime}`);
      await mkdir(join(base, "endpoint"), { recursive: true, mode: 0o700 });
      for (const path of [base, join(base, "endpoint")]) await chown(path, nobody, nobody);
      await using client = new RemoteClient(connect(), { runtime, transport: "spool", sremoteDir: `.planted-${runtime}` });
      const error = await rejection(
        client.doRemoteCall(runtime === "python" ? "os" : "node:process", runtime === "python" ? "getcwd" : "cwd"),
        RemoteNotSetupError,
      );
      expect(["unsafe-directory", "no-writable-directory"]).toContain(error.code);
      expect(await readdir(join(base, "endpoint"))).toEqual([]);
    });
  });
});
