/* Transfers that are broken off, disks that are full, readers that look on. */
import { appendFileSync, mkdirSync } from "node:fs";
import { mkdir, mkdtemp, open, readdir, readFile, readlink, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, type Connector, local, openssh, ssh } from "@sremote/connectors";
import { pull, push, sync, type TransferProgress } from "@sremote/transfer";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Proxy, startProxy } from "../../scripts/labs/proxy.ts";
import { hostTemporaryName } from "../../packages/transfer/src/temporary.ts";
import { run } from "../../scripts/labs/run.ts";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import { until } from "../../scripts/labs/wait.ts";
import { limitedTo } from "../support/carriage.ts";
import { hostPath } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { rejection } from "../support/rejection.ts";
import { content, megabyte } from "./content.ts";
import { leftOver } from "./trees.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sremote-faults-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const localHost = (): Connector => local({ cwd: directory, env: { HOME: directory, PATH: hostPath } });
// That the system's ssh tells of a cut link is shown by `checkConnector`.
describe.each([["ssh", ssh] as const, ...(isNightly ? [["openssh", openssh] as const] : [])])(
  "a link over %s that is cut",
  (_, connect) => {
    let lab: Lab;
    let proxy: Proxy;
    let connector: Connector;
    let home: string;
    beforeAll(async () => {
      lab = await startSshd({ config: [`SetEnv PATH=${hostPath}`] });
    });
    afterAll(() => lab?.stop());
    beforeEach(async () => {
      const user = await lab.addUser();
      home = user.home;
      proxy = await startProxy({ host: lab.address, port: lab.port });
      await writeFile(join(directory, "known"), `[${proxy.address}]:${proxy.port} ${lab.hostKeys[0]!.publicKey}\n`);
      connector = connect({
        host: proxy.address,
        port: proxy.port,
        username: user.name,
        privateKeyPath: lab.key.path,
        knownHosts: join(directory, "known"),
        sshConfig: false,
      });
    });
    afterEach(async () => {
      await connector.close();
      await proxy.stop();
    });

    test("G26 a push that is cut leaves only an unfinished file, and the next one goes on from there", async () => {
      const bytes = content(24 * megabyte);
      await writeFile(join(directory, "big"), bytes);
      await connector.exec(["true"]);
      proxy.afterBytes(12 * megabyte, () => proxy.cut(), "to-server");
      expect((await rejection(push(connector, join(directory, "big"), "big"))).code).toBe("connection-lost");
      // The host notices the end of its input when its own side of the link has ended.
      const partial = await until("the unfinished file to be left alone", async () => {
        const [name] = await leftOver(home);
        return name !== undefined && !(await isHeld(name)) ? name : undefined;
      });
      const size = (await stat(partial)).size;
      expect(size).toBeGreaterThan(megabyte);
      expect(await readdir(home)).not.toContain("big");
      proxy.restore();
      const result = await push(connector, join(directory, "big"), "big");
      expect(result).toMatchObject({ ok: true, files: 1, bytes: bytes.length, transferred: bytes.length - size });
      expect((await readFile(join(home, "big"))).equals(bytes)).toBe(true);
      expect(await leftOver(home)).toEqual([]);
    });

    test("G26 a pull that is cut leaves only an unfinished file, and the next one goes on from there", async () => {
      const bytes = content(24 * megabyte);
      await writeFile(join(home, "big"), bytes);
      await connector.exec(["true"]);
      proxy.afterBytes(12 * megabyte, () => proxy.cut(), "to-client");
      expect((await rejection(pull(connector, "big", join(directory, "back/big")))).code).toBe("connection-lost");
      const [partial] = await readdir(join(directory, "back"));
      const { size } = await stat(join(directory, "back", partial!));
      expect(size).toBeGreaterThan(megabyte);
      proxy.restore();
      const result = await pull(connector, "big", join(directory, "back/big"));
      expect(result).toMatchObject({ ok: true, transferred: bytes.length - size });
      expect((await readFile(join(directory, "back/big"))).equals(bytes)).toBe(true);
      expect(await readdir(join(directory, "back"))).toEqual(["big"]);
    });

    test("G26 a beginning that is another file's is not gone on from", async () => {
      const bytes = content(3 * megabyte);
      const other = content(2 * megabyte, 7);
      await writeFile(join(directory, "big"), bytes);
      await writeFile(join(home, "theirs"), bytes);
      for (const place of [home, directory]) await writeFile(join(place, hostTemporaryName("big")), other);
      expect(await push(connector, join(directory, "big"), `${home}/`)).toMatchObject({ transferred: bytes.length });
      expect((await readFile(join(home, "big"))).equals(bytes)).toBe(true);
      expect(await pull(connector, "theirs", join(directory, "back/big"))).toMatchObject({ transferred: bytes.length });
    });

    test("an unfinished file that another transfer still holds is copied, neither shared nor removed", async () => {
      const bytes = content(4 * megabyte);
      await writeFile(join(directory, "big"), bytes);
      const partial = join(home, hostTemporaryName("big"));
      await writeFile(partial, bytes.subarray(0, 3 * megabyte));
      await run("chown", [`--reference=${home}`, partial]);
      const held = await connector.spawn!(["flock", "-x", partial, "cat"]);
      try {
        await until("the file to be locked", async () => (await connector.exec(["flock", "-n", partial, "true"])).exitCode !== 0);
        const holder = await open(partial, "r+");
        try {
          expect(await push(connector, join(directory, "big"), "big")).toMatchObject({ ok: true, transferred: megabyte });
          // Output of the stuck one is no longer read.
          await holder.write("late", 0);
        } finally {
          await holder.close();
        }
      } finally {
        await held[Symbol.asyncDispose]();
      }
      expect((await readFile(join(home, "big"))).equals(bytes)).toBe(true);
      expect(await leftOver(home)).toEqual([partial]);
    });
  },
);

/** Whether a process has the file open. */
async function isHeld(path: string): Promise<boolean> {
  const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  for (const pid of processes) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const fd of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => "");
      if (target === path) return true;
    }
  }
  return false;
}

describe("G14 a transfer that is cancelled", () => {
  test.each(["push", "pull"] as const)("a %s leaves nothing but an unfinished file that the next goes on from", async (direction) => {
    await using host = localHost();
    // So much that it is under way for a while: reports of progress are too far apart to cancel by them.
    const bytes = content(192 * megabyte);
    await writeFile(join(directory, "big"), bytes);
    const control = new AbortController();
    const copy = direction === "push" ? push : pull;
    const cancelled = rejection(copy(host, join(directory, "big"), join(directory, "to/big"), { signal: control.signal }));
    await until("a part to have arrived", async () => {
      const [name] = await readdir(join(directory, "to")).catch(() => []);
      return name !== undefined && (await stat(join(directory, "to", name))).size > 4 * megabyte;
    });
    control.abort();
    const error = await cancelled;
    expect(error.code).toBe("cancelled");
    const left = await readdir(join(directory, "to"));
    expect(left).toEqual([expect.stringMatching(/^\.big\.sremote-/)]);
    const partial = join(directory, "to", left[0]!);
    // What was on its way to the host when the transfer was cancelled may still be written.
    await until("nobody to hold the unfinished file", async () => !(await isHeld(partial)));
    const { size } = await stat(partial);
    expect(await copy(host, join(directory, "big"), join(directory, "to/big"))).toMatchObject({
      ok: true,
      transferred: bytes.length - size,
    });
    expect(await readdir(join(directory, "to"))).toEqual(["big"]);
    expect((await readFile(join(directory, "to/big"))).equals(bytes)).toBe(true);
  });

  test("a deadline is one for all of it", async () => {
    await using host = localHost();
    await truncate(join(directory, "big"), 0).catch(() => writeFile(join(directory, "big"), ""));
    await truncate(join(directory, "big"), 2 ** 36);
    const error = await rejection(push(host, join(directory, "big"), join(directory, "to/big"), { timeout: 300, resume: false }));
    expect(error.code).toBe("timeout");
  });
});

describe("G13 a full disk", () => {
  let mount: string;
  beforeEach(async () => {
    mount = join(directory, "mount");
    await mkdir(mount);
    await run("mount", ["-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", mount]);
  });
  afterEach(() => run("umount", [mount]));

  test.each([
    ["push", "session"],
    ["pull", "session"],
    ["push", "files"],
    ["pull", "files"],
  ] as const)("a %s over %s says so, stops, and leaves no part of a file", async (direction, carriage) => {
    await using host = limitedTo(carriage, localHost());
    for (const [name, size] of [
      ["small", 3000],
      ["zlarge", 6 * megabyte],
    ] as const) {
      await rm(join(directory, "tree"), { recursive: true, force: true });
      await mkdir(join(directory, "tree"));
      await writeFile(join(directory, "tree/first"), "fits");
      if (name === "small") for (let at = 0; at < 1000; at++) await writeFile(join(directory, `tree/small${at}`), content(size, at + 1));
      else await writeFile(join(directory, "tree/zlarge"), content(size));
      const copy = direction === "push" ? push : pull;
      const error = await rejection(copy(host, join(directory, "tree"), join(mount, name)));
      expect(error).toMatchObject({ name: "TransferError", code: "disk-full" });
      expect(await readFile(join(mount, name, "first"), "utf8")).toBe("fits");
      expect(await leftOver(mount)).toEqual([]);
      await rm(join(mount, name), { recursive: true });
    }
  });
});

test("G26 who reads during a transfer sees the old file or the new one, whole", async () => {
  await using host = localHost();
  const versions = [content(3 * megabyte, 1), content(3 * megabyte, 2)];
  await mkdir(join(directory, "from"));
  for (const name of ["large", "small"])
    await writeFile(join(directory, "from", name), versions[0]!.subarray(0, name === "small" ? 5000 : undefined));
  await push(host, join(directory, "from"), join(directory, "to"));
  const seen = { large: new Set<number>(), small: new Set<number>() };
  const control = new AbortController();
  const look = (async () => {
    while (!control.signal.aborted) {
      for (const name of ["large", "small"] as const) {
        const found = await readFile(join(directory, "to", name));
        seen[name].add(versions.findIndex((version) => version.subarray(0, name === "small" ? 5000 : undefined).equals(found)));
      }
    }
  })();
  for (let round = 0; round < (isNightly ? 12 : 6); round++) {
    const version = versions[(round + 1) % 2]!;
    await writeFile(join(directory, "from/large"), version);
    await writeFile(join(directory, "from/small"), version.subarray(0, 5000));
    const copied = round % 2 === 0 ? push(host, join(directory, "from"), join(directory, "to"), { check: "always" }) : undefined;
    await (copied ?? pull(host, join(directory, "from"), join(directory, "to"), { check: "always" }));
  }
  control.abort();
  await look;
  expect([...seen.large, ...seen.small]).not.toContain(-1);
  expect(seen.large.size).toBe(2);
});

describe("files that cannot be copied", () => {
  test("each is a failure of its own, and others are copied; nothing is deleted where not all could be read", async () => {
    await using host = localHost();
    await mkdir(join(directory, "from/taken"), { recursive: true });
    for (const name of ["a", "z", "taken/inner"]) await writeFile(join(directory, "from", name), name);
    await run("mkfifo", [join(directory, "from/pipe")]);
    await push(host, join(directory, "from"), join(directory, "to"));
    await rm(join(directory, "to/z"));
    mkdirSync(join(directory, "to/z/full"), { recursive: true });
    await writeFile(join(directory, "from/a"), "changed");
    const result = await push(host, join(directory, "from"), join(directory, "to"));
    expect(result).toMatchObject({ ok: false, files: 1, skipped: 1, failures: [{ path: "z", errno: "EISDIR" }] });
    expect(await readFile(join(directory, "to/a"), "utf8")).toBe("changed");
    expect(await sync(host, join(directory, "from"), join(directory, "to"), { direction: "push", delete: true })).toMatchObject({
      ok: true,
    });
    expect(await readFile(join(directory, "to/z"), "utf8")).toBe("z");
  });

  test.each(["before it is read", "while it is read"])("a file that grows %s, and after it was listed, is not copied", async (when) => {
    await using host = localHost();
    await mkdir(join(directory, "from"));
    await writeFile(join(directory, "from/before"), content(megabyte));
    await writeFile(join(directory, "from/growing"), content(8 * megabyte));
    await writeFile(join(directory, "from/other"), "fine");
    let grown = false;
    const onProgress = ({ bytes }: TransferProgress): void => {
      // The first event comes with the first bytes: those of the file before it, where there is one.
      if (grown || bytes === 0) return;
      appendFileSync(join(directory, "from/growing"), "more");
      grown = true;
    };
    if (when === "while it is read") await rm(join(directory, "from/before"));
    const result = await push(host, join(directory, "from"), join(directory, "to"), { onProgress });
    expect(result).toMatchObject({ ok: false, failures: [{ path: "growing", errno: "ECHANGED" }] });
    expect((await readdir(join(directory, "to"))).filter((name) => name !== "before")).toEqual(["other"]);
  });

  test("G17 a host with neither Python nor the tools is told what it lacks", async () => {
    await using bare = withoutPython(local({ cwd: directory, env: { PATH: directory } }));
    await writeFile(join(directory, "from"), "x");
    for (const host of [bare, limitedTo("pipes", bare)]) {
      const error = await rejection(push(host, join(directory, "from"), join(directory, "to")));
      expect(error.code).toBe("interpreter-missing");
      for (const tool of ["Python 3.6", "stat", "dd", "sha256sum"]) expect(error.message).toContain(tool);
      expect(await readdir(directory)).toEqual(["from"]);
    }
  });
});

/** The same machine without Python anywhere. */
function withoutPython(host: Connector): Connector {
  const changed = (command: Command): Command =>
    "shell" in command ? { shell: command.shell.replaceAll("/bin/python3", "/nowhere/python3") } : command;
  return {
    ...limitedTo("session", host),
    exec: (command, options) => host.exec(changed(command), options),
    spawn: (command, options) => host.spawn!(changed(command), options),
  };
}
