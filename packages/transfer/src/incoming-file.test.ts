/* G25 G26 A file that is received on this machine: whole and as it was sent, or not at all; what others have put there leads nowhere. */
import { createHash } from "node:crypto";
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DirectoryTree } from "./directory-tree.ts";
import { IncomingFile } from "./incoming-file.ts";
import { LocalReceiver } from "./local-receiver.ts";
import { hostTemporaryName } from "./temporary.ts";

let directory: string;
let tree: DirectoryTree;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sremote-incoming-"));
  mkdirSync(join(directory, "inside"));
  writeFileSync(join(directory, "outside"), "untouched");
  tree = new DirectoryTree(join(directory, "inside"), false, false);
});
afterEach(() => {
  tree.close();
  rmSync(directory, { recursive: true });
});

const inside = (): string[] => readdirSync(join(directory, "inside"));
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const wanted = { mode: null, time: null };

/** Receives the pieces as a file of that size and digest. */
async function receive(pieces: readonly string[], size: number, digest: string): Promise<void> {
  const file = new IncomingFile(tree, "file", size, wanted);
  try {
    for (const piece of pieces) await file.write(Buffer.from(piece));
    await file.finish(digest);
  } finally {
    await file.discard();
  }
}

test("what comes as it was sent is there, with nothing beside it", async () => {
  writeFileSync(join(directory, "inside/file"), "before");
  await receive(["con", "tent"], 7, sha256("content"));
  expect([inside(), readFileSync(join(directory, "inside/file"), "utf8")]).toEqual([["file"], "content"]);
});

test.each([
  ["another content", ["content"], 7, sha256("contenT")],
  ["less", ["con"], 7, sha256("con")],
  ["more", ["content", "!"], 7, sha256("content!")],
])("%s than was told leaves what was there before, and nothing beside it", async (_, pieces, size, digest) => {
  writeFileSync(join(directory, "inside/file"), "before");
  await expect(receive(pieces, size, digest)).rejects.toMatchObject({ code: "EDIGEST" });
  expect([inside(), readFileSync(join(directory, "inside/file"), "utf8")]).toEqual([["file"], "before"]);
});

test("what is more than was told is refused when it comes, so that it fills no disk", async () => {
  const file = new IncomingFile(tree, "file", 7, wanted);
  await expect(file.write(Buffer.from("content!"))).rejects.toMatchObject({ code: "EDIGEST" });
  await file.discard();
  expect(inside()).toEqual([]);
});

test("while it comes, the file that was there is whole", async () => {
  writeFileSync(join(directory, "inside/file"), "before");
  const file = new IncomingFile(tree, "file", 7, wanted);
  await file.write(Buffer.from("content"));
  expect(readFileSync(join(directory, "inside/file"), "utf8")).toBe("before");
  await file.finish(sha256("content"));
  expect(readFileSync(join(directory, "inside/file"), "utf8")).toBe("content");
});

test.each([
  ["has a second name", "EDIGEST", (path: string) => linkSync(join(directory, "outside"), path)],
  ["is a link", "ELOOP", (path: string) => symlinkSync("../outside", path)],
  ["is shorter than it was", "EDIGEST", (path: string) => writeFileSync(path, "short")],
  ["is no file", "EISDIR", (path: string) => mkdirSync(path)],
])("an unfinished file that %s is not gone on from", (_, code, plant) => {
  const name = hostTemporaryName("file");
  plant(join(directory, "inside", name));
  const from = { name, length: 9, hash: createHash("sha256") };
  expect(() => new IncomingFile(tree, "file", 20, wanted, from)).toThrow(expect.objectContaining({ code }));
  expect(readFileSync(join(directory, "outside"), "utf8")).toBe("untouched");
  expect(inside()).toEqual([name]);
});

test("an unfinished file is gone on from, under another name at once", async () => {
  const name = hostTemporaryName("file");
  writeFileSync(join(directory, "inside", name), "con, and what was torn");
  const from = { name, length: 3, hash: createHash("sha256").update("con") };
  const file = new IncomingFile(tree, "file", 7, wanted, from);
  expect(inside()).not.toContain(name);
  await file.write(Buffer.from("tent"));
  await file.finish(sha256("content"));
  expect([inside(), readFileSync(join(directory, "inside/file"), "utf8")]).toEqual([["file"], "content"]);
});

test("a small file of another content, or one that cannot be given its time, leaves what was there", () => {
  writeFileSync(join(directory, "inside/file"), "before");
  const receiver = new LocalReceiver(join(directory, "inside"), false, false);
  try {
    const small = (content: string, digest: string, time: number | null): void =>
      receiver.file("file", Buffer.from(content), digest, { mode: null, time });
    expect(() => small("evil", sha256("good"), null)).toThrow(expect.objectContaining({ code: "EDIGEST" }));
    expect(() => small("good", sha256("good"), Number.NaN)).toThrow();
    expect([inside(), readFileSync(join(directory, "inside/file"), "utf8")]).toEqual([["file"], "before"]);
    small("good", sha256("good"), 1e15);
    expect([inside(), readFileSync(join(directory, "inside/file"), "utf8")]).toEqual([["file"], "good"]);
  } finally {
    receiver.close();
  }
});
