import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { RemoteExecError, RemoteNotSetupError, SremoteError, TransferError } from "@sremote/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../scripts/labs/run.ts";
import { limitedTo } from "../support/carriage.ts";
import { Effects, plantEffects } from "../support/effects.ts";
import { hostPath, runtimes } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

/** Takes all space but so many kilobytes. */
async function fill(directory: string, leave: number): Promise<void> {
  const free = Number((await run("df", ["-k", "--output=avail", directory])).split("\n")[1]);
  await writeFile(join(directory, `filler-${Math.random()}`), Buffer.alloc(Math.max(0, free - leave) * 1024, 1));
}

describe.each(["pipes", "files"] as const)("G13 a full disk over %s", (carriage) => {
  let home: string;
  let elsewhere: string;
  let client: RemoteClient;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "sremote-full-"));
    elsewhere = await mkdtemp(join(tmpdir(), "sremote-elsewhere-"));
    await run("mount", ["-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", home]);
    const host = local({ cwd: home, env: { HOME: home, PATH: hostPath, TMPDIR: elsewhere } });
    client = new RemoteClient(limitedTo(carriage, host), { sremoteDir: ".sremote" });
    await plantEffects(elsewhere);
  });
  afterEach(async () => {
    await client.close();
    await run("umount", [home]);
    await rm(home, { recursive: true });
    await rm(elsewhere, { recursive: true });
  });

  test.each(runtimes)("G13 before deployment: an error that says so, in %s", async (runtime) => {
    await fill(home, 0);
    const error = await rejection(client.doRemoteCall("os", "getcwd", [], { runtime }), RemoteNotSetupError);
    expect(error.message).toMatch(/no space|ENOSPC/i);
  });

  test.each(runtimes)("G13 before the call: disk-full, and nothing ran, in %s", async (runtime) => {
    const effects = new Effects(elsewhere);
    await effects.call(client, runtime, 1, { cwd: join(elsewhere, "work") });
    await fill(home, 0);
    const error = await rejection(effects.call(client, runtime, 2, { cwd: join(elsewhere, "work") }), SremoteError);
    expect(error.code).toBe("disk-full");
    expect(await effects.runs()).toHaveLength(1);
  });

  test.each(runtimes)("G13 shipped code: disk-full, and nothing ran, in %s", async (runtime) => {
    await client.doRemoteCall(runtime === "python" ? "os" : "node:os", runtime === "python" ? "getcwd" : "hostname", [], { runtime });
    const path = join(elsewhere, runtime === "python" ? "big.py" : "big.mjs");
    await writeFile(path, `${"#".repeat(runtime === "python" ? 1 : 0)}/*${"x".repeat(1_000_000)}*/\n`);
    client.ship(path);
    await fill(home, 500);
    const error = await rejection(client.doRemoteCall("big", "run", [], { runtime }), SremoteError);
    expect(error.code).toBe("disk-full");
  });

  test.each(runtimes)(
    "G13 during output or at the reply: what is lost is told, nothing half-written is believed, in %s",
    async (runtime) => {
      const noisy = runtime === "python" ? ["builtins", "print"] : ["node:console", "log"];
      await client.doRemoteCall(noisy[0]!, noisy[1]!, ["small"], { runtime });
      await fill(home, 400);
      // 64 KiB are reserved for the reply; a megabyte fits nowhere.
      const outcome = await client.doRemoteCall(noisy[0]!, noisy[1]!, ["x".repeat(100_000)], { runtime }).then(
        ({ output }) => ({ kept: output.stdout.bytes.length, ...output.stdout }),
        (error: unknown) => error as SremoteError,
      );
      if (outcome instanceof SremoteError) expect(outcome.code).toBe("disk-full");
      else expect(outcome.truncated || outcome.kept === 100_001).toBe(true);
      const value =
        runtime === "python" ? (["builtins", "bytes", [1 << 20]] as const) : (["node:buffer", "Buffer.alloc", [1 << 20]] as const);
      const large = await client.doRemoteCall(value[0], value[1], value[2], { runtime }).then(
        (result) => (result.value as Uint8Array).length,
        (error: unknown) => error as RemoteExecError,
      );
      if (large instanceof RemoteExecError) {
        expect(large.code).toBe("disk-full");
        expect(large.message).toMatch(/ran/);
      } else expect(large).toBe(1 << 20);
      if (carriage === "files") expect(large).toBeInstanceOf(RemoteExecError);
    },
  );

  test("G13 on the client's side: a pull to a full disk is disk-full and leaves no part of a file", async () => {
    await writeFile(join(elsewhere, "large"), Buffer.alloc(5 << 20, 7));
    const target = join(home, "target");
    const error = await rejection(client.connector.pull(join(elsewhere, "large"), { path: target }), TransferError);
    expect(error.code).toBe("disk-full");
    expect(await readdir(home)).toEqual([]);
  });
});
