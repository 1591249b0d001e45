/* Scripts on this machine, run by a service whose answers the test makes: what becomes of a command when the service knows little. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConnectError, hostLimits, TransferError } from "@sremote/protocol";
import { shell } from "../connector.ts";
import type { ExecResult } from "../connector.ts";
import { until } from "../testing/wait.ts";
import { bytesOf } from "./content.ts";
import type { Content } from "./content.ts";
import type { DirectRequest, Download, RestLimits, RunState, ScriptDialect, ScriptRun } from "./dialect.ts";
import { RestConnector } from "./rest-connector.ts";
import type { RestOptions } from "./settings.ts";

let home = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "sremote-rest-unit-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** The files of this machine, and no way to run anything: that is the test's. */
class Files implements ScriptDialect {
  readonly label = "test://";
  readonly limits: RestLimits;
  /** What was asked for, in order: `get`, and the verb of each script. */
  readonly asked: string[] = [];
  run?: (script: ScriptRun) => Promise<RunState>;
  poll?: (handle: string) => Promise<RunState>;
  execDirect?: (request: DirectRequest) => Promise<ExecResult>;

  constructor(limits: RestLimits) {
    this.limits = limits;
  }

  async home(): Promise<string> {
    return home;
  }
  async makeDirectory(path: string): Promise<void> {
    await mkdir(path, { mode: 0o700 });
  }
  async remove(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true });
  }
  async put(path: string, content: Content): Promise<void> {
    await writeFile(path, await bytesOf(content));
  }
  async get(path: string, download: Download): Promise<void> {
    this.asked.push("get");
    const content = await readFile(path).catch((cause: unknown) => {
      throw new TransferError("no-such-file", "no such file", { cause });
    });
    await download.take(content);
  }

  connect(options: RestOptions = {}): RestConnector {
    return new RestConnector(this, { baseUrl: "http://127.0.0.1:9", ...options });
  }
}

/** Runs a script to its end. */
async function start(args: readonly string[], input: readonly Uint8Array[] = []): Promise<ExecResult> {
  const child = spawn("/bin/sh", args, {
    env: { PATH: process.env["PATH"], HOME: home },
    stdio: [input.length === 0 ? "ignore" : "pipe", "pipe", "pipe"],
  });
  const output = Promise.all([buffer(child.stdout!), buffer(child.stderr!)]);
  const closed = once(child, "close");
  child.stdin?.end(Buffer.concat(input));
  const [exitCode] = (await closed) as [number];
  const [stdout, stderr] = await output;
  return { exitCode, signal: null, stdout: new Uint8Array(stdout), stderr: new Uint8Array(stderr) };
}

const finished = async ({ path, args }: ScriptRun): Promise<RunState> => ({
  kind: "finished",
  output: (await start([path, ...args])).stdout,
});
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const effects = async (): Promise<string> => readFile(join(home, "effects"), "utf8");

describe("G28 a start that the service says it never got", () => {
  const limits: RestLimits = { replyTimeout: Number.POSITIVE_INFINITY };

  test("is asked after at once, made certain never to run late, and the command is sent again: it runs once", async () => {
    const dialect = new Files(limits);
    let late: ScriptRun | undefined;
    dialect.run = async (script) => {
      dialect.asked.push(script.args[0] ?? "start");
      if (script.args.length > 0 || late !== undefined) return finished(script);
      late = script;
      return { kind: "missing" };
    };
    await using connector = dialect.connect();
    let told = 0;
    const input = { stdin: Buffer.from("given"), onInput: () => (told += 1) };
    const result = await connector.exec(shell("echo x >> effects; cat"), input);
    expect(told, "the input is announced once").toBe(1);
    // One look at the file of the result, then the script itself.
    expect(dialect.asked).toEqual(["start", "get", "ask", "start"]);
    // The lost request arrives after all.
    await finished(late!);
    expect([text(result.stdout), await effects()]).toEqual(["given", "x\n"]);
  });

  test("though it did: the script says so, and it runs once", async () => {
    const dialect = new Files(limits);
    let running: Promise<unknown> | undefined;
    dialect.run = async (script) => {
      dialect.asked.push(script.args[0] ?? "start");
      if (script.args.length > 0) {
        await writeFile(join(home, "go"), "");
        return finished(script);
      }
      running = start([script.path]);
      await until("the command to begin", async () => (await readdir(home)).includes("begun"));
      return { kind: "missing" };
    };
    await using connector = dialect.connect();
    // It ends only after the file of its result was looked for in vain.
    const result = await connector.exec(shell("> begun; while [ ! -e go ]; do sleep 0.1; done; echo x >> effects; echo done"));
    await running;
    expect(dialect.asked).toEqual(["start", "get", "ask"]);
    expect([text(result.stdout), await effects()]).toEqual(["done\n", "x\n"]);
  });
});

describe("G28 a start whose answer is lost", () => {
  test("is asked after, not repeated: the command runs once", async () => {
    const dialect = new Files({ replyTimeout: Number.POSITIVE_INFINITY });
    dialect.run = async (script) => {
      dialect.asked.push(script.args[0] ?? "start");
      const state = await finished(script);
      if (script.args.length === 0) throw new ConnectError("connection-lost", "the answer is lost");
      return state;
    };
    await using connector = dialect.connect();
    const result = await connector.exec(shell("echo x >> effects; echo done"));
    expect([text(result.stdout), await effects()]).toEqual(["done\n", "x\n"]);
    expect(dialect.asked.filter((each) => each === "start")).toHaveLength(1);
  });
});

test("G14 a command that is cancelled is ended on the host", async () => {
  const dialect = new Files({ replyTimeout: Number.POSITIVE_INFINITY });
  dialect.run = async (script) => {
    dialect.asked.push(script.args[0] ?? "start");
    return await finished(script);
  };
  await using connector = dialect.connect();
  const control = new AbortController();
  const running = connector.exec(shell("echo $$ > new; mv new pid; exec sleep 60"), { signal: control.signal });
  running.catch(() => undefined);
  await until("the command to begin", async () => (await readdir(home)).includes("pid"));
  const pid = Number(await readFile(join(home, "pid"), "utf8"));
  control.abort();
  await expect(running).rejects.toMatchObject({ code: "cancelled" });
  await until("the command to end", async () => !(await readdir("/proc")).includes(String(pid)));
  expect(dialect.asked).toContain("end");
});

test("G38 a result that never becomes visible is lost, after the time that is given to it", async () => {
  const dialect = new Files({ replyTimeout: 1000 });
  dialect.run = async () => ({ kind: "finished" });
  await using connector = dialect.connect({ visibilityTimeout: 200 });
  await expect(connector.exec(["true"])).rejects.toMatchObject({
    code: "connection-lost",
    message: "exec: the result of the command is lost: the host shows none",
  });
});

describe("G28 a command that takes longer than the service waits for a script", () => {
  test("goes on by itself and is asked after, also where the service tells of tasks and these have long ended", async () => {
    const dialect = new Files({ replyTimeout: 1000 });
    const said: RunState[] = [];
    dialect.run = async (script) => {
      const verb = script.args[0] ?? "start";
      dialect.asked.push(verb);
      const state = await finished(script);
      if (verb === "start") said.push(state);
      // By the third question it has been silent for longer than a file may take to become visible.
      if (dialect.asked.filter((each) => each === "ask").length === 3) await writeFile(join(home, "go"), "");
      return verb === "start" ? { kind: "queued", handle: "1" } : state;
    };
    dialect.poll = async (handle) => {
      dialect.asked.push(`poll ${handle}`);
      return said[0] ?? { kind: "queued", handle };
    };
    await using connector = dialect.connect({ visibilityTimeout: 1000 });
    const result = await connector.exec(shell("while [ ! -e go ]; do sleep 0.1; done; echo x >> effects; echo done"));
    expect(dialect.asked.slice(0, 5)).toEqual(["start", "poll 1", "ask", "ask", "ask"]);
    expect([text(result.stdout), await effects()]).toEqual(["done\n", "x\n"]);
  });
});

test("a task is first asked after when the user says, and never at once", async () => {
  const dialect = new Files({});
  let output: Promise<RunState> | undefined;
  let began = 0;
  const asked: number[] = [];
  dialect.run = async (script) => {
    output = finished(script);
    began = performance.now();
    return { kind: "running", handle: "1" };
  };
  dialect.poll = async (handle) => {
    asked.push(performance.now() - began);
    return asked.length < 3 ? { kind: "running", handle } : output!;
  };
  await using connector = dialect.connect({ pollInterval: 600 });
  expect((await connector.exec(shell("exit 3"))).exitCode).toBe(3);
  // Less up to half of it by chance, and the next wait is half as long again.
  expect(asked).toHaveLength(3);
  expect(asked[0]).toBeGreaterThanOrEqual(299);
  expect(asked[1]! - asked[0]!).toBeGreaterThanOrEqual(449);
  for (const pollInterval of [0, -1, Number.NaN, "300" as unknown as number]) {
    expect(() => dialect.connect({ pollInterval })).toThrow(/options\.pollInterval/);
  }
});

describe("a service that runs commands exactly", () => {
  const noFiles = async (): Promise<never> => expect.fail("no file is needed");

  test("is told how much of the output is wanted, and what it sends beyond that is cut", async () => {
    const dialect = new Files({});
    const requests: DirectRequest[] = [];
    const output = (size: number): ExecResult => ({
      exitCode: 0,
      signal: null,
      stdout: new Uint8Array(size),
      stderr: new Uint8Array(size + 1),
    });
    dialect.execDirect = async (request) => {
      requests.push(request);
      return output(7);
    };
    dialect.put = noFiles;
    await using connector = dialect.connect();
    const lengths = async (outputLimit?: number): Promise<unknown> => {
      const { stdout, stderr, truncated } = await connector.exec(["x"], outputLimit === undefined ? {} : { outputLimit });
      return [stdout.length, stderr.length, truncated];
    };
    expect(await lengths()).toEqual([7, 8, undefined]);
    expect(await lengths(8)).toEqual([7, 8, undefined]);
    expect(await lengths(7)).toEqual([7, 7, true]);
    expect(await lengths(5)).toEqual([5, 5, true]);
    expect(requests.map(({ stdoutLimit, stderrLimit }) => [stdoutLimit, stderrLimit])).toEqual([
      [2 ** 30, 2 ** 20],
      [8, 8],
      [7, 7],
      [5, 5],
    ]);
  });

  test("and cuts it itself says so", async () => {
    const dialect = new Files({});
    dialect.execDirect = async ({ script, stdin, stdoutLimit }) => {
      const result = await start(["-c", script], stdin);
      return { ...result, stdout: result.stdout.subarray(0, stdoutLimit), truncated: result.stdout.length > stdoutLimit };
    };
    await using connector = dialect.connect();
    const exec = (outputLimit: number): Promise<ExecResult> => connector.exec(["cat"], { stdin: Buffer.from("12345"), outputLimit });
    expect(await exec(4)).toMatchObject({ stdout: new Uint8Array(Buffer.from("1234")), truncated: true });
    expect(await exec(5)).not.toHaveProperty("truncated");
  });

  test("moves files by scripts, whose reports it is asked for whole", async () => {
    const dialect = new Files({ inline: 2 ** 20 });
    dialect.execDirect = async ({ script, stdin, stdoutLimit }) => {
      const result = await start(["-c", script], stdin);
      return { ...result, stdout: result.stdout.subarray(0, stdoutLimit) };
    };
    await using connector = dialect.connect();
    const content = Uint8Array.from({ length: 700_000 }, (_, index) => (index * 7919) % 251);
    await connector.push(content, join(home, "file"));
    const chunks: Uint8Array[] = [];
    await connector.pull(join(home, "file"), { write: (chunk: Uint8Array) => void chunks.push(Uint8Array.from(chunk)) });
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
    expect(dialect.asked).toEqual([]);
    await connector.close();
    expect(await readdir(home)).toEqual(["file"]);
  });
});

describe("G20 a service that lies", () => {
  test.each([
    ["stdout", 9, "none"],
    ["stdout", 10, "none"],
    ["stdout", 11, "limit-exceeded"],
    ["stderr", 11, "limit-exceeded"],
  ])("and says that there are %s of %i bytes where 10 are to be kept", async (which, size, expected) => {
    const dialect = new Files({ replyTimeout: Number.POSITIVE_INFINITY });
    const content = "x".repeat(Math.min(size, 10));
    dialect.run = async (script) => {
      const { output } = (await finished(script)) as { output: Uint8Array };
      return {
        kind: "finished",
        output: text(output).replaceAll(/(done|end) 0 (\d+) (\d+)/g, (_, word: string, out: string, err: string) =>
          which === "stdout" ? `${word} 0 ${size > 10 ? size : out} ${err}` : `${word} 0 ${out} ${size}`,
        ),
      };
    };
    await using connector = dialect.connect();
    const ended = connector.exec(shell(`printf ${content}`), { outputLimit: 10 });
    expect(
      await ended.then(
        ({ stdout }) => stdout.length,
        ({ code }: { code: string }) => code,
      ),
    ).toEqual(expected === "none" ? size : expected);
  });

  test.each([
    [-1, /did not become|lost|no report|unknown/],
    [0, /did not become|lost|no report|unknown/],
    [1, /a report of more than/],
  ])("and has a report of its limit and %i bytes", async (step, expected) => {
    const dialect = new Files({ replyTimeout: Number.POSITIVE_INFINITY });
    dialect.run = async () => ({ kind: "running", handle: "h" });
    dialect.poll = async () => ({ kind: "finished", output: "" });
    dialect.get = async (_, download) => {
      await download.take(new Uint8Array(hostLimits.report));
      if (step > 0) await download.take(new Uint8Array(step));
    };
    await using connector = dialect.connect();
    const ended = await connector.exec(shell("true"), { timeout: 1500 }).catch((error: unknown) => error);
    if (step > 0) expect(ended).toMatchObject({ code: "limit-exceeded", message: expect.stringMatching(expected) as string });
    else expect(ended).toMatchObject({ code: expect.not.stringMatching(/limit/) as string });
  });
});
