/* What is promised, over every REST dialect and its stub. */
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { shell } from "@sremote/connectors";
import type { RestConnector } from "@sremote/connectors";
import type { RestPurpose } from "@sremote/connectors/testing";
import { ConnectError, TransferError } from "@sremote/protocol";
import { afterEach, describe, expect, test, vi } from "vitest";
import { signalEach } from "../../scripts/labs/processes.ts";
import { until } from "../../scripts/labs/wait.ts";
import { isNightly } from "../support/nightly.ts";
import { rejection } from "../support/rejection.ts";
import { hostile, peaceful } from "../stubs/hostile-server.ts";
import { restKinds } from "./dialects.ts";
import type { RestHost } from "./dialects.ts";

// Most of what they do is waiting.
vi.setConfig({ maxConcurrency: 8 });
afterEach(() => vi.useRealTimers());

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** Lines that commands have written to a file, in order. */
async function lines(host: RestHost, name: string): Promise<string[]> {
  return (await readFile(join(host.sandbox.home, name), "utf8").catch(() => "")).split("\n").slice(0, -1);
}

/** What a connector of ours has on the host. */
async function ourFiles(host: RestHost): Promise<string[]> {
  const names = await readdir(host.sandbox.home, { recursive: true });
  return names.filter((name) => name.includes("sremote-rest-"));
}

describe.concurrent.each(restKinds)("over $name", (kind) => {
  // Of services that are asked after each command, fewer show what the base does with it.
  const count = isNightly || kind.isPolled !== true ? 80 : 30;
  test(`G01 G40 ${count} commands, a third of them failing, through a service that disturbs many of the requests: each runs once, nothing is left`, async () => {
    await using host = await kind.start({ ...hostile, twice: 2 });
    const connector = host.connect();
    const numbers = Array.from({ length: count }, (_, index) => index);
    const pending = [...numbers];
    const work = async (): Promise<void> => {
      for (let n = pending.pop(); n !== undefined; n = pending.pop()) {
        const result = await connector.exec(shell(`echo ${n} >> effects; printf out${n}; exit ${n % 3}`));
        expect([text(result.stdout), result.exitCode]).toEqual([`out${n}`, n % 3]);
      }
    };
    await Promise.all([work(), work(), work(), work(), work(), work()]);
    expect((await lines(host, "effects")).map(Number).toSorted((a, b) => a - b)).toEqual(numbers);
    await connector.close();
    expect(await ourFiles(host)).toEqual([]);
    await until("no process to be left", async () => (await host.sandbox.processes()).length === 0);
  });

  test("G28 a service that never answers: the command is asked after, ran once, and its result arrives", async () => {
    await using host = await kind.start(peaceful);
    await using connector = host.connect({ requestTimeout: 1000 });
    await connector.exec(["true"]);
    host.server.inject("start", { kind: "hang" });
    host.server.take();
    const result = await connector.exec(shell("echo x >> effects; echo done"));
    expect(text(result.stdout)).toBe("done\n");
    expect(await lines(host, "effects")).toEqual(["x"]);
    const starts = host.server.take().filter(({ purpose }) => purpose === "start");
    expect(new Set(starts.map(({ subject }) => subject)).size).toBe(starts.length);
  });

  test("G28 a start whose request is lost for good is an error that says so, and nothing ran", async () => {
    await using host = await kind.start(peaceful);
    await using connector = host.connect();
    await connector.exec(["true"]);
    host.server.inject("start", { kind: "cut-before" }, { times: 100 });
    const error = await rejection(connector.exec(shell("echo x >> effects")), ConnectError);
    expect(error).toMatchObject({ code: "connection-lost" });
    expect(await lines(host, "effects")).toEqual([]);
  });

  test("G28 no credentials reach the origin that a hostile service redirects to", async () => {
    const seen: string[] = [];
    const other = createServer((request, response) => {
      seen.push(JSON.stringify(request.headers));
      response.end();
    }).listen(0, "127.0.0.1");
    await once(other, "listening");
    try {
      await using host = await kind.start(peaceful);
      const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/x`;
      const statuses = [301, 302, 303, 307, 308];
      const refused = async (connector: RestConnector, purpose: RestPurpose, status: number): Promise<void> => {
        host.server.inject(purpose, { kind: "redirect", location, status });
        expect([purpose, status, (await rejection(connector.exec(shell("echo x")), ConnectError)).code]).toEqual([
          purpose,
          status,
          "connect-failed",
        ]);
      };
      for (const status of statuses) {
        await using connector = host.connect();
        await refused(connector, "login", status);
      }
      await using connector = host.connect();
      await connector.exec(["true"]);
      for (const status of statuses) {
        await refused(connector, "put", status);
        await refused(connector, "start", status);
        // What it printed is then to be read from a file.
        host.server.inject("start", { kind: "mute" });
        host.server.inject("verb", { kind: "mute" });
        await refused(connector, "get", status);
      }
    } finally {
      other.close();
    }
    expect(seen).toEqual([]);
  });

  test("G13 a full disk is reported as such, for output, input and files, and the connector stays usable", async () => {
    await using host = await kind.start(peaceful);
    const small = join(host.sandbox.home, "small");
    await mkdir(small, { mode: 0o700 });
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", small]);
    try {
      await using connector = host.connect({ scratchDir: small });
      const big = new Uint8Array(4 << 20);
      for (const attempt of [
        () => connector.exec(shell("head -c 4000000 /dev/zero")),
        () => connector.exec(shell("head -c 4000000 /dev/zero >&2")),
        () => connector.exec(["cat"], { stdin: big }),
        () => connector.push(big, join(host.sandbox.home, "file")),
        () => connector.push(big, join(small, "file")),
      ]) {
        expect(await rejection(attempt(), TransferError)).toMatchObject({ code: "disk-full" });
        expect((await connector.exec(shell("exit 3"))).exitCode).toBe(3);
      }
      expect(await readdir(host.sandbox.home)).toEqual(["small"]);
    } finally {
      execFileSync("umount", ["-l", small]);
    }
  });

  test("G27 no input of a command and no credential shows in argument vectors, errors, or files left by failures", async () => {
    await using host = await kind.start(peaceful);
    const canary = "canary-4e21aa";
    await using connector = host.connect();
    const samples: string[] = [];
    const running = connector.exec(shell("cat > /dev/null; echo > begun; sleep 0.3; exit 1"), { stdin: Buffer.from(canary.repeat(1000)) });
    await until("the command to run", async () => {
      samples.push(await argumentVectors());
      return (await readdir(host.sandbox.home)).includes("begun");
    });
    samples.push(await argumentVectors());
    await running;
    // The input is gone with the script as soon as the command has ended.
    expect(await filesWith(host, canary)).toEqual([]);
    const errors: unknown[] = [];
    const put = { stdin: Buffer.from(canary) };
    for (const fault of [
      { kind: "status", status: 400 },
      { kind: "status", status: 403 },
      { kind: "huge", bytes: 40_000_000 },
      { kind: "redirect", location: "http://127.0.0.1:9/" },
    ] as const) {
      for (const purpose of ["put", "start"] as const) {
        host.server.inject(purpose, fault, { times: 4 });
        errors.push(await connector.exec(["cat"], put).catch((error: unknown) => error));
      }
    }
    errors.push(await connector.exec(["sleep", "60"], { ...put, timeout: 500 }).catch((error: unknown) => error));
    await using wrong = host.connect({ queueTimeout: 1 });
    host.server.inject("login", { kind: "status", status: 401 });
    errors.push(await wrong.exec(["true"], put).catch((error: unknown) => error));
    const shown = errors.map((error) => `${inspect(error, { depth: 20, showHidden: true })}${String((error as Error).stack)}`).join("\n");
    const everything = shown + samples.join("\n") + inspect([connector, wrong], { depth: 20, showHidden: true }) + connector.label;
    for (const secret of [canary, ...host.secrets()]) expect(everything).not.toContain(secret);
    await connector.close();
    expect(await filesWith(host, canary)).toEqual([]);
  });

  test("G07 everything of ours is in a directory of mode 0700 with a name that cannot be guessed, and what the host writes has mode 0600", async () => {
    await using host = await kind.start(peaceful);
    await using connector = host.connect();
    await connector.exec(shell("umask; echo x; echo y >&2"), { stdin: Buffer.from("secret") });
    const [work] = await readdir(host.sandbox.home);
    expect(work).toMatch(/^\.?sremote-rest-[0-9a-f]{24}$/);
    expect((await stat(join(host.sandbox.home, work!))).mode & 0o7777).toBe(0o700);
    for (const name of await ourFiles(host)) {
      const found = await stat(join(host.sandbox.home, name));
      expect(found.mode & 0o077, name).toBe(0);
    }
    // A command's own files are as its user wants them.
    expect(text((await connector.exec(shell("umask"))).stdout).trim()).toMatch(/^0*22$/);
  });

  test("G40 what a dead client left is removed by the next one, a day later", async () => {
    await using host = await kind.start(peaceful);
    const [old, fresh] = [".sremote-rest-000000000000000000000000", ".sremote-rest-111111111111111111111111"];
    for (const name of [old, fresh]) {
      await mkdir(join(host.sandbox.home, name, "0123"), { recursive: true });
      await writeFile(join(host.sandbox.home, name, "0123", "out"), "result");
    }
    const dayBefore = Date.now() / 1000 - 49 * 3600;
    await utimes(join(host.sandbox.home, old), dayBefore, dayBefore);
    await using connector = host.connect();
    await connector.exec(["true"]);
    await until("it to be removed", async () => !(await readdir(host.sandbox.home)).includes(old));
    expect(await readdir(join(host.sandbox.home, fresh, "0123"))).toEqual(["out"]);
  });

  test("a directory that somebody removed is made again", async () => {
    await using host = await kind.start(peaceful);
    await using connector = host.connect();
    await connector.exec(["true"]);
    await host.sandbox.run("rm -rf .sremote-rest-* sremote-rest-*");
    expect((await connector.exec(shell("exit 4"))).exitCode).toBe(4);
  });

  test("a command that takes longer than a request may goes on and is asked after", async () => {
    await using host = await kind.start(peaceful);
    await using connector = host.connect();
    const result = await longCommand(connector);
    expect(result).toBe("slow\n");
  });

  test("a host's script that is killed is a lost result, not an endless wait", async () => {
    await using host = await kind.start(peaceful);
    await using connector = host.connect({ visibilityTimeout: 2000 });
    const running = connector.exec(shell("echo > begun; sleep 300"));
    await until("the command to run", async () => (await readdir(host.sandbox.home)).includes("begun"));
    // Some may have ended by themselves meanwhile.
    signalEach(await host.sandbox.processes(), "SIGKILL");
    expect(await rejection(running, ConnectError)).toMatchObject({ code: "connection-lost", message: expect.stringContaining("lost") });
    expect((await connector.exec(shell("exit 2"))).exitCode).toBe(2);
  });
});

// Alone: the clock is the whole process's.
describe.each(restKinds)("over $name, by a clock of the client's own", (kind) => {
  test("G38 a result that becomes visible 60 s late is delivered, and the command ran once", async () => {
    await using host = await kind.start(peaceful);
    await using connector = host.connect();
    await connector.exec(["true"]);
    const size = 2_000_000;
    let first: number | undefined;
    let last = 0;
    host.server.lateBy = (): boolean => {
      first ??= performance.now();
      last = performance.now();
      return last - first < 60_000;
    };
    // The client's clock runs five hundred times as fast as the host's while it waits for the file.
    const hasten = setInterval(() => first !== undefined && vi.advanceTimersByTime(1000), 10);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"], shouldAdvanceTime: true });
    try {
      const result = await connector.exec(shell(`echo x >> effects; head -c ${size} /dev/zero`));
      expect(result.stdout).toHaveLength(size);
    } finally {
      clearInterval(hasten);
      vi.useRealTimers();
      host.server.lateBy = undefined;
    }
    expect(last - first!).toBeGreaterThanOrEqual(60_000);
    expect(await lines(host, "effects")).toEqual(["x"]);
  });
});

/** Longer than the script of a dialect waits when its `replyTimeout` is one second. */
async function longCommand(connector: RestConnector): Promise<string> {
  return text((await connector.exec(shell("sleep 2.5; echo slow"))).stdout);
}

async function argumentVectors(): Promise<string> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "")))).join("\n");
}

async function filesWith(host: RestHost, canary: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(host.sandbox.home, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && (await readFile(path, "latin1")).includes(canary)) found.push(path);
  }
  return found;
}
