import { existsSync } from "node:fs";
import { chmod, chown, lstat, mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { nodePayload, pythonPayload } from "@sremote/endpoint";
import { RemoteNotSetupError } from "@sremote/protocol";
import { afterAll, describe, expect, test } from "vitest";
import { run } from "../../scripts/labs/run.ts";
import { until } from "../../scripts/labs/wait.ts";
import { Effects, plantEffects } from "../support/effects.ts";
import { hostKinds, hostPath, runtimes, runtimesOn, stopSshd, type TestHost } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

const nobody = 65_534;
const payload = { python: pythonPayload, node: nodePayload };
const parts = [".sremote", ".sremote/endpoint", ".sremote/endpoint/SHA"] as const;
const crimes = ["another user's", "a symbolic link", "group writable", "world writable"] as const;

/** A deployed directory with an endpoint in it that would tell that it ran. */
async function plantTrap(
  home: string,
  runtime: "python" | "node",
  owner: { uid: number; gid: number },
  withEnvironment: boolean,
): Promise<string> {
  const directory = join(home, ".sremote/endpoint", payload[runtime].sha256);
  const trap = join(home, "trap");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(join(directory, "__main__.py"), `open(${JSON.stringify(trap)}, "w")\n`);
  await writeFile(
    join(directory, "endpoint.mjs"),
    `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(trap)}, "");\n`,
  );
  if (withEnvironment) {
    await mkdir(join(home, ".sremote/env/bin"), { recursive: true, mode: 0o700 });
    await writeFile(join(home, ".sremote/env/bin/python"), `#!/bin/sh\n: > '${trap}'\nexec /usr/bin/python3 "$@"\n`, { mode: 0o755 });
  }
  await run("chown", ["-R", `${owner.uid}:${owner.gid}`, join(home, ".sremote")]);
  return trap;
}

async function commit(crime: (typeof crimes)[number], path: string): Promise<void> {
  if (crime === "another user's") await chown(path, nobody, nobody);
  else if (crime === "group writable") await chmod(path, 0o770);
  else if (crime === "world writable") await chmod(path, 0o757);
  else {
    await rename(path, `${path}-real`);
    await symlink(`${path}-real`, path);
  }
}

const kinds = hostKinds.filter(({ name }) => ["local without sessions", "three functions", "ssh without sessions"].includes(name));

describe.each(kinds)("G07 directories on $name", (kind) => {
  // Each program of a host looks at what it is to use: all of it with both where a host is cheapest.
  describe.each(kind.name === "local without sessions" ? runtimes : runtimesOn(kind))("in %s", (runtime) => {
    for (const part of parts) {
      // One crime is enough to see that another connector runs the same check.
      test.each(kind.name === "ssh without sessions" ? crimes.slice(0, 1) : crimes)(
        `G07 ${part} that is %s is refused, and nothing of it is executed`,
        async (crime) => {
          await using host = await kind.start();
          const owner = await lstat(host.home);
          const trap = await plantTrap(host.home, runtime, owner, part === ".sremote");
          // Only the base directory named here may be used, not the next best.
          await using client = new RemoteClient(host.connector, { runtime, sremoteDir: ".sremote" });
          await commit(crime, join(host.home, part.replace("SHA", payload[runtime].sha256)));
          const error = await rejection(client.doRemoteCall("os", "getcwd"), RemoteNotSetupError);
          expect(["unsafe-directory", "no-writable-directory"]).toContain(error.code);
          expect(error.message).toContain(".sremote");
          expect(existsSync(trap)).toBe(false);
        },
      );
    }

    const later = [
      ["endpoint/SHA", "world writable"],
      ["calls", "world writable"],
      ["endpoint", "world writable"],
      [".", "world writable"],
      ["endpoint/SHA", "group writable"],
      ["endpoint/SHA", "another user's"],
      ["endpoint/SHA", "a symbolic link"],
    ] as const;
    test.each(later.slice(0, kind.name === "ssh without sessions" ? 1 : kind.name === "three functions" ? 4 : later.length))(
      "G07 %s that becomes %s between two calls is refused",
      async (part, crime) => {
        await using host = await kind.start();
        await plantEffects(host.home);
        const effects = new Effects(host.home);
        await using client = new RemoteClient(host.connector, { runtime, sremoteDir: ".sremote" });
        await effects.call(client, runtime, 1);
        await commit(crime, join(host.home, ".sremote", part.replace("SHA", payload[runtime].sha256)));
        const error = await rejection(effects.call(client, runtime, 2), RemoteNotSetupError);
        expect(["unsafe-directory", "no-writable-directory"]).toContain(error.code);
        expect(await effects.runs()).toHaveLength(1);
      },
    );

    test("G07 every file is 0600 and every directory 0700 while a call runs and after", async () => {
      await using host = await kind.start();
      await plantEffects(host.home);
      const effects = new Effects(host.home);
      await using client = new RemoteClient(host.connector, { runtime });
      const call = effects.call(client, runtime, "x".repeat(10_000), {}, 0.5);
      await until("the function to run", async () => (await effects.runs()).length > 0);
      await expectPrivate(host, "calls");
      await call;
      await expectPrivate(host, "endpoint");
    });
  });
});

/** Everything below the base directory; `expected` must be there. */
async function expectPrivate(host: TestHost, expected: string): Promise<void> {
  const base = join(host.home, ".sremote");
  const { uid } = await lstat(host.home);
  const names = await readdir(base, { recursive: true });
  expect(names.some((name) => name.startsWith(`${expected}/`))).toBe(true);
  for (const name of ["", ...names]) {
    const found = await lstat(join(base, name)).catch(() => undefined); // temporary files come and go
    if (found === undefined) continue;
    expect.soft([name, (found.mode & 0o777).toString(8), found.uid]).toEqual([name, found.isDirectory() ? "700" : "600", uid]);
  }
}

describe.each(runtimes)("G29 places to write in %s", (runtime) => {
  const localHost = hostKinds.find(({ name }) => name === "local without sessions")!;
  const ssh = hostKinds.find(({ name }) => name === "ssh without sessions")!;
  const call = ["time", "node:process"];
  const fn = ["time", "uptime"];
  const now = (client: RemoteClient): Promise<{ host: { base: string } }> =>
    client.doRemoteCall(call[runtimes.indexOf(runtime)]!, fn[runtimes.indexOf(runtime)]!);

  test("G29 a read-only home directory: the call works below a temporary directory", async () => {
    await using host = await ssh.start();
    const { uid } = await lstat(host.home);
    await chown(host.home, 0, 0);
    await chmod(host.home, 0o755);
    await using client = new RemoteClient(host.connector, { runtime });
    const { base } = (await now(client)).host;
    expect(base).toContain(`sremote-${uid}`);
    expect((await lstat(base)).mode & 0o777).toBe(0o700);
    await run("rm", ["-rf", base]);
  });

  test("G29 nothing can be written: the error lists the path with its reason", async () => {
    await using host = await ssh.start();
    await chown(host.home, 0, 0);
    await chmod(host.home, 0o755);
    await using client = new RemoteClient(host.connector, { runtime, sremoteDir: "place/below" });
    const error = await rejection(now(client), RemoteNotSetupError);
    expect(error.code).toBe("no-writable-directory");
    expect(error.message).toContain(join(host.home, "place"));
    expect(error.message).toMatch(/permission denied|EACCES|not writable/i);
    expect(error.hint).toContain("setSremoteDir");
  });

  test("G29 each path of several is listed with its own reason", async () => {
    // The last resort, below /tmp, is made unfit by a link in its place.
    const last = `/tmp/sremote-${process.getuid!()}`;
    const aside = existsSync(last);
    if (aside) await rename(last, `${last}.aside`);
    await symlink("/nowhere", last);
    try {
      const env = { HOME: "/proc/self", PATH: hostPath, XDG_RUNTIME_DIR: "/proc/nowhere", TMPDIR: "/sys/nowhere" };
      await using client = new RemoteClient(local({ cwd: "/", env }), { runtime, transport: "spool" });
      const error = await rejection(now(client), RemoteNotSetupError);
      expect(error.code).toBe("no-writable-directory");
      for (const each of ["/proc/self", "/proc/nowhere", "/sys/nowhere", last]) expect(error.message).toContain(each);
    } finally {
      await run("rm", ["-f", last]);
      if (aside) await rename(`${last}.aside`, last);
    }
  });

  test("G29 a home directory mounted noexec works", async () => {
    await using host = await localHost.start();
    await run("mount", ["-t", "tmpfs", "-o", "noexec,nosuid,size=16m", "tmpfs", host.home]);
    try {
      await using client = new RemoteClient(host.connector, { runtime });
      expect((await now(client)).host.base).toBe(join(host.home, ".sremote"));
      expect((await now(client)).host.base).toBe(join(host.home, ".sremote"));
      expect(await readFile("/proc/mounts", "utf8")).toContain(`${host.home} tmpfs`);
    } finally {
      await run("umount", [host.home]);
    }
  });
});
