/* The link itself against a real sshd: its limits, its loss, and what must never be taken for a result. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ConnectError } from "@sremote/protocol";
import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isNightly } from "../../../../test/support/nightly.ts";
import { findProcesses, signalEach } from "../../../../scripts/labs/processes.ts";
import type { Proxy } from "../../../../scripts/labs/proxy.ts";
import { startProxy } from "../../../../scripts/labs/proxy.ts";
import type { Lab } from "../../../../scripts/labs/sshd.ts";
import { startSshd } from "../../../../scripts/labs/sshd.ts";
import type { Account } from "../../../../scripts/labs/users.ts";
import { until } from "../../../../scripts/labs/wait.ts";
import type { Command, Connector, SpawnedProcess } from "../connector.ts";
import { shell } from "../connector.ts";
import { ssh } from "./index.ts";
import type { SshOptions } from "./index.ts";

let lab: Lab;
let user: Account;
let proxy: Proxy;
const opened: Connector[] = [];

beforeAll(async () => {
  lab = await startSshd();
  user = await lab.addUser();
});
afterAll(() => lab?.stop());
beforeEach(async () => {
  proxy = await startProxy({ host: lab.address, port: lab.port });
});
afterEach(async () => {
  proxy.restore();
  await Promise.all(opened.splice(0).map((connector) => connector.close()));
  await proxy.stop();
  await until("no command of the user is left", async () => (await findProcesses(({ uid }) => uid === user.uid)).length === 0);
});

function open(more: Partial<SshOptions> = {}, at: Lab = lab): Connector {
  const connector = ssh({
    host: at.address,
    port: at.port,
    username: user.name,
    privateKeyPath: at.key.path,
    hostKey: { fingerprint: at.hostKeys[0]?.fingerprint ?? "" },
    sshConfig: false,
    ...more,
  });
  opened.push(connector);
  return connector;
}
const throughProxy = (): Partial<SshOptions> => ({ host: proxy.address, port: proxy.port });
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const running = async (name: string): Promise<number> =>
  (await findProcesses((each) => each.uid === user.uid && each.command.includes(name))).length;

async function spawnOn(connector: Connector, command: Command): Promise<SpawnedProcess> {
  assert(connector.spawn !== undefined);
  return await connector.spawn(command);
}

/** Without a client, sshd leaves a silent command alone; the suite ends what it started. */
async function endCommands(): Promise<void> {
  const left = await findProcesses(({ uid }) => uid === user.uid);
  signalEach(
    left.map(({ pid }) => pid),
    "SIGKILL",
  );
}

/** Resolves with what the process has printed first. */
async function firstOutput(process: SpawnedProcess): Promise<string> {
  const [chunk] = await once(process.stdout, "data");
  return String(chunk);
}

describe("sshd's default limits", () => {
  test("G18 200 commands at once through MaxSessions 10: all succeed over one connection, and start in order", async () => {
    const connector = open(throughProxy());
    const started: number[] = [];
    const results = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const process = await spawnOn(connector, shell(`echo ${index}; exit ${index % 256}`));
        started.push(index);
        process.stderr.resume();
        const chunks: Buffer[] = await process.stdout.toArray();
        return [Buffer.concat(chunks).toString(), (await process.exit).exitCode];
      }),
    );
    expect(results).toEqual(Array.from({ length: 200 }, (_, index) => [`${index}\n`, index % 256]));
    expect(started).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(proxy.accepted).toBe(1);
  });

  test("G16 30 connectors at once through MaxStartups: all connect", async () => {
    const results = await Promise.all(Array.from({ length: 30 }, (_, index) => open().exec(["echo", String(index)])));
    expect(results.map(({ stdout }) => text(stdout))).toEqual(Array.from({ length: 30 }, (_, index) => `${index}\n`));
  });

  test("G16 30 connectors that know nothing of each other are dropped by MaxStartups, and try again", async () => {
    // The queue of handshakes is kept by address; with an address each, they all come at once, as from 30 programs.
    const proxies = await Promise.all(Array.from({ length: 30 }, () => startProxy({ host: lab.address, port: lab.port })));
    try {
      const before = (await lab.log()).length;
      const results = await Promise.all(proxies.map(({ address, port }) => open({ host: address, port }).exec(["true"])));
      expect(results.map(({ exitCode }) => exitCode)).toEqual(proxies.map(() => 0));
      expect((await lab.log()).slice(before), "some were dropped, or this proves nothing").toMatch(/MaxStartups|drop connection/);
    } finally {
      await Promise.all(opened.splice(0).map((connector) => connector.close()));
      await Promise.all(proxies.map((each) => each.stop()));
    }
  });

  test("a host that allows fewer sessions gets fewer, and commands can still be ended there", async () => {
    await using strict = await startSshd({ config: ["MaxSessions 2"] });
    const { name } = await strict.addUser();
    const connector = open({ username: name }, strict);
    const results = await Promise.all(Array.from({ length: 12 }, (_, index) => connector.exec(["echo", String(index)])));
    expect(results.map(({ stdout }) => text(stdout).trim())).toEqual(Array.from({ length: 12 }, (_, index) => String(index)));
    const both = [connector.exec(["sleep", "611"], { timeout: 700 }), connector.exec(["sleep", "612"], { timeout: 700 })];
    for (const each of await Promise.allSettled(both)) expect(each).toMatchObject({ status: "rejected", reason: { code: "timeout" } });
    await until("both sleeps are gone", async () => (await findProcesses(({ command }) => /^sleep 61[12]$/.test(command))).length === 0);
    await connector.close();
  });
});

describe("G02 a lost link is never an exit code", () => {
  test("255 is the command's own, also when the link is lost right after it", async () => {
    const connector = open(throughProxy());
    expect(await connector.exec(["sh", "-c", "exit 255"])).toMatchObject({ exitCode: 255 });
    proxy.cut();
    await expect(connector.exec(["true"])).rejects.toBeInstanceOf(ConnectError);
    proxy.restore();
    expect(await connector.exec(["sh", "-c", "exit 255"])).toMatchObject({ exitCode: 255, signal: null });
  });

  test("the host's own end of the session is connection-lost, and the next command connects again", async () => {
    const connector = open();
    const process = await spawnOn(connector, shell("echo started; exec sleep 100"));
    expect(await firstOutput(process)).toBe("started\n");
    const broken = once(process.stdout, "error");
    await lab.endSessions();
    await expect(process.exit).rejects.toMatchObject({ code: "connection-lost" });
    await expect(broken, "the output does not just end").resolves.toMatchObject([{ code: "connection-lost" }]);
    expect(await connector.exec(["true"])).toMatchObject({ exitCode: 0 });
  });

  test("cut at any moment of connecting and starting", async () => {
    const whole = open(throughProxy());
    await whole.exec(["true"]);
    const bytes = proxy.carried;
    await whole.close();
    for (let part = 0; part < 20; part += 1) {
      proxy.restore();
      proxy.afterBytes(1 + Math.floor((bytes * 0.97 * part) / 20), () => proxy.cut());
      const connector = open(throughProxy());
      const outcome = await connector.exec(["sleep", "100"], { timeout: 10_000 }).catch((error: unknown) => error);
      assert(outcome instanceof ConnectError, `part ${part}: ${String(outcome)}`);
      expect(["connect-failed", "connect-refused", "connection-lost"]).toContain(outcome.code);
      proxy.restore();
      expect(await connector.exec(["true"])).toMatchObject({ exitCode: 0 });
      await connector.close();
    }
    await endCommands();
  });

  test("cut in the middle of a large output, several commands at once", async () => {
    const connector = open(throughProxy());
    await connector.exec(["true"]);
    proxy.afterBytes(3_000_000, () => proxy.cut());
    const all = await Promise.allSettled(Array.from({ length: 4 }, () => connector.exec(shell("head -c 20000000 /dev/zero; exit 0"))));
    for (const each of all) expect(each).toMatchObject({ status: "rejected", reason: { code: "connection-lost" } });
  });

  test("commands that wait in the queue of channels are told, too", async () => {
    const connector = open(throughProxy());
    const all = Array.from({ length: 20 }, () => connector.exec(["sleep", "100"]));
    await until("eight commands run", async () => (await running("sleep 100")) === 8);
    proxy.cut();
    for (const each of await Promise.allSettled(all)) {
      expect(each).toMatchObject({ status: "rejected", reason: expect.any(ConnectError) });
    }
    await endCommands();
  });
});

describe("G09 a link that carries nothing any more", () => {
  const quick = { keepaliveInterval: 150, keepaliveCountMax: 2 };

  test("is noticed by keepalive, and the next command connects again", async () => {
    const connector = open({ ...throughProxy(), ...quick });
    const spawned = await spawnOn(connector, shell("echo started; exec cat"));
    expect(await firstOutput(spawned)).toBe("started\n");
    proxy.blackhole();
    const begin = performance.now();
    await expect(spawned.exit).rejects.toMatchObject({ code: "connection-lost", message: expect.stringMatching(/keepalive/i) });
    expect(performance.now() - begin).toBeLessThan(2000);
    proxy.restore();
    expect(await connector.exec(["true"])).toMatchObject({ exitCode: 0 });
  });

  test("is left when a command got no answer, long before keepalive notices: the next one connects again", async () => {
    const connector = open(throughProxy());
    const lasting = await spawnOn(connector, shell("echo ready; exec sleep 600"));
    await firstOutput(lasting);
    proxy.strand();
    await expect(connector.exec(["true"], { timeout: 2500 })).rejects.toMatchObject({ code: "timeout" });
    expect((await connector.exec(["echo", "again"], { timeout: 5000 })).exitCode).toBe(0);
    expect(proxy.accepted).toBe(2);
    await connector.close();
    await endCommands();
  });

  test("does not hold up closing for as long as ending a command may take", async () => {
    const connector = open(throughProxy());
    const lasting = await spawnOn(connector, shell("echo ready; exec sleep 600"));
    await firstOutput(lasting);
    proxy.strand();
    const begin = performance.now();
    await connector.close();
    expect(performance.now() - begin).toBeLessThan(6000);
    await expect(lasting.exit).rejects.toMatchObject({ code: "connection-lost" });
    await endCommands();
  });

  test("is noticed through a jump host", async () => {
    const username = user.name;
    const jump = { host: proxy.address, port: proxy.port, username, privateKeyPath: lab.key.path, sshConfig: false, ...quick };
    const connector = open({ ...quick, jump: { ...jump, hostKey: { fingerprint: lab.hostKeys[0]?.fingerprint ?? "" } } });
    const spawned = await spawnOn(connector, shell("echo started; exec cat"));
    expect(await firstOutput(spawned)).toBe("started\n");
    proxy.blackhole();
    await expect(spawned.exit).rejects.toMatchObject({ code: "connection-lost" });
    proxy.restore();
    expect(await connector.exec(["true"])).toMatchObject({ exitCode: 0 });
  });

  test("while connecting is a timeout of connectTimeout", async () => {
    proxy.blackhole();
    const connector = open({ ...throughProxy(), connectTimeout: 300 });
    await expect(connector.exec(["true"])).rejects.toMatchObject({ code: "connect-timeout" });
    expect(await connector.status()).toMatchObject({ ok: false, error: { code: "connect-timeout" } });
  });

  test("a slow link is not taken for a dead one", async () => {
    proxy.setDelay(100);
    const connector = open({ ...throughProxy(), keepaliveInterval: 250, keepaliveCountMax: 3 });
    expect(await connector.exec(["sleep", "2"])).toMatchObject({ exitCode: 0 });
  });
});

describe("reaching the host", () => {
  test("nothing listens, the name does not resolve, something else answers", async () => {
    await expect(open({ port: 1 }).exec(["true"])).rejects.toMatchObject({ code: "connect-refused" });
    await expect(open({ host: "no-such-host.invalid" }).exec(["true"])).rejects.toMatchObject({ code: "name-not-found" });
    const silent = await startProxy({ host: lab.address, port: 1 });
    await expect(open({ port: silent.port }).exec(["true"])).rejects.toMatchObject({ code: "connect-failed" });
    await silent.stop();
  });

  test("a jump host that cannot reach the host says so", async () => {
    const jump = { host: lab.address, port: lab.port, username: user.name, privateKeyPath: lab.key.path, sshConfig: false };
    const fingerprint = lab.hostKeys[0]?.fingerprint ?? "";
    const connector = open({ port: 1, jump: { ...jump, hostKey: { fingerprint } } });
    await expect(connector.exec(["true"])).rejects.toMatchObject({ code: "connect-failed", message: expect.stringContaining("jump host") });
    const unknown = open({ jump: { ...jump, hostKey: "strict", knownHosts: join(lab.directory, "missing") } });
    await expect(unknown.exec(["true"])).rejects.toMatchObject({ code: "host-key-unknown" });
  });

  test("an account without a login shell is channel-failed, with what it said", async () => {
    const { name } = await lab.addUser({ shell: "/usr/sbin/nologin" });
    const connector = open({ username: name });
    await expect(connector.exec(["true"])).rejects.toMatchObject({
      code: "channel-failed",
      lastLines: expect.stringContaining("not available"),
    });
  });

  test("an abort while connecting ends the waiting, and the connector stays usable", async () => {
    proxy.blackhole();
    const connector = open(throughProxy());
    await expect(connector.exec(["true"], { timeout: 200 })).rejects.toMatchObject({ code: "timeout" });
    proxy.restore();
    expect(await connector.exec(["true"])).toMatchObject({ exitCode: 0 });
  });
});

describe("what goes on on the host", () => {
  test("G36 no terminal, no X11, no agent", async () => {
    const { stdout } = await open().exec(shell('tty; echo "display=$DISPLAY agent=$SSH_AUTH_SOCK tty=$SSH_TTY"'));
    expect(text(stdout)).toBe("not a tty\ndisplay= agent= tty=\n");
  });

  test("G36 strict key exchange is negotiated: the sequence numbers start again with the new keys", async () => {
    const before = (await lab.log()).length;
    await open().exec(["true"]);
    expect((await lab.log()).slice(before)).toMatch(/resetting read seqnr/);
  });

  test("an abort ends the whole tree, also what ignores SIGTERM and what left the process group", async () => {
    const connector = open();
    const script = "trap '' TERM; setsid sleep 621 & sleep 622 & sh -c 'trap \"\" TERM; sleep 623; sleep 624' & wait";
    const control = new AbortController();
    const exec = connector.exec(shell(script), { signal: control.signal });
    exec.catch(() => undefined);
    await until("three sleeps run", async () => (await running("sleep 62")) >= 3);
    control.abort();
    await expect(exec).rejects.toMatchObject({ code: "cancelled" });
    await until(
      "nothing is left",
      async () => (await findProcesses(({ uid }) => uid === user.uid)).every((each) => each.command.startsWith("sshd")),
      5000,
    );
  });

  test("close ends what was spawned", async () => {
    const connector = open();
    const process = await spawnOn(connector, shell("echo started; sleep 631 & wait"));
    expect(await firstOutput(process)).toBe("started\n");
    await connector.close();
    await until("the command is gone", async () => (await running("sleep 631")) === 0);
  });

  test("20 MB of stderr that nobody reads stop neither stdout nor the end", async () => {
    const connector = open();
    const process = await spawnOn(connector, shell("head -c 20000000 /dev/zero >&2; echo done; exit 3"));
    expect(await firstOutput(process)).toBe("done\n");
    expect(await process.exit).toEqual({ exitCode: 3, signal: null });
    let size = 0;
    for await (const chunk of process.stderr as AsyncIterable<Buffer>) size += chunk.length;
    expect(size).toBe(20_000_000);
  });

  // A gigabyte over this connector is in test/fleets/volume.test.ts; some windows of ssh2, and four times what memory may grow by, show it as well.
  const sent = isNightly ? 1e9 : 256e6;
  test(`G11 ${sent / 1e6} MB of output that is read slowly take no memory, and output that is not read stops the command`, async () => {
    const connector = open();
    const process = await spawnOn(connector, ["head", "-c", String(sent), "/dev/zero"]);
    const before = liveMemory();
    // Long enough to receive all of it, if nothing stopped that.
    await delay(1500);
    expect(liveMemory() - before).toBeLessThan(64 * 2 ** 20);
    let size = 0;
    let most = 0;
    let next = 0;
    for await (const chunk of process.stdout as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size < next) continue;
      most = Math.max(most, liveMemory() - before);
      next += sent / 8;
    }
    expect(size).toBe(sent);
    expect(most).toBeLessThan(64 * 2 ** 20);
    expect(await process.exit).toEqual({ exitCode: 0, signal: null });
  });

  test("output that is never read does not keep a place in the queue when its command has ended", async () => {
    const connector = open();
    for (let index = 0; index < 12; index += 1) {
      const process = await spawnOn(connector, shell("echo unread; echo unread >&2"));
      await process.exit;
    }
    expect(await connector.exec(["true"], { timeout: 5000 })).toMatchObject({ exitCode: 0 });
  });

  test("G29 a home directory that cannot be written to is no trouble", async () => {
    const { name, home } = await lab.addUser({ readOnlyHome: true });
    const connector = open({ username: name });
    expect(text((await connector.exec(shell('pwd; touch x 2>/dev/null || echo "read-only"'))).stdout)).toBe(`${home}\nread-only\n`);
    const path = `/tmp/${name}`;
    await connector.push(Buffer.from("content"), path);
    expect(text((await connector.exec(["cat", path])).stdout)).toBe("content");
    expect(await connector.exec(["rm", path])).toMatchObject({ exitCode: 0 });
  });

  test.skipIf(!existsSync("/usr/bin/fish"))("fish as the login shell (needs /usr/bin/fish)", async () => {
    const { name } = await lab.addUser({ shell: "/usr/bin/fish" });
    const connector = open({ username: name });
    const hostile = ["a'b", "\\", "\\'", "!x", "$HOME", "new\nline", "`id`", "é"];
    const { stdout } = await connector.exec(["printf", "%s\\0", ...hostile]);
    expect(text(stdout)).toBe(hostile.map((each) => `${each}\0`).join(""));
  });

  test("a command that is too long for the host is an invalid argument", async () => {
    await expect(open().exec(["echo", "x".repeat(200_000)])).rejects.toMatchObject({ code: "invalid-argument" });
    const { stdout } = await open().exec(["echo", "x".repeat(100_000)]);
    expect(stdout).toHaveLength(100_001);
  });
});

/** What is in use once what is not has been collected. */
function liveMemory(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  assert(typeof collect === "function");
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
