/* Large files of which a part differs, by rsync over the connection there is. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { local } from "@sremote/connectors";
import { pull, push } from "@sremote/transfer";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../scripts/labs/run.ts";
import { hostKinds, hostPath, stopSshd, type TestHost } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { rejection } from "../support/rejection.ts";

const size = 6 << 20;
let directory: string;
let bytes: Buffer;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sremote-delta-"));
  await run("sh", ["-c", `head -c ${size} /dev/urandom > ${directory}/big`]);
  bytes = await readFile(join(directory, "big"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));
afterAll(stopSshd);

const sockets = async (): Promise<string[]> => (await readdir(tmpdir())).filter((name) => name.startsWith("sremote-rsync-"));

/** With a bit of text in the middle, so that all behind it is at another place. */
function changed(by: string): Buffer {
  return Buffer.concat([bytes.subarray(0, size / 2), Buffer.from(by), bytes.subarray(size / 2)]);
}

describe.each(hostKinds.filter(({ name }) => ["local", "ssh", ...(isNightly ? ["openssh"] : [])].includes(name)))(
  "delta over $name",
  (kind) => {
    let host: TestHost;
    beforeEach(async () => {
      host = await kind.start();
    });
    afterEach(async () => {
      await host.connector.close();
      await host[Symbol.asyncDispose]();
    });

    test("G26 a push and a pull send little more than what differs, and keep mode and time", async () => {
      const before = await sockets();
      const name = "big file's: name";
      await mkdir(join(directory, "from"));
      await writeFile(join(directory, "from", name), bytes);
      await push(host.connector, join(directory, "from"), `${host.home}/to`);
      await writeFile(join(directory, "from", name), changed("inserted"), { mode: 0o640 });
      const pushed = await push(host.connector, join(directory, "from"), `${host.home}/to`, { check: "delta" });
      expect(pushed).toMatchObject({ ok: true, files: 1, bytes: size + 8 });
      expect(pushed.transferred).toBeLessThan(size / 10);
      expect((await readFile(join(host.home, "to", name))).equals(changed("inserted"))).toBe(true);
      const there = await stat(join(host.home, "to", name));
      expect(Math.abs(there.mtimeMs - (await stat(join(directory, "from", name))).mtimeMs)).toBeLessThan(0.01);
      expect(await readdir(join(host.home, "to"))).toEqual([name]);

      await writeFile(join(directory, "from", name), bytes);
      const pulled = await pull(host.connector, `${host.home}/to`, join(directory, "from"), { check: "delta" });
      expect(pulled).toMatchObject({ ok: true, files: 1 });
      expect(pulled.transferred).toBeLessThan(size / 10);
      expect((await readFile(join(directory, "from", name))).equals(changed("inserted"))).toBe(true);
      expect(await readdir(join(directory, "from"))).toEqual([name]);
      expect(await sockets()).toEqual(before);
    });
  },
);

test("a cancelled delta leaves nothing on either side", async () => {
  await using host = local({ cwd: directory, env: { HOME: directory, PATH: hostPath } });
  for (const [copy, to] of [
    [push, "there"],
    [pull, "here"],
  ] as const) {
    await mkdir(join(directory, to));
    await writeFile(join(directory, to, "big"), changed("x"));
    const control = new AbortController();
    // As soon as the room for the new file is there.
    const watching = (async () => {
      while ((await readdir(join(directory, to))).length < 2 && !control.signal.aborted) await setImmediate();
      control.abort();
    })();
    const copied = copy(host, join(directory, "big"), join(directory, to, "big"), { check: "delta", signal: control.signal });
    const error = await rejection(copied).finally(() => control.abort());
    await watching;
    expect(error.code).toBe("cancelled");
    expect(await readdir(join(directory, to))).toEqual(["big"]);
    expect((await readFile(join(directory, to, "big"))).equals(changed("x"))).toBe(true);
  }
});

test("where the host has no rsync, all of the file is sent", async () => {
  const home = join(directory, "home");
  await mkdir(join(directory, "bin"), { recursive: true });
  await mkdir(home);
  for (const program of ["sh", "python3"])
    await run("ln", ["-s", (await run("which", [program], { env: { PATH: hostPath } })).trim(), join(directory, "bin", program)]);
  await using host = local({ cwd: home, env: { HOME: home, PATH: join(directory, "bin") } });
  await push(host, join(directory, "big"), "big");
  await writeFile(join(directory, "big"), changed("x"));
  expect(await push(host, join(directory, "big"), "big", { check: "delta" })).toMatchObject({ ok: true, transferred: size + 1 });
  await writeFile(join(home, "big"), bytes);
  expect(await pull(host, "big", join(directory, "big"), { check: "delta" })).toMatchObject({ ok: true, transferred: size });
  expect(await readdir(home)).toEqual(["big"]);
});
