/* Transfers to hosts without Python: a shell and common tools. */
import { renameSync, symlinkSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connector } from "@sremote/connectors";
import { pull, push, sync } from "@sremote/transfer";
import { afterEach, beforeEach, describe, expect, test as vitestTest } from "vitest";
import { busyboxTools } from "../../scripts/labs/bare.ts";
import { run } from "../../scripts/labs/run.ts";
import { bareKinds, useBareHost } from "../support/bare-hosts.ts";
import { limitedTo } from "../support/carriage.ts";
import type { TestHost } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { rejection } from "../support/rejection.ts";
import { content, megabyte } from "./content.ts";
import { checkTrees } from "./tree-cases.ts";
import { describeTree, leftOver, makeManyFiles } from "./trees.ts";

/** What a host has of its own beside busybox, or dash and coreutils, which meet everything: other options of `mv` and `touch`, another shell. */
const ownCases: Readonly<Record<string, RegExp>> = {
  "old tools": /a tree arrives|what changed is sent|a link in the destination/,
  "dash and coreutils": /^(?!files of the user's that look like unfinished ones)/,
  "bash and coreutils": /a tree arrives|what changed is sent/,
};

/** What may go wrong, but not by what these hosts have of their own: those with the same tools, or the same shell, show it. */
const shownElsewhere: Readonly<Record<string, RegExp>> = {
  "old tools": /a directory that is closed|without modes|a full disk/,
  "bash and coreutils": /a directory that is closed|without modes|cannot be replaced|a full disk/,
};

describe.each(bareKinds)("a host with $name", (kind) => {
  const { start } = useBareHost(kind);
  const only = ownCases[kind.name];
  checkTrees({ name: "ssh", kept: kind.kept, start: () => start(), ...(only !== undefined && { only }) });
  if (kind.name === "busybox") {
    const files = /a tree arrives|what changed is sent/;
    checkTrees({ name: "ssh with three functions", kept: kind.kept, start: () => start("files"), only: files });
  }

  describe("what may go wrong", () => {
    let directory: string;
    let host: TestHost;
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "sremote-bare-"));
      host = await start();
      await mkdir(join(directory, "from/sub"), { recursive: true });
    });
    afterEach(async () => {
      await host.connector.close();
      await rm(directory, { recursive: true });
    });
    const test = (title: string, work: () => Promise<void>): void => {
      if (isNightly || shownElsewhere[kind.name]?.test(title) !== true) vitestTest(title, work);
    };
    const from = (path = ""): string => join(directory, "from", path);
    const there = (path = ""): string => join(host.home, "there", path);

    test("a directory that is closed is opened for the while, and closed again", async () => {
      await writeFile(from("sub/file"), "old");
      await chmod(from("sub"), 0o555);
      await push(host.connector, from(), there());
      await writeFile(from("sub/file"), "new content");
      expect(await push(host.connector, from(), there(), { modes: false })).toMatchObject({ ok: true, files: 1 });
      expect((await stat(there("sub"))).mode & 0o777).toBe(0o555);
      expect(await readFile(there("sub/file"), "utf8")).toBe("new content");
    });

    test("paths that begin where commands do, with a dash or with odd characters, and through a link that was named", async () => {
      await writeFile(from("sub/file"), "content");
      await symlink(host.home, join(host.home, "link"));
      for (const to of ["-rf", "--", "a 'b' \n$x/deep", "./dot", `${host.home}/link/x`, "link"]) {
        expect(await push(host.connector, from(), to)).toMatchObject({ ok: true, files: 1 });
        const found = to.startsWith("/") ? to : join(host.home, to);
        expect(await describeTree(found.replace(/link$/, ""), kind.kept)).toContainEqual((await describeTree(from(), kind.kept)).at(-1));
        expect(await push(host.connector, from(), to, { check: "hash" })).toMatchObject({ ok: true, files: 0, unchanged: 1 });
        await rm(join(directory, "back"), { recursive: true, force: true });
        expect(await pull(host.connector, `${to}/sub/file`, `${directory}/back/`)).toMatchObject({ ok: true, files: 1 });
        expect(await readFile(join(directory, "back/file"), "utf8")).toBe("content");
      }
      await push(host.connector, from("sub/file"), "-");
      expect(await readFile(join(host.home, "-"), "utf8")).toBe("content");
    });

    // How a file gets into its place differs by whether `mv` has an option for it.
    if (isNightly || ["busybox", "old tools"].includes(kind.name))
      test("G26 who reads during a push sees the old file or the new one, whole", async () => {
        const sizes: Record<string, number> = { small: 5000, other: 100, parts: 5 * megabyte };
        const versions = [1, 2].map((seed) => content(5 * megabyte, seed));
        const put = async (version: number): Promise<void> => {
          for (const [name, size] of Object.entries(sizes)) await writeFile(from(name), versions[version]!.subarray(0, size));
        };
        await put(0);
        await push(host.connector, from(), there());
        const seen = new Map(Object.keys(sizes).map((name) => [name, new Set<number>()]));
        const control = new AbortController();
        const look = (async () => {
          while (!control.signal.aborted) {
            for (const [name, found] of seen) {
              const bytes = await readFile(there(name));
              found.add(versions.findIndex((version) => version.subarray(0, sizes[name]).equals(bytes)));
            }
          }
        })();
        for (let round = 1; round <= (isNightly ? 6 : 3); round++) {
          await put(round % 2);
          expect(await push(host.connector, from(), there(), { check: "always" })).toMatchObject({ ok: true, files: 3 });
        }
        control.abort();
        await look;
        for (const found of seen.values()) expect(found).toEqual(new Set([0, 1]));
      });

    test("without modes, files and directories get those that the host gives", async () => {
      await writeFile(from("sub/file"), "x", { mode: 0o777 });
      await push(host.connector, from(), there(), { modes: false });
      const umask = Number.parseInt(Buffer.from((await host.connector.exec({ shell: "umask" })).stdout).toString(), 8);
      expect((await stat(there("sub/file"))).mode & 0o777).toBe(0o666 & ~umask);
      expect((await stat(there("sub"))).mode & 0o777).toBe(0o777 & ~umask);
    });

    test("what cannot be read or written is a failure of its own; nothing is deleted where not all could be read", async () => {
      await writeFile(from("a"), "a");
      await writeFile(from("sub/b"), "b");
      await push(host.connector, from(), there());
      // Of root, in directories of the account's.
      await mkdir(there("taken"), { mode: 0o700 });
      await mkdir(from("taken"));
      await writeFile(from("taken/inner"), "x");
      await writeFile(from("a"), "changed");
      expect(await push(host.connector, from(), there(), { modes: false, times: false })).toMatchObject({
        ok: false,
        files: 1,
        failures: [{ path: "taken/inner", errno: "EACCES", message: "Permission denied" }],
      });
      await chmod(there("sub/b"), 0);
      await mkdir(join(directory, "back/extra"), { recursive: true });
      const back = await sync(host.connector, join(directory, "back"), there(), { direction: "pull", delete: true });
      expect(back).toMatchObject({ ok: false, files: 1, deleted: 0 });
      expect(back.failures.map(({ path, errno }) => `${path} ${errno}`).toSorted()).toEqual(["sub/b EACCES", "taken EACCES"]);
      expect((await readdir(join(directory, "back"))).toSorted()).toEqual(["a", "extra", "sub", "taken"]);
    });

    test("one of many files that cannot be replaced is a failure of its own", async () => {
      const names = ["a", "b", "c", "d"];
      for (const name of names) await writeFile(from(name), `old ${name}`);
      await push(host.connector, from(), there());
      for (const name of names) await writeFile(from(name), `new content of ${name}`);
      // Not even its owner may replace it.
      await run("chattr", ["+i", there("b")]);
      try {
        const failures = [{ path: "b", errno: "EPERM", message: expect.stringContaining("marked as immutable") }];
        expect(await push(host.connector, from(), there())).toMatchObject({ ok: false, files: 3, failures });
      } finally {
        await run("chattr", ["-i", there("b")]);
      }
      expect(await Promise.all(names.map((name) => readFile(there(name), "utf8")))).toEqual(
        names.map((name) => (name === "b" ? "old b" : `new content of ${name}`)),
      );
      expect(await leftOver(host.home)).toEqual([]);
    });

    test("G13 a full disk is said, stops the transfer, and leaves no part of a file", async () => {
      const mount = join(host.home, "mount");
      await mkdir(mount);
      await run("mount", ["-t", "tmpfs", "-o", `size=2m,mode=0755,uid=${(await stat(host.home)).uid}`, "tmpfs", mount]);
      try {
        await writeFile(from("first"), "fits");
        for (const size of [3 * megabyte, 6 * megabyte]) {
          await writeFile(from("large"), content(size));
          const error = await rejection(push(host.connector, from(), join(mount, "tree")));
          expect(error).toMatchObject({ name: "TransferError", code: "disk-full" });
          expect(await readFile(join(mount, "tree/first"), "utf8")).toBe("fits");
          expect(await leftOver(mount)).toEqual([]);
          expect(await readdir(join(mount, "tree"))).not.toContain("large");
        }
      } finally {
        await run("umount", [mount]);
      }
    });

    test("a link that is put in the place of a directory after it was listed is not followed", async () => {
      await writeFile(from("sub/file"), "first");
      await push(host.connector, from(), there());
      const outside = join(host.home, "outside");
      await mkdir(outside);
      await writeFile(join(outside, "file"), "untouched");
      await run("chown", ["-R", `--reference=${host.home}`, outside]);
      await writeFile(from("sub/file"), "second");
      const piped = limitedTo("pipes", host.connector);
      let swapped = false;
      const watched: Connector = {
        ...piped,
        async exec(command, options) {
          const [script] = options?.stdin instanceof Uint8Array ? [] : (options?.stdin ?? []);
          if (!swapped && script !== undefined && Buffer.from(script).toString().startsWith("receive ")) {
            swapped = true;
            renameSync(there("sub"), join(host.home, "moved"));
            symlinkSync(outside, there("sub"));
          }
          return await piped.exec(command, options);
        },
      };
      const result = await push(watched, from(), there());
      expect(swapped).toBe(true);
      expect(result).toMatchObject({ ok: false, files: 0 });
      expect(result.failures).toContainEqual({ path: "sub/file", errno: "ENOTDIR", message: "Not a directory" });
      expect(await readFile(join(outside, "file"), "utf8")).toBe("untouched");
      expect(await readdir(outside)).toEqual(["file"]);
    });

    // The others' tools have nothing of their own where there are many.
    if (kind.name === "busybox" || (isNightly && kind.name === "dash and coreutils")) {
      // Files go in batches of 256: of 700 there are several, and a last one that is not full.
      const directories = isNightly ? 20 : 7;
      const all = directories * 100;
      vitestTest(`${all} files: first all, then none, then the few that changed`, { timeout: 120_000 }, async () => {
        await makeManyFiles(from(), directories);
        expect(await push(host.connector, from(), there())).toMatchObject({ ok: true, files: all });
        expect(await push(host.connector, from(), there())).toMatchObject({ ok: true, files: 0, unchanged: all });
        for (let index = 0; index < directories; index++) await writeFile(from(`d${index}/f7`), "changed");
        expect(await push(host.connector, from(), there())).toMatchObject({
          files: directories,
          unchanged: all - directories,
          transferred: directories * 7,
        });
        expect(await describeTree(there(), kind.kept)).toEqual(await describeTree(from(), kind.kept));
        const back = join(directory, "back");
        expect(await pull(host.connector, there(), back)).toMatchObject({ ok: true, files: all });
        expect(await describeTree(back)).toEqual(await describeTree(there()));
      });
    }
  });
});

describe("G26 a host that changes what it reads and writes", () => {
  const corrupt = (name: string): string => `busybox ${name} "$@" | busybox tr '\\001' '\\002'`;
  const host = useBareHost({
    name: "corrupts",
    kept: {},
    // Scripts and names here have no such byte.
    tools: async () => ({ ...(await busyboxTools()), scripts: { dd: corrupt("dd"), head: corrupt("head") } }),
  });

  vitestTest("is found out: no such file appears, on either side", async () => {
    const { connector, home } = await host.start();
    const directory = await mkdtemp(join(tmpdir(), "sremote-corrupt-"));
    try {
      const files: Record<string, string> = { a: "\u0001", b: "b", "w\n": "\u0001", "x\n": "g", parts: "\u0001".repeat(5 * megabyte) };
      await mkdir(join(directory, "from"));
      await mkdir(join(home, "source"));
      for (const [name, text] of Object.entries(files)) {
        await writeFile(join(directory, "from", name), text);
        await writeFile(join(home, "source", name), text);
      }
      const wrong = (errno: string, other = errno) => ["a", "parts", "w\n"].map((path) => `${path} ${path === "parts" ? other : errno}`);
      const pushed = await push(connector, join(directory, "from"), join(home, "there"));
      expect(pushed.failures.map(({ path, errno }) => `${path} ${errno}`).toSorted((x, y) => x.localeCompare(y))).toEqual(wrong("EDIGEST"));
      expect((await readdir(join(home, "there"))).toSorted((x, y) => x.localeCompare(y))).toEqual(["b", "x\n"]);
      const pulled = await pull(connector, join(home, "source"), join(directory, "back"));
      expect(pulled.failures.map(({ path, errno }) => `${path} ${errno}`).toSorted((x, y) => x.localeCompare(y))).toEqual(
        wrong("ECHANGED", "EDIGEST"),
      );
      expect((await readdir(join(directory, "back"))).toSorted((x, y) => x.localeCompare(y))).toEqual(["b", "x\n"]);
    } finally {
      await connector.close();
      await rm(directory, { recursive: true });
    }
  });
});

describe("G25 a host whose tools lie", () => {
  const line = "81a4 4 1 1000000000 2001-09-09 01:46:40.000000000 +0000";
  const liar = useBareHost({
    name: "lies",
    kept: {},
    async tools() {
      const tools = await busyboxTools();
      // Only listings go through `.`; what finds out about the tools is answered honestly.
      return { ...tools, scripts: { find: '[ "$1" = . ] || exec busybox find "$@"\ncat "$HOME/says"' } };
    },
  });

  vitestTest.each([
    ["a path with ..", `B\0${line}\0./../outside\0`],
    ["a path with .. further in", `B\0${line}\0./d/../../outside\0`],
    ["a file behind a link", `B\0${line.replace("81a4", "a1ff")}\0./d\0L\0./d\0..\n\0B\0${line}\0./d/outside\0`],
    ["an empty name", `B\0${line}\0.//name\0`],
    ["a size beyond what numbers hold", `B\0${line.replace(" 4 ", ` ${"9".repeat(30)} `)}\0./a\0`],
    ["a line that is none", `B\0evil\0./a\0`],
    ["fields without end", `B\0${line}`],
    ["a part of no known kind", `evil\0evil\0`],
  ])("%s is refused before anything is written", async (_, says) => {
    const host = await liar.start();
    const directory = await mkdtemp(join(tmpdir(), "sremote-liar-"));
    try {
      await writeFile(join(host.home, "says"), says);
      await mkdir(join(host.home, "tree"));
      const error = await rejection(pull(host.connector, `${host.home}/tree`, join(directory, "inside")));
      expect(error.code).toBe("protocol-error");
      expect(await readdir(directory)).toEqual([]);
    } finally {
      await host.connector.close();
      await rm(directory, { recursive: true });
    }
  });
});
