/* G05 G11 G20 Hosts behind the system's ssh that keep to no rule: first with a program in its place, which has it in its hands what comes, then with ssh itself. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openssh } from "@sremote/connectors";
import type { Connector, OpenSshOptions } from "@sremote/connectors";
import { ConnectError, hostLimits, SremoteError } from "@sremote/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { allowed, inUse } from "../support/flood.ts";
import { startHostileSshd } from "../support/hostile-host.ts";
import type { HostileSshd } from "../support/hostile-host.ts";

const program = fileURLToPath(new URL("../support/hostile-ssh.sh", import.meta.url));
const { noise, markerLine, execStderr } = hostLimits;

let connector: Connector | undefined;
afterEach(() => connector?.close());

function hostOf(behaviour: string, more: Partial<OpenSshOptions> = {}): Connector {
  connector = openssh({ host: behaviour, program, multiplex: false, sshConfig: false, ...more });
  return connector;
}

/** How a command ends: its exit code, or the error. */
async function outcome(behaviour: string, more?: Partial<OpenSshOptions>): Promise<unknown> {
  try {
    return (await hostOf(behaviour, more).exec(["true"])).exitCode;
  } catch (error) {
    expect(error).toBeInstanceOf(SremoteError);
    return error;
  }
}

const error = (code: string, summary: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(summary) as string, host: expect.any(String) as string });
const tooMuch = (summary: RegExp): unknown => error("limit-exceeded", summary);
const none = (summary: RegExp): unknown => error("protocol-error", summary);

test("the host can be an honest one, so that the cases below test what they claim", async () => {
  expect(await outcome("honest")).toBe(0);
});

describe("G20 openssh(): what comes before the command", () => {
  // A line feed ends the noise.
  test.each([
    [`noise-${noise - 2}`, 0],
    [`noise-${noise - 1}`, 0],
    [`noise-${noise}`, tooMuch(/printed 16777216 bytes and did not start the command/)],
    [`loud-${noise - 2}`, 0],
    [`loud-${noise - 1}`, 0],
    [`loud-${noise}`, tooMuch(/printed 16777216 bytes and did not start the command/)],
    // One is the space.
    [`beginning-${markerLine - 2}`, none(/which process/)],
    [`beginning-${markerLine - 1}`, none(/which process/)],
    [`beginning-${markerLine}`, tooMuch(/in the line that announces the command/)],
    ["endless-", tooMuch(/did not start the command/)],
  ])("%s", async (behaviour, expected) => {
    const before = inUse();
    expect(await outcome(behaviour)).toEqual(expected);
    expect(inUse() - before).toBeLessThan(allowed / 4);
  });

  test.each(["0", "-1", "1e3", "12345678901", "NaN", ""])("a process number of %j is none", async (number) => {
    expect(await outcome(`pid-${number}`)).toEqual(none(/which process/));
  });

  test("drops that never become a marker end at startTimeout", async () => {
    const began = performance.now();
    expect(await outcome("drip-", { startTimeout: 300, connectTimeout: 100 })).toMatchObject({
      code: expect.stringMatching(/connect-timeout|channel-failed/) as string,
    });
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

describe("G02 G20 openssh(): how the command ends", () => {
  test.each([
    ["status-0", 0],
    ["status-255", 255],
    ["status-256", none(/how the command ended/)],
    ["status--1", none(/how the command ended/)],
    ["status-1e2", none(/how the command ended/)],
    ["status-", none(/how the command ended/)],
    [`ending-${markerLine - 2}`, none(/how the command ended/)],
    [`ending-${markerLine - 1}`, none(/how the command ended/)],
    [`ending-${markerLine}`, tooMuch(/in the line that tells how the command ended/)],
    ["silent-0", error("channel-failed", /did not start the command; it ended with 0/)],
    ["silent-255", error("connect-failed", /ssh could not connect/)],
    ["killed-", error("connect-failed", /ssh could not connect/)],
    ["gone-", error("connection-lost", /the link to the host was lost/)],
  ])("%s", async (behaviour, expected) => {
    expect(await outcome(behaviour)).toEqual(expected);
  });

  test.each([
    [execStderr - 1, execStderr - 1, undefined],
    [execStderr, execStderr, undefined],
    [execStderr + 1, execStderr, true],
  ])("stderr of %i bytes", async (given, kept, truncated) => {
    const { stderr, truncated: cut } = await hostOf(`errors-${given}`).exec(["true"]);
    expect([stderr.length, cut]).toEqual([kept, truncated]);
  });

  test.each([
    [999, undefined],
    [1000, undefined],
    [1001, true],
  ])("stdout of %i bytes where 1,000 are to be kept", async (given, truncated) => {
    const { stdout, truncated: cut } = await hostOf(`output-${given}`).exec(["true"], { outputLimit: 1000 });
    expect([stdout.length, cut]).toEqual([Math.min(given, 1000), truncated]);
  });
});

describe("G20 openssh(): messages of ssh that a host has a say in", () => {
  test.each(["text", "line", "said"])("60 MB of them (%s) cost no time, no memory, and a short error", async (behaviour) => {
    const before = inUse();
    const began = performance.now();
    const ended = await outcome(`${behaviour}-60000000`);
    expect(ended).toBeInstanceOf(ConnectError);
    expect((ended as Error).message.length).toBeLessThan(20_000);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(inUse() - before).toBeLessThan(allowed / 4);
  });

  test("more of them than a disk should hold end ssh", async () => {
    expect(await outcome(`log-${1024 * hostLimits.sshLog + 1}`)).toEqual(tooMuch(/made ssh write more than/));
  });
});

describe("G20 openssh() with the system's ssh", () => {
  let sshd: HostileSshd;
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "sremote-hostile-"));
    sshd = await startHostileSshd();
    await writeFile(join(directory, "known_hosts"), `[127.0.0.1]:${sshd.port} ${sshd.publicKey}\n`);
  });
  afterAll(async () => {
    await sshd.stop();
    await rm(directory, { recursive: true });
  });

  function reach(behaviour: string): Connector {
    const knownHosts = join(directory, "known_hosts");
    connector = openssh({ host: "127.0.0.1", port: sshd.port, username: behaviour, sshConfig: false, knownHosts });
    return connector;
  }

  test("an honest host is believed", async () => {
    expect(await reach("honest-with-status").exec(["true"])).toMatchObject({ exitCode: 0 });
  });

  test.each([
    ["prints without end before the command begins", "noise", /did not start the command/],
    ["prints without end in the line that says that it has begun", "marker", /in the line that announces/],
  ])("a host that %s", async (_, behaviour, summary) => {
    const host = reach(behaviour);
    const before = inUse();
    await expect(host.exec(["true"])).rejects.toEqual(tooMuch(summary));
    expect(inUse() - before).toBeLessThan(allowed / 4);
  });

  test("a host that ignores the window of its channel feeds ssh, not us, and the deadline holds", async () => {
    const host = reach("window");
    const before = inUse();
    await expect(host.exec(["cat"], { timeout: 1500, outputLimit: 1000 })).rejects.toMatchObject({
      code: expect.stringMatching(/timeout|connection-lost/) as string,
    });
    expect(inUse() - before).toBeLessThan(allowed / 4);
  });
});
