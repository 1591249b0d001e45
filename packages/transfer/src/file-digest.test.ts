/* Digests of large files, made on a thread of its own. */
import { createHash, randomFillSync } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync, utimesSync } from "node:fs";
import { mkdtemp, open, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type FileDigest, hashLocal, sharedDigest, useDigests, writtenDigest } from "./file-digest.ts";

const size = (1 << 26) + 12_345;
const content = randomFillSync(Buffer.alloc(size));
const sha256 = createHash("sha256").update(content).digest("hex");
const pieceBytes = 1 << 19;
const never = new AbortController().signal;
let directory: string;
let path: string;
let begun: Worker[] = [];
let ended: Promise<unknown>[] = [];
const count = (worker: Worker): void => {
  begun.push(worker);
  ended.push(once(worker, "exit"));
};
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sremote-digest-"));
  path = join(directory, "large");
  process.on("worker", count);
});
beforeEach(async () => {
  [begun, ended] = [[], []];
  await writeFile(path, content);
});
afterAll(async () => {
  process.off("worker", count);
  await rm(directory, { recursive: true, force: true });
});

const shared = async (): Promise<FileDigest> => sharedDigest(path, false, await stat(path, { bigint: true }))!;
/** How often this process has the file open. */
function descriptors(): number {
  const found = readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false; // That of the listing itself is gone.
    }
  });
  return found.length;
}
/** Bytes that this process has read. */
const bytesRead = (): number => Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);

test("a file that is written in pieces has the digest of its content, and no thread is left", async () => {
  {
    await using _ = useDigests();
    await using file = await open(join(directory, "written"), "w+");
    const digest = writtenDigest(file.fd, size);
    for (let at = 0; at < size; at += pieceBytes) {
      const piece = content.subarray(at, at + pieceBytes);
      await file.write(piece, 0, piece.length, at);
      digest.update(piece);
    }
    expect(await digest.digest()).toBe(sha256);
    await digest.close();
    expect(begun.length).toBe(1);
  }
  expect(await Promise.all(ended)).toHaveLength(1);
});

test("what a small file is worth, no thread is begun for; once there is one, other files go to it", async () => {
  await using _ = useDigests();
  await using file = await open(path);
  writtenDigest(file.fd, 1 << 25);
  expect(begun.length).toBe(0);
  const large = await shared();
  const small = writtenDigest(file.fd, 1 << 21);
  small.update(content.subarray(0, 1 << 21));
  const expected = createHash("sha256").update(content.subarray(0, 1 << 21));
  expect(await small.digest()).toBe(expected.digest("hex"));
  await Promise.all([large.close(), small.close()]);
  expect(begun.length).toBe(1);
});

test("all hosts that get the same file share its digest, and it is read once for them", async () => {
  await using _ = useDigests();
  const before = bytesRead();
  const digests = await Promise.all([shared(), shared(), shared()]);
  expect(new Set(await Promise.all(digests.map((digest) => digest.digest())))).toEqual(new Set([sha256]));
  // One that comes when it is known already.
  const late = await shared();
  expect(await late.digest()).toBe(sha256);
  expect(await hashLocal(path, false, size, never)).toBe(sha256);
  expect(bytesRead() - before).toBeLessThan(1.5 * size);
  await Promise.all([...digests, late].map((digest) => digest.close()));
});

test("one of two that share a digest may leave; when both have, the file is closed and the next makes a new one", async () => {
  await using _ = useDigests();
  const [first, second, third] = await Promise.all([shared(), shared(), shared()]);
  expect(descriptors()).toBe(1);
  first.update(content.subarray(0, pieceBytes));
  await first.close();
  await first.close();
  expect(await second.digest()).toBe(sha256);
  await Promise.all([second.close(), third.close()]);
  expect(descriptors()).toBe(0);
  await writeFile(path, content);
  const [left, abandoned] = await Promise.all([shared(), shared()]);
  const taken = abandoned.digest().catch((error: unknown) => error);
  await Promise.all([left.close(), abandoned.close()]);
  expect([sha256, expect.any(Error)]).toContainEqual(await taken);
  expect(descriptors()).toBe(0);
  const next = await shared();
  expect(await next.digest()).toBe(sha256);
  await next.close();
});

test("a file of another content is another, with the same size and time of modification, too", async () => {
  utimesSync(path, 1000, 1000);
  await using _ = useDigests();
  const old = await shared();
  expect(await old.digest()).toBe(sha256);
  await using file = await open(path, "r+");
  await file.write("other");
  utimesSync(path, 1000, 1000);
  const other = await shared();
  const expected = createHash("sha256").update("other").update(content.subarray(5));
  expect(await other.digest()).toBe(expected.digest("hex"));
  await Promise.all([old.close(), other.close()]);
});

test("the end of all transfers ends what is under way", async () => {
  const using = useDigests();
  await using file = await open(path);
  const digest = writtenDigest(file.fd, size);
  digest.update(content);
  const taken = digest.digest();
  taken.catch(() => {});
  await using[Symbol.asyncDispose]();
  await expect(taken).rejects.toThrow("not wanted any more");
  await digest.close();
  expect(await Promise.all(ended)).toHaveLength(1);
});

test("a thread that is lost leaves the work to this one", async () => {
  await using _ = useDigests();
  await using file = await open(path);
  const digest = writtenDigest(file.fd, size);
  const [thread] = (await once(process, "worker")) as [Worker];
  digest.update(content);
  await thread.terminate();
  expect(await digest.digest()).toBe(sha256);
  await digest.close();
  // Nor is another begun.
  const next = writtenDigest(file.fd, size);
  next.update(content);
  expect(await next.digest()).toBe(sha256);
  expect(begun.length).toBe(1);
});
