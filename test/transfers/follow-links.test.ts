/* Trees whose links lead elsewhere, as those of package managers and of stow: what they lead to can be copied in their place, to a host and from it. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { local } from "@sremote/connectors";
import { pull, push } from "@sremote/transfer";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { describeTree } from "./trees.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sremote-links-"));
  await mkdir(join(directory, "store/package/lib"), { recursive: true });
  await mkdir(join(directory, "app/sub/left"), { recursive: true });
  await writeFile(join(directory, "store/package/lib/code"), "code");
  await writeFile(join(directory, "store/file"), "content");
  await symlink(join(directory, "store/file"), join(directory, "store/package/absolute"));
  await symlink("../store/package", join(directory, "app/package"));
  await symlink("../../store/file", join(directory, "app/sub/file"));
  await writeFile(join(directory, "app/own"), "own");
});
afterEach(() => rm(directory, { recursive: true }));

/** A path with common tools, and without Python. */
async function toolsOnly(): Promise<Record<string, string>> {
  const bin = join(directory, "bin");
  await mkdir(bin);
  const tools = "cat chmod dd env false find head id ln ls mkdir mktemp mv readlink rm rmdir sh sha256sum stat tail touch true uname wc";
  for (const name of tools.split(" ")) await symlink(`/usr/bin/${name}`, join(bin, name));
  return { PATH: bin };
}

const kinds = { Python: async () => undefined, "a shell": toolsOnly } as const;

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])("a host with %s", (kind) => {
  for (const copy of [push, pull]) {
    test(`${copy.name}: files and directories behind links, and links behind these`, async () => {
      await using host = local({ cwd: directory, env: await kinds[kind]() });
      const [from, to] = [join(directory, "app"), join(directory, "there")];
      expect(await copy(host, from, to, { links: "follow" })).toMatchObject({ ok: true, files: 4, failures: [] });
      for (const [path, content] of Object.entries({
        own: "own",
        "sub/file": "content",
        "package/lib/code": "code",
        "package/absolute": "content",
      })) {
        expect(await readFile(join(to, path), "utf8")).toBe(content);
      }
      expect((await describeTree(to)).filter((line) => line.includes("->"))).toEqual([]);
      expect(await copy(host, from, to, { links: "follow" })).toMatchObject({ ok: true, files: 0, unchanged: 4 });
    });

    test(`${copy.name}: links that lead nowhere, or to where they lie, are failures of their own; what takes no part is not followed`, async () => {
      await using host = local({ cwd: directory, env: await kinds[kind]() });
      await symlink("nowhere", join(directory, "app/dangling"));
      await symlink("..", join(directory, "app/sub/up"));
      await symlink("left-too", join(directory, "app/sub/left/dangling"));
      const filter = (path: string): boolean => path !== "sub/left";
      const { ok, files, failures } = await copy(host, join(directory, "app"), join(directory, "there"), { links: "follow", filter });
      expect({ ok, files }).toEqual({ ok: false, files: 4 });
      expect(failures.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
        { path: "dangling", errno: "ENOENT", message: 'it is a link to "nowhere", which does not exist' },
        { path: "sub/up", errno: "ELOOP", message: 'it is a link to "..", in which it lies itself' },
      ]);
    });
  }
});

test("links in circles that no text shows are followed once or twice", async () => {
  await using host = local({ cwd: directory });
  await symlink(join(directory, "app"), join(directory, "other"));
  await symlink(join(directory, "other"), join(directory, "app/circle"));
  await symlink("../../app/sub", join(directory, "store/package/back"));
  await symlink("../package", join(directory, "app/sub/forth"));
  const { failures } = await push(host, join(directory, "app"), join(directory, "there"), { links: "follow", dryRun: true });
  expect(failures.length).toBeGreaterThan(0);
  for (const { path, errno, message } of failures) {
    expect([errno, message]).toEqual(["ELOOP", expect.stringContaining("in which it lies itself")]);
    expect(path.split("/").length).toBeLessThan(12);
  }
});
