/* Files as they are found on hosts: old and far times, edits within a second, logs that grow, /proc, deep trees, and several transfers to one place. */
import { appendFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pull, push, sync } from "@sremote/transfer";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { hostTemporaryName } from "../../packages/transfer/src/temporary.ts";
import { run } from "../../scripts/labs/run.ts";
import { bareKinds, useBareHost } from "../support/bare-hosts.ts";
import { hostKinds, stopSshd, type TestHost } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { content, megabyte } from "./content.ts";
import { leftOver } from "./trees.ts";

let directory: string;
let host: TestHost;
const from = (path = ""): string => join(directory, "from", path);
const there = (path = ""): string => join(host.home, "there", path);

/** `touch` knows times that Node cannot set. */
const dated = (path: string, seconds: string): Promise<string> => run("touch", ["-d", `@${seconds}`, path]);
const timeOf = async (path: string): Promise<number> => Number((await run("stat", ["-c", "%.6Y", path])).trim());

function cases(start: () => Promise<TestHost>, isBare: boolean): void {
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "sremote-odd-"));
    host = await start();
    await mkdir(from(), { recursive: true });
  });
  afterEach(async () => {
    await host.connector.close();
    await run("rm", ["-rf", `${host.home}/deep`, there()]);
    await host[Symbol.asyncDispose]();
    // Node's own knows no paths beyond PATH_MAX.
    await run("rm", ["-rf", directory]);
  });

  test("times before 1970 and after 2255 are kept, there and back, and are no difference afterwards", async () => {
    const times = { old: "-86400.25", older: "-2145916800", just: "-0.5", far: "13569465600", usual: "1700000000.5" };
    for (const [name, seconds] of Object.entries(times)) {
      await writeFile(from(name), name);
      await dated(from(name), seconds);
    }
    expect(await push(host.connector, from(), there())).toMatchObject({ ok: true, files: 5 });
    expect(await pull(host.connector, "there", join(directory, "back"))).toMatchObject({ ok: true, files: 5 });
    for (const [name, seconds] of Object.entries(times)) {
      // busybox keeps whole seconds, and has none just before 1970.
      const kept = !isBare ? Number(seconds) : name === "just" ? 0 : Math.floor(Number(seconds));
      for (const path of [there(name), join(directory, "back", name)])
        expect([name, Math.abs((await timeOf(path)) - kept) < 1e-5]).toEqual([name, true]);
    }
    expect(await pull(host.connector, "there", join(directory, "back"))).toMatchObject({ ok: true, files: 0, unchanged: 5, changes: [] });
    expect(await push(host.connector, from(), there())).toMatchObject({ ok: true, files: 0, unchanged: 5 });
  });

  test("an edit that keeps the size within the second of the last one is sent, with whole seconds on either side, too", async () => {
    for (const [index, [first, second]] of [
      [1e9 + 0.25, 1e9],
      [1e9 + 5, 1e9 + 5.75],
      [1e9 + 7.5, 1e9 + 7.75],
    ].entries()) {
      await writeFile(from("port"), `8${index}00`);
      await utimes(from("port"), first!, first!);
      await push(host.connector, from(), there());
      await writeFile(from("port"), `9${index}00`);
      await utimes(from("port"), second!, second!);
      expect(await push(host.connector, from(), there())).toMatchObject({ ok: true, files: 1 });
      expect(await readFile(there("port"), "utf8")).toBe(`9${index}00`);
    }
  });

  test("of files that grow what they held when they were listed is copied with `growing`, and nothing without", async () => {
    const sizes = { small: 1000, large: 300_000, huge: 5 * megabyte };
    await mkdir(there());
    for (const [name, size] of Object.entries(sizes)) for (const place of [from(name), there(name)]) await writeFile(place, content(size));
    const copies = {
      push: (options: object) => push(host.connector, from(), join(host.home, "to"), options),
      pull: (options: object) => pull(host.connector, "there", join(directory, "to"), options),
    };
    for (const direction of ["push", "pull"] as const) {
      // Called when all is listed, and before anything is read.
      const filter = (path: string): boolean => {
        appendFileSync(direction === "push" ? from(path) : there(path), "more");
        return true;
      };
      expect(await copies[direction]({ filter })).toMatchObject({ ok: false, files: 0 });
      const result = await copies[direction]({ filter, growing: "prefix" });
      expect([direction, result.ok, result.files, result.failures]).toEqual([direction, true, 3, []]);
      const place = direction === "push" ? join(host.home, "to") : join(directory, "to");
      for (const [name, size] of Object.entries(sizes)) {
        const copied = await readFile(join(place, name));
        expect([name, copied.equals(Buffer.concat([content(size), Buffer.from("more")]))]).toEqual([name, true]);
      }
    }
    expect(await leftOver(host.home)).toEqual([]);
  });

  test("files that hold more than they say, as those of /proc, are copied with what they hold; empty ones stay empty", async () => {
    for (const name of ["e1", "e2", "e3"]) await writeFile(from(name), "");
    expect(await push(host.connector, ["/proc/version", from()], "there")).toMatchObject({ ok: true, files: 4 });
    const version = await readFile("/proc/version", "utf8");
    expect(await readFile(there("version"), "utf8")).toBe(version);
    // The bare host has no /proc.
    const theirs = isBare ? [] : ["/proc/version", "/proc/sys/kernel/ostype"];
    await rm(from("e1"));
    const result = await pull(host.connector, [...theirs, "there/from", "there/from/e1"], join(directory, "back"));
    expect(result).toMatchObject({ ok: true, files: theirs.length + 4 });
    if (!isBare)
      expect(await Promise.all(["version", "ostype"].map((name) => readFile(join(directory, "back", name), "utf8")))).toEqual([
        version,
        "Linux\n",
      ]);
    expect((await stat(join(directory, "back/e1"))).size).toBe(0);
    expect((await stat(join(directory, "back/from/e2"))).size).toBe(0);
  });

  test("transfers of the same to one place at once all succeed, with what is unfinished and with `delete`", async () => {
    const connectors = [host.connector, host.again(), host.again(), host.again()];
    for (let at = 0; at < 8; at++) {
      await mkdir(from(`d${at}/inner`), { recursive: true });
      await writeFile(from(`d${at}/inner/file`), `content ${at}`);
    }
    const bytes = content(6 * megabyte);
    await writeFile(from("big"), bytes);
    const all = (options: object): Promise<unknown[]> =>
      Promise.all(connectors.map(async (each) => (await sync(each, from(), "there", { direction: "push", ...options })).failures));
    expect(await all({})).toEqual([[], [], [], []]);
    for (let at = 0; at < 8; at++) {
      await rm(from(`d${at}/inner`), { recursive: true });
      await mkdir(from(`d${at}/other`));
      await writeFile(from(`d${at}/other/file`), "new");
    }
    await rm(there("big"));
    // Of a transfer that was broken off.
    await writeFile(there(hostTemporaryName("big")), bytes.subarray(0, 5 * megabyte));
    await run("chown", ["-R", `--reference=${host.home}`, host.home]);
    expect(await all({ delete: true })).toEqual([[], [], [], []]);
    expect((await readFile(there("big"))).equals(bytes)).toBe(true);
    expect((await run("find", [there(), "-name", "inner"])).trim()).toBe("");
    for (const each of connectors.slice(1)) await each.close();
  });

  test("in a tree deeper than a path may be long, that path alone is not copied", async () => {
    const script = `import os, sys
os.chdir(sys.argv[1])
os.mkdir("deep")
os.chdir("deep")
for _ in range(45):
    os.mkdir(sys.argv[2])
    os.chdir(sys.argv[2])
open("bottom", "w").close()`;
    for (const place of [from(), host.home]) {
      await run("python3", ["-c", script, place, "n".repeat(100)]);
      await writeFile(join(place, "deep/file"), "f");
    }
    await run("chown", ["-R", `--reference=${host.home}`, host.home]);
    for (const result of [await push(host.connector, from("deep"), "there"), await pull(host.connector, "deep", join(directory, "back"))]) {
      expect(result.ok).toBe(false);
      expect(result.failures.length).toBeLessThan(5);
      expect(result.failures.every(({ path }) => (isBare && path === "") || path.startsWith("n".repeat(100)))).toBe(true);
    }
    for (const place of [there(), join(directory, "back")]) {
      expect(await readFile(join(place, "file"), "utf8")).toBe("f");
      expect((await stat(join(place, ...Array.from({ length: 20 }, () => "n".repeat(100))))).isDirectory()).toBe(true);
    }
  });
}

afterAll(stopSshd);
const withPython = hostKinds.find(({ name }) => name === (isNightly ? "ssh" : "local"))!;
describe(`over ${withPython.name}`, () => cases(() => withPython.start(), false));
const busybox = bareKinds.find(({ name }) => name === "busybox")!;
describe("a host with busybox", () => {
  const { start } = useBareHost(busybox);
  cases(() => start(), true);
});
