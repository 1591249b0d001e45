/* A session needs nothing on the host and leaves nothing there: the payload goes in over the channel. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmod, chown, rm, stat } from "node:fs/promises";
import { RemoteClient } from "@sremote/client";
import { RemoteExecError, RemoteNotSetupError } from "@sremote/protocol";
import { afterAll, describe, expect, test } from "vitest";
import { until } from "../../scripts/labs/wait.ts";
import { hostKinds, runtimes, stopSshd } from "../support/hosts.ts";
import { hostProcesses, listeningAt, snapshot, socketsLeft } from "../support/leftovers.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

const byShell = {
  python: (text: string) => ["subprocess", "call", [["sh", "-c", text]]] as const,
  node: (text: string) => ["node:child_process", "execSync", [text, { stdio: "inherit" }]] as const,
};

/** Files of this account outside of its home directory, on disks and in memory. */
function filesOf(uid: number, home: string, ...places: string[]): string[] {
  // Others come and go in these directories, and some cannot be looked into: `find` goes on, and its status tells no more than that.
  const { stdout } = spawnSync("find", [...places, "-uid", String(uid), "-not", "-path", `${home}*`], { encoding: "utf8" });
  return stdout.split("\n").filter((line) => line !== "");
}

describe.each(runtimes)("a bare host, in %s", (runtime) => {
  const ssh = hostKinds.find(({ name }) => name === "ssh")!;
  const pid = runtime === "python" ? (["os", "getpid"] as const) : (["node:process", "hrtime"] as const);

  test("nothing is written to its disks, whatever the calls do", async () => {
    await using host = await ssh.start();
    const { uid } = await stat(host.home);
    const disks = ["/tmp", "/var/tmp"];
    // Numbers of accounts are used again, and a test may have killed everything of the last one.
    const memory = ["/dev/shm", "/run"];
    const older = filesOf(uid, host.home, ...memory);
    let sockets: string[];
    // Else an empty list would say nothing.
    execFileSync("install", ["-o", String(uid), "/dev/null", `/var/tmp/sremote-seen-${uid}`]);
    expect(filesOf(uid, host.home, ...disks)).toEqual([`/var/tmp/sremote-seen-${uid}`]);
    await rm(`/var/tmp/sremote-seen-${uid}`);
    {
      await using client = new RemoteClient(host.connector, { runtime });
      const before = await snapshot(host.home);
      const calls = Array.from({ length: 20 }, () => client.doRemoteCall(pid[0], pid[1]));
      await Promise.all(calls);
      const [module, fn, args] = byShell[runtime]("echo loud; head -c 20000000 /dev/zero");
      await client.doRemoteCall(module, fn, [...args]);
      await client.doRemoteCall(pid[0], pid[1], [], { isolation: "call" });
      await rejection(client.doRemoteCall(runtime === "python" ? "os" : "node:process", "abort"), RemoteExecError);
      const large = new Uint8Array(20 << 20);
      await client.doRemoteCall(runtime === "python" ? "builtins" : "node:buffer", runtime === "python" ? "len" : "isUtf8", [large]);
      sockets = await listeningAt(await hostProcesses(host.home));
      expect(sockets).toHaveLength(1);
      expect(await snapshot(host.home)).toEqual(before);
      expect(filesOf(uid, host.home, ...disks)).toEqual([]);
    }
    await until("the session to end", async () => (await hostProcesses(host.home)).length === 0);
    expect(filesOf(uid, host.home, ...disks)).toEqual([]);
    expect(filesOf(uid, host.home, ...memory).filter((file) => !older.includes(file))).toEqual([]);
    expect(await socketsLeft(sockets)).toEqual([]);
  });

  test("G06 nothing listens on the network", async () => {
    await using host = await ssh.start();
    await using client = new RemoteClient(host.connector, { runtime });
    await client.doRemoteCall(pid[0], pid[1]);
    const { uid } = await stat(host.home);
    const listening = execFileSync("ss", ["--tcp", "--udp", "--listening", "--no-header", "--extended"], { encoding: "utf8" });
    expect(listening).not.toContain(`uid:${uid} `);
  });

  test("G29 a home directory that cannot be written needs no other place", async () => {
    await using host = await ssh.start();
    await chown(host.home, 0, 0);
    await chmod(host.home, 0o755);
    await using client = new RemoteClient(host.connector, { runtime });
    const before = await snapshot(host.home);
    expect((await client.doRemoteCall(pid[0], pid[1])).stdout).toBe("");
    expect(await snapshot(host.home)).toEqual(before);
  });

  test("with autoInstall: false a session is refused until the endpoint is installed", async () => {
    await using host = await ssh.start();
    await using client = new RemoteClient(host.connector, { runtime, autoInstall: false });
    const before = await snapshot(host.home);
    expect(await rejection(client.doRemoteCall(pid[0], pid[1]), RemoteNotSetupError)).toMatchObject({ code: "not-setup" });
    expect(await snapshot(host.home)).toEqual(before);
    await client.bootstrapInstall();
    expect((await client.doRemoteCall(pid[0], pid[1])).stdout).toBe("");
  });
});
