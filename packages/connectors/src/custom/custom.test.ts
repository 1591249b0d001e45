import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { ConnectError, InvalidArgumentError } from "@sremote/protocol";
import { toBytes } from "../byte-string.ts";
import { shell } from "../connector.ts";
import type { Connector, SpawnedProcess } from "../connector.ts";
import { connectorCases } from "../testing/index.ts";
import { ofLayers } from "../../../../test/support/nightly.ts";
import { createConnector } from "./index.ts";
import type { CustomFunctions } from "./index.ts";

const nativePath = (path: string): Buffer => Buffer.from(toBytes(path));

/** The least an author can write: no heed of signals, no checks. */
const functions: CustomFunctions = {
  label: "custom://",
  async exec(line) {
    const child = spawn("/bin/sh", ["-c", line], { stdio: ["ignore", "pipe", "pipe"] });
    const exit = once(child, "exit");
    const [stdout, stderr, [exitCode, signal]] = await Promise.all([buffer(child.stdout), buffer(child.stderr), exit]);
    return { exitCode, signal, stdout, stderr };
  },
  push: (bytes, path) => writeFile(nativePath(path), bytes),
  pull: (path) => readFile(nativePath(path)),
};

/** One that passes standard input on. */
const withStdin: CustomFunctions = {
  ...functions,
  acceptsStdin: true,
  async exec(line, { stdin }) {
    const child = spawn("/bin/sh", ["-c", line]);
    const exit = once(child, "exit");
    child.stdin.on("error", () => {}).end(stdin); // A command need not read its input.
    const [stdout, stderr, [exitCode, signal]] = await Promise.all([buffer(child.stdout), buffer(child.stderr), exit]);
    return { exitCode, signal, stdout, stderr };
  },
};

const made = (changes: Partial<CustomFunctions>): Connector => createConnector({ ...functions, ...changes });
const options = { memoryLimit: 256 * 2 ** 20 };

vi.setConfig({ maxConcurrency: 4 });

describe.each([
  ["of three functions", functions, /^/],
  ["that passes standard input on", withStdin, ofLayers],
])("a custom connector %s", (_, given, tried) => {
  for (const one of connectorCases().filter(({ name }) => tried.test(name)))
    (one.alone ? test : test.concurrent)(one.name, () => one.run(() => createConnector(given), options));
});

/** A live process of this machine. */
async function live(line: string): Promise<SpawnedProcess> {
  const child = spawn("/bin/sh", ["-c", line]);
  child.stdin.on("error", () => {});
  await once(child, "spawn");
  const exit = once(child, "exit").then(([exitCode, signal]) => ({ exitCode, signal }));
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exit,
    async kill(signal = "SIGTERM") {
      child.kill(signal);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exit;
    },
  };
}

describe("a custom connector with live processes", () => {
  for (const one of connectorCases().filter(({ name }) => /spawn|stdin has called back|closing|closed/.test(name)))
    test(one.name, () => one.run(() => createConnector({ ...withStdin, spawn: live }), options));

  /** A process whose children outlive it, and the ids of both. */
  async function family(connector: Connector): Promise<{ process: SpawnedProcess; pids: number[] }> {
    const process = await connector.spawn!(shell("setsid sleep 300 & echo $$ $!; wait"));
    const [line] = (await once(process.stdout, "data")) as [Buffer];
    return { process, pids: String(line).trim().split(" ").map(Number) };
  }
  const gone = async (pids: readonly number[]): Promise<void> => {
    await expect
      .poll(async () => Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""))))
      .toEqual(["", ""]);
  };

  test("closing it ends them with all that they started, also where disposing only ends a program on this side, or never returns", async () => {
    for (const dispose of [async () => {}, () => new Promise<void>(() => {})]) {
      const connector = createConnector({
        ...withStdin,
        spawn: async (line) => ({ ...(await live(line)), [Symbol.asyncDispose]: dispose }),
      });
      const { process, pids } = await family(connector);
      await connector.close();
      await process.exit;
      await gone(pids);
    }
  });

  test("closing it tells when one could not be ended, and closes all the same", async () => {
    let closed = 0;
    const dispose = () => Promise.reject(new Error("no"));
    const connector = createConnector({
      ...withStdin,
      spawn: async (line) => ({ ...(await live(line)), [Symbol.asyncDispose]: dispose }),
      close: async () => void (closed += 1),
    });
    const { pids } = await family(connector);
    await expect(connector.close()).rejects.toMatchObject({ code: "connection-lost", stage: "close" });
    expect(closed).toBe(1);
    await gone(pids);
  });

  test("a start that does not heed its abort has what it started ended", async () => {
    const late = Promise.withResolvers<SpawnedProcess>();
    await using connector = createConnector({
      ...withStdin,
      spawn: async (line) => {
        await delay(300);
        late.resolve(await live(line));
        return late.promise;
      },
    });
    await expect(connector.spawn!(["sleep", "300"], { timeout: 50 })).rejects.toMatchObject({ code: "timeout" });
    expect((await (await late.promise).exit).signal).toBe("SIGKILL");
  });

  test.each([
    ["stdin of the result of spawn", { stdin: undefined }],
    ["exit of the result of spawn", { exit: undefined }],
    ["[Symbol.asyncDispose] of the result of spawn", { [Symbol.asyncDispose]: undefined }],
  ])("what is no process is named: %s", async (name, change) => {
    const started: SpawnedProcess[] = [];
    await using connector = createConnector({
      ...withStdin,
      spawn: async (line) => {
        started.push(await live(line));
        return { ...started[0]!, ...(change as Partial<Record<keyof SpawnedProcess, never>>) };
      },
    });
    await expect(connector.spawn!(["true"])).rejects.toThrow(name);
  });
});

describe("what the author's functions do wrong", () => {
  test("an error keeps its system name and is the cause; its text, which may hold arguments, stays out of the message", async () => {
    const cause = Object.assign(new Error("Command failed: curl --token s3cret"), { code: "ECONNREFUSED" });
    await using connector = made({ exec: () => Promise.reject(cause) });
    const error: unknown = await connector.exec(["true"]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ code: "connect-refused", host: "custom://", cause });
    expect(String(error)).not.toContain("s3cret");
    expect(await connector.status()).toMatchObject({ ok: false, error: { code: "connect-refused" } });
  });

  test("an exec function that throws before its first await is mapped too", async () => {
    await using connector = made({
      exec: () => {
        throw new Error("at once");
      },
    });
    await expect(connector.exec(["true"])).rejects.toMatchObject({ code: "connection-lost" });
  });

  test("text instead of bytes is refused", async () => {
    // @ts-expect-error what an author without types may do
    await using connector = made({ exec: async () => ({ exitCode: 0, stdout: "text", stderr: "" }) });
    await expect(connector.exec(["true"])).rejects.toBeInstanceOf(InvalidArgumentError);
  });

  test("G26 an upload that loses bytes, or changes one, does not become visible", async () => {
    for (const spoil of [
      (bytes: Uint8Array) => bytes.subarray(1),
      (bytes: Uint8Array) => bytes.map((byte, at) => (at === 5 ? byte ^ 1 : byte)),
    ]) {
      await using connector = made({ push: (bytes, path) => writeFile(nativePath(path), spoil(bytes)) });
      const directory = new TextDecoder().decode((await connector.exec(["mktemp", "-d"])).stdout).trim();
      try {
        await expect(connector.push(Buffer.from("0123456789"), `${directory}/file`)).rejects.toMatchObject({ code: "transfer-failed" });
        expect((await connector.exec(["ls", "-A", directory])).stdout.length).toBe(0);
      } finally {
        await connector.exec(["rm", "-rf", directory]);
      }
    }
  });

  test("G26 a download that changes a byte is refused", async () => {
    await using connector = made({
      pull: async (path) => (await readFile(nativePath(path))).map((byte, at) => (at === 0 ? byte ^ 1 : byte)),
    });
    await expect(connector.pull("/bin/sh", { write() {} })).rejects.toMatchObject({ code: "transfer-failed" });
  });

  // Only root can mount a file system that is full.
  test.runIf(process.getuid?.() === 0)("a full disk on the host is disk-full, although the function says something else", async () => {
    await using connector = made({ push: () => Promise.reject(new Error("status 500")) });
    const mount = new TextDecoder().decode((await connector.exec(["mktemp", "-d"])).stdout).trim();
    const { exitCode } = await connector.exec(
      shell(`mount -t tmpfs -o size=4k none ${mount} && ! head -c 9999 /dev/zero 2>/dev/null > ${mount}/full`),
    );
    try {
      expect(exitCode).toBe(0);
      await expect(connector.push(Uint8Array.of(1), `${mount}/file`)).rejects.toMatchObject({ code: "disk-full" });
    } finally {
      await connector.exec(shell(`umount ${mount}; rmdir ${mount}`));
    }
  });

  test("missing functions are named", () => {
    // @ts-expect-error no exec
    expect(() => createConnector({ label: "x", push: functions.push, pull: functions.pull })).toThrow(/functions\.exec/);
  });
});

test("G20 a live process that prints without end and never begins is ended", async () => {
  let ended = false;
  const spawnFlood = async (): Promise<SpawnedProcess> => {
    const process = await live("exec cat /dev/zero");
    return { ...process, [Symbol.asyncDispose]: async () => void (ended = await process[Symbol.asyncDispose]().then(() => true)) };
  };
  await using connector = made({ spawn: spawnFlood, exec: () => new Promise(() => {}) });
  const process = await connector.spawn!(["true"]);
  await expect(process.exit).rejects.toMatchObject({ code: "limit-exceeded", host: "custom://" });
  await vi.waitUntil(() => ended);
});
