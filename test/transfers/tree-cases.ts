/* What holds for trees on every kind of host, there and back. */
import { appendFile, chmod, link, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pull, push, sync } from "@sremote/transfer";
import { afterEach, beforeEach, describe, expect, test as vitestTest } from "vitest";
import { run } from "../../scripts/labs/run.ts";
import type { TestHost } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { rejection } from "../support/rejection.ts";
import { describeTree as describeExactly, type Kept, leftOver, makeHostileTree } from "./trees.ts";

export interface TreeHost {
  readonly name: string;
  start(): Promise<TestHost>;
  /** What its tools cannot set. */
  readonly kept?: Kept;
  /** The cases that meet what this host has of its own, where another one of the same way of copying meets all; nightly it meets all too. */
  readonly only?: RegExp;
}

let directory: string;
let host: TestHost;
let made: string;

/** The tests are root, the account on the host is not. */
async function ownedByUser(): Promise<void> {
  await run("chown", ["-R", "-h", `--reference=${host.home}`, host.home]);
}

/** Tests of one kind of host. */
export function checkTrees(each: TreeHost): void {
  const describeTree = (root: string): Promise<string[]> => describeExactly(root, each.kept);
  describe(`over ${each.name}`, () => cases(each, describeTree));
}

function cases(each: TreeHost, describeTree: (root: string) => Promise<string[]>): void {
  const test = (title: string, work: () => Promise<void>): void => {
    if (isNightly || each.only === undefined || each.only.test(title)) vitestTest(title, work);
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "sremote-transfer-"));
    host = await each.start();
    made = join(directory, "made");
  });
  afterEach(async () => {
    await host.connector.close();
    // Directories of the tests may be closed even to their owner.
    await run("chmod", ["-R", "u+rwx", directory]);
    await host[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  test("G26 G31 a tree arrives as it was, there and back: any names, modes, times, links, empty directories", async () => {
    await makeHostileTree(made);
    const there = await push(host.connector, made, `${host.home}/there`);
    expect(there).toMatchObject({ ok: true, unchanged: 0, failures: [] });
    expect(await describeTree(`${host.home}/there`)).toEqual(await describeTree(made));
    // Some modes keep their owner from reading, but not root; as another user they would be failures of their own.
    await chmod(`${host.home}/there/modes/0`, 0o400);
    await chmod(join(made, "modes/0"), 0o400);
    const back = await pull(host.connector, `${host.home}/there`, join(directory, "back"), { specialModes: true });
    expect(back).toMatchObject({ ok: true, files: there.files, bytes: there.bytes });
    expect(await describeTree(join(directory, "back"))).toEqual(await describeTree(made));
    for (const again of [
      await push(host.connector, made, `${host.home}/there`),
      await pull(host.connector, `${host.home}/there`, join(directory, "back"), { specialModes: true }),
    ]) {
      expect(again).toMatchObject({ ok: true, files: 0, transferred: 0, unchanged: there.files, changes: [] });
    }
    expect(await leftOver(host.home)).toEqual([]);
    expect(await leftOver(directory)).toEqual([]);
  });

  test("what changed is sent, what is equal is not; what is too much goes with `delete` alone", async () => {
    await mkdir(join(made, "sub"), { recursive: true });
    for (const name of ["same", "longer", "touched", "sub/edited", "becomes-link"]) await writeFile(join(made, name), `content of ${name}`);
    await push(host.connector, made, `${host.home}/there`);
    await writeFile(`${host.home}/there/extra`, "e");
    await mkdir(`${host.home}/there/sub/more/inner`, { recursive: true });
    await writeFile(`${host.home}/there/sub/more/inner/file`, "f");
    await ownedByUser();
    await appendFile(join(made, "longer"), "!");
    await utimes(join(made, "touched"), 1e9, 1e9);
    await writeFile(join(made, "sub/edited"), "CONTENT of sub/edited");
    await utimes(join(made, "sub/edited"), 1e9, 1e9);
    await rm(join(made, "becomes-link"));
    await symlink("same", join(made, "becomes-link"));
    const first = await push(host.connector, made, `${host.home}/there`);
    expect(first).toMatchObject({ ok: true, files: 3, unchanged: 2, deleted: 0, transferred: 39 });
    const files = first.changes.filter(({ type }) => type !== "directory");
    expect(files.map(({ kind, path }) => `${kind} ${path}`).toSorted()).toEqual([
      "time touched",
      "update becomes-link",
      "update longer",
      "update sub/edited",
    ]);
    expect(await readFile(`${host.home}/there/extra`, "utf8")).toBe("e");
    const second = await push(host.connector, made, `${host.home}/there`, { delete: true });
    expect(second).toMatchObject({ ok: true, files: 0, deleted: 4 });
    expect(await describeTree(`${host.home}/there`)).toEqual(await describeTree(made));
    await writeFile(join(made, "here"), "local");
    expect(await sync(host.connector, made, `${host.home}/there`, { direction: "pull", delete: true })).toMatchObject({ deleted: 1 });
    expect(await readdir(made)).not.toContain("here");
  });

  test("a dry run tells what would be done, with the differences of text files, and does nothing", async () => {
    await mkdir(made);
    await writeFile(join(made, "text"), "one\ntwo\nthree\n");
    await writeFile(join(made, "gone"), "x");
    await push(host.connector, made, `${host.home}/there`);
    await writeFile(join(made, "text"), "one\n2\nthree\n");
    await writeFile(join(made, "new"), "y");
    await chmod(join(made, "gone"), 0o600);
    await rm(join(made, "gone"));
    await utimes(made, 1e9, 1e9);
    const before = await describeTree(`${host.home}/there`);
    const pushed = await push(host.connector, made, `${host.home}/there`, { dryRun: true, delete: true });
    expect(pushed.changes).toEqual([
      { kind: "create", path: "new", type: "file" },
      { kind: "update", path: "text", type: "file", diff: "--- a/text\n+++ b/text\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n" },
      { kind: "delete", path: "gone", type: "file" },
      { kind: "time", path: "", type: "directory" },
    ]);
    expect(await describeTree(`${host.home}/there`)).toEqual(before);
    const pulled = await pull(host.connector, `${host.home}/there`, made, { dryRun: true });
    expect(pulled.changes.find(({ path }) => path === "text")?.diff).toContain("-2\n+two\n");
    expect(await readFile(join(made, "text"), "utf8")).toBe("one\n2\nthree\n");
  });

  test("sources in a list, or before a slash, go into a directory under their own names; a single one gets the name that is given", async () => {
    await mkdir(join(made, "tree"), { recursive: true });
    await writeFile(join(made, "tree/inner"), "i");
    await writeFile(join(made, "file"), "f");
    await push(host.connector, [join(made, "tree/"), join(made, "file")], `${host.home}/into/deep`);
    expect((await readdir(`${host.home}/into/deep`)).toSorted()).toEqual(["file", "tree"]);
    await push(host.connector, join(made, "file"), `${host.home}/into/renamed`);
    await push(host.connector, join(made, "file"), `${host.home}/into/`);
    expect((await readdir(`${host.home}/into`)).toSorted()).toEqual(["deep", "file", "renamed"]);
    await pull(host.connector, [`${host.home}/into/deep/tree`, `${host.home}/into/renamed`], join(directory, "back"));
    await pull(host.connector, `${host.home}/into/file`, join(directory, "back/other"));
    expect((await readdir(join(directory, "back"), { recursive: true })).toSorted()).toEqual(["other", "renamed", "tree", "tree/inner"]);
    expect(await readFile(join(directory, "back/other"), "utf8")).toBe("f");
  });

  test("a pull makes no set-user-ID, set-group-ID or sticky files unless they are asked for, and takes none from directories here", async () => {
    await mkdir(`${host.home}/there/sub`, { recursive: true });
    const special = [
      ["tool", 0o4755],
      ["group", 0o2755],
      ["sub/both", 0o6711],
    ] as const;
    for (const [name] of special) await writeFile(`${host.home}/there/${name}`, name);
    await ownedByUser();
    for (const [name, mode] of special) await chmod(`${host.home}/there/${name}`, mode);
    await chmod(`${host.home}/there/sub`, 0o3777);
    const back = join(directory, "back");
    const modes = async (): Promise<string[]> =>
      Promise.all(
        ["", "tool", "group", "sub", "sub/both"].map(async (name) => ((await lstat(join(back, name))).mode & 0o7777).toString(8)),
      );
    await pull(host.connector, `${host.home}/there`, back);
    expect(await modes()).toEqual(["755", "755", "755", "777", "711"]);
    await chmod(back, 0o2750);
    await writeFile(`${host.home}/there/tool`, "another");
    expect(await pull(host.connector, `${host.home}/there`, back)).toMatchObject({ ok: true, files: 1 });
    expect(await modes()).toEqual(["2755", "755", "755", "777", "711"]);
    expect(await pull(host.connector, `${host.home}/there`, back, { specialModes: true })).toMatchObject({ ok: true, files: 0 });
    expect((await modes()).slice(1)).toEqual(["4755", "2755", "3777", "6711"]);
  });

  test("a path of the host that begins with ~/ is below the home directory, and ./~ is a directory of that name", async () => {
    await mkdir(join(made, "sub"), { recursive: true });
    await writeFile(join(made, "sub/file"), "f");
    await push(host.connector, made, "~/there");
    await push(host.connector, join(made, "sub/file"), "~//deep/name");
    await push(host.connector, join(made, "sub/file"), "./~/");
    expect(await readFile(`${host.home}/there/sub/file`, "utf8")).toBe("f");
    expect(await readFile(`${host.home}/deep/name`, "utf8")).toBe("f");
    expect(await readFile(`${host.home}/~/file`, "utf8")).toBe("f");
    await pull(host.connector, ["~/there/sub", "~/deep/name", "./~"], join(directory, "back"));
    expect((await readdir(join(directory, "back"), { recursive: true })).toSorted()).toEqual(["name", "sub", "sub/file", "~", "~/file"]);
    for (const path of ["~other/x", "~x"]) {
      await expect(push(host.connector, made, path)).rejects.toThrow(/^destination must be a path without ~user/);
      await expect(pull(host.connector, path, made)).rejects.toThrow(/^sources must be a path without ~user/);
    }
  });

  test("files of the user's that look like unfinished ones are copied, and neither gone on from nor deleted", async () => {
    const names = [
      ".big.sremote-0123456789abcdef",
      ".a.sremote-0123456789abcdef-01234567",
      ".sremote-",
      ".b.sremote-00000000-1-0123456789abcdef",
    ];
    await mkdir(made);
    await writeFile(join(made, "big"), Buffer.alloc(6 << 20, "b"));
    for (const name of names) await writeFile(join(made, name), Buffer.alloc(5 << 20, "b"));
    const all = [...names, "big"].toSorted();
    expect(await push(host.connector, made, `${host.home}/there`)).toMatchObject({ ok: true, files: 5, transferred: 26 << 20 });
    expect((await readdir(`${host.home}/there`)).toSorted()).toEqual(all);
    await rm(join(made, "big"));
    await writeFile(join(made, "big"), Buffer.alloc(7 << 20, "b"));
    expect(await push(host.connector, made, `${host.home}/there`, { delete: true })).toMatchObject({
      ok: true,
      files: 1,
      deleted: 0,
      transferred: 7 << 20,
    });
    expect((await readdir(`${host.home}/there`)).toSorted()).toEqual(all);
    expect(await pull(host.connector, `${host.home}/there`, join(directory, "back"), { delete: true })).toMatchObject({
      ok: true,
      files: 5,
    });
    expect((await readdir(join(directory, "back"))).toSorted()).toEqual(all);
  });

  test("a source that does not exist, or a destination that cannot be, is an error before anything is sent", async () => {
    await mkdir(made);
    await writeFile(join(made, "file"), "f");
    await writeFile(`${host.home}/file`, "g");
    expect((await rejection(push(host.connector, join(made, "missing"), `${host.home}/there`))).code).toBe("no-such-file");
    expect((await rejection(pull(host.connector, `${host.home}/missing`, join(directory, "back")))).code).toBe("no-such-file");
    const options = { createDirectories: false };
    expect((await rejection(push(host.connector, made, `${host.home}/a/b`, options))).code).toBe("no-such-file");
    expect((await rejection(pull(host.connector, `${host.home}/file`, join(directory, "a/b"), options))).code).toBe("no-such-file");
    expect((await rejection(push(host.connector, made, `${host.home}/file/there`))).code).toBe("no-such-file");
    expect((await readdir(host.home)).filter((name) => !name.startsWith("."))).toEqual(["file"]);
  });

  test("a link in the destination is replaced, not written through; a hard link elsewhere keeps what it has", async () => {
    await mkdir(join(made, "sub"), { recursive: true });
    await writeFile(join(made, "sub/file"), "new");
    await writeFile(join(made, "linked"), "same");
    for (const name of ["flat", "odd\nflat"]) await writeFile(join(made, name), "no directory");
    await chmod(join(made, "linked"), 0o600);
    for (const [connect, from, to] of [
      [(destination: string) => push(host.connector, made, destination), made, `${host.home}/there`],
      [(destination: string) => pull(host.connector, `${host.home}/there`, destination), `${host.home}/there`, join(directory, "back")],
    ] as const) {
      const outside = `${to}-outside`;
      await mkdir(outside);
      await mkdir(to);
      await writeFile(`${outside}/file`, "untouched");
      await writeFile(`${outside}/linked`, "same");
      await chmod(`${outside}/linked`, 0o644);
      await symlink(outside, `${to}/sub`);
      for (const name of ["flat", "odd\nflat"]) await symlink(outside, `${to}/${name}`);
      await link(`${outside}/linked`, `${to}/linked`);
      await ownedByUser();
      expect(await connect(to)).toMatchObject({ ok: true });
      expect(await describeTree(to)).toEqual(await describeTree(from));
      expect(await readFile(`${outside}/file`, "utf8")).toBe("untouched");
      expect((await lstat(`${outside}/linked`)).mode & 0o777).toBe(0o644);
    }
  });
}
