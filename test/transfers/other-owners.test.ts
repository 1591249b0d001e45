/* Places that belong to several users: what is another's stays as it is, and costs no other path. */
import { appendFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { local } from "@sremote/connectors";
import { pull, push } from "@sremote/transfer";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../scripts/labs/run.ts";
import { bareKinds, useBareHost } from "../support/bare-hosts.ts";
import { hostKinds, stopSshd, type TestHost } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

let host: TestHost | undefined;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp("/tmp/sremote-owners-");
  await mkdir(join(directory, "made/sub"), { recursive: true });
  await writeFile(join(directory, "made/a"), "new");
  await writeFile(join(directory, "made/same"), "same");
  await writeFile(join(directory, "made/sub/b"), "new");
});
afterEach(async () => {
  await host?.connector.close();
  await host?.[Symbol.asyncDispose]();
  host = undefined;
  await rm(directory, { recursive: true });
});

const withPython = hostKinds.find(({ name }) => name === "ssh")!;
const withShell = bareKinds.find(({ name }) => name === "dash and coreutils")!;

describe.each(["Python", "a shell"])("a host with %s", (kind) => {
  const { start } = kind === "Python" ? withPython : useBareHost(withShell);
  beforeEach(async () => {
    host = await start();
  });

  test("a directory and a file of root, which anybody may write to: the content comes, mode and time are told of", async () => {
    const shared = join(host!.home, "shared");
    await mkdir(join(shared, "sub"), { recursive: true });
    for (const path of [shared, join(shared, "sub")]) await chmod(path, 0o777);
    await writeFile(join(shared, "same"), "same");
    await chmod(join(shared, "same"), 0o666);
    await utimes(join(shared, "same"), 1e9, 1e9);
    const { ok, files, failures } = await push(host!.connector, join(directory, "made"), shared);
    expect({ ok, files }).toEqual({ ok: false, files: 2 });
    const paths = new Set(failures.map(({ path }) => path));
    expect([...paths].toSorted()).toEqual(["", "same", "sub"]);
    for (const { errno, message } of failures) {
      expect([errno, message]).toEqual(["EPERM", expect.stringMatching(/another user.*`modes: false` and `times: false`/)]);
    }
    expect(await readFile(join(shared, "sub/b"), "utf8")).toBe("new");
    expect((await stat(join(shared, "same"))).uid).toBe(0);
    expect(await push(host!.connector, join(directory, "made"), shared, { modes: false, times: false })).toMatchObject({
      ok: true,
      files: 0,
    });
  });

  test("a file of root in a sticky directory stays, and the others come", async () => {
    const shared = join(host!.home, "sticky");
    await mkdir(shared);
    await writeFile(join(shared, "a"), "root's");
    await chmod(shared, 0o1777);
    const { files, failures } = await push(host!.connector, join(directory, "made"), shared, { modes: false, times: false });
    expect(files).toBe(2);
    expect(failures).toEqual([
      { path: "a", errno: "EPERM", message: expect.stringContaining("what is in its place belongs to another user") },
    ]);
    expect(await readFile(join(shared, "a"), "utf8")).toBe("root's");
  });

  test("a link that leads nowhere in place of the destination is named", async () => {
    await symlink("nowhere", join(host!.home, "dangling"));
    await run("chown", ["-h", `--reference=${host!.home}`, join(host!.home, "dangling")]);
    expect(String(await rejection(push(host!.connector, join(directory, "made"), "dangling")))).toContain("a link that leads nowhere");
  });
});

test("files of /proc, which say that they are empty, come whole by the shell, too", async () => {
  const bin = join(directory, "bin");
  await mkdir(bin);
  const tools = "cat chmod dd env false find head id ln ls mkdir mktemp mv readlink rm rmdir sh sha256sum stat tail touch true uname wc";
  for (const name of tools.split(" ")) await symlink(`/usr/bin/${name}`, join(bin, name));
  await using connector = local({ cwd: directory, env: { PATH: bin } });
  for (const path of ["/proc/version", "/proc/meminfo"]) {
    expect(await pull(connector, path, join(directory, "pulled/"))).toMatchObject({ ok: true, files: 1 });
  }
  expect(await readFile(join(directory, "pulled/version"), "utf8")).toBe(await readFile("/proc/version", "utf8"));
  expect(await readFile(join(directory, "pulled/meminfo"), "utf8")).toMatch(/^MemTotal: [^]*\n$/);
});

test("a file that changes while it is read: the message says what to do with a log", async () => {
  await using connector = local({ cwd: directory });
  const log = join(directory, "made/log");
  await writeFile(log, "x".repeat(3_000_000));
  const writing = setInterval(() => appendFileSync(log, "more\n"), 1);
  try {
    const { failures } = await push(connector, join(directory, "made"), "there");
    expect(failures).toEqual([{ path: "log", errno: "ECHANGED", message: expect.stringContaining('`growing: "prefix"`') }]);
    expect(await push(connector, join(directory, "made"), "there", { growing: "prefix" })).toMatchObject({ ok: true });
  } finally {
    clearInterval(writing);
  }
});
