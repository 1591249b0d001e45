import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { open, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { defineCase, defineLoneCase, quote } from "../case.ts";
import type { ConnectorCase, Fixture } from "../case.ts";
import { assertSameBytes } from "../same-bytes.ts";
import { everyByte, hostileNames } from "../hostile.ts";
import { toBytes } from "../../byte-string.ts";

const mebibyte = 2 ** 20;

/** Files that are moved at once where a case moves many. */
const namesAtOnce = 6;

export const fileCases: readonly ConnectorCase[] = [
  ...[0, 1, 512, 70_000, 3_000_001].map((size) =>
    defineCase(`G26 a file of ${size} bytes is the same after push and pull`, async (fixture) => {
      const content = bytesOf(size);
      const path = `${fixture.directory}/file`;
      await fixture.connector.push(content, path);
      assert.equal((await fixture.run(`wc -c < ${quote(path)}`)).trim(), String(size));
      assertSameBytes(await pulled(fixture, path), content, "content");
      const back = join(fixture.localDirectory, "back");
      await fixture.connector.pull(path, { path: back });
      assertSameBytes(await readFile(back), content, "content");
    }),
  ),
  defineCase("G08 file names may hold any bytes but NUL and slash", async (fixture) => {
    const paths = hostileNames.map((name) => `${fixture.directory}/${name}`);
    const thereAndBack = async (path: string): Promise<void> => {
      const content = toBytes(`content of ${path}`);
      await fixture.connector.push(content, path);
      assertSameBytes(await pulled(fixture, path), content, JSON.stringify(path));
    };
    for (let at = 0; at < paths.length; at += namesAtOnce) await Promise.all(paths.slice(at, at + namesAtOnce).map(thereAndBack));
    // Their names are exact: those that commands are given are these files', and there are no others.
    const test = 'for path; do test -f "$path" || exit 9; done';
    assert.equal((await fixture.connector.exec(["sh", "-c", test, "sh", ...paths])).exitCode, 0, "each is a file");
    assert.equal((await fixture.connector.exec(["rm", "--", ...paths])).exitCode, 0, "each can be removed");
    assert.equal(await listing(fixture), "");
  }),
  defineCase("a local file is pushed and pulled by its path", async (fixture) => {
    const source = join(fixture.localDirectory, "source \udcff'\n".toWellFormed());
    await writeFile(source, everyByte);
    const path = `${fixture.directory}/file`;
    await fixture.connector.push({ path: source }, path);
    const target = join(fixture.localDirectory, "target");
    await writeFile(target, "old");
    await fixture.connector.pull(path, { path: target });
    assertSameBytes(await readFile(target), everyByte, "content");
  }),
  defineCase("a path that begins with ~/ is below the home directory", async (fixture) => {
    const home = (await fixture.run('cd "$HOME" && pwd -P')).trim();
    // What a shell would split or run, where the rest of the path is not quoted.
    const name = `.sremote-case $(x) 'q' ${randomBytes(8).toString("hex")}`;
    try {
      await fixture.connector.push(everyByte, `~/${name}`);
      assertSameBytes(await pulled(fixture, `${home}/${name}`), everyByte, "pushed");
      assertSameBytes(await pulled(fixture, `~/${name}`), everyByte, "pulled");
    } finally {
      await fixture.connector.exec(["rm", "-f", `${home}/${name}`]);
    }
  }),
  defineCase("a pushed file has mode 0600, or the mode that was asked for, also where it replaces another", async (fixture) => {
    const path = `${fixture.directory}/file`;
    const permissions = async (): Promise<string> => (await fixture.run(`ls -ln ${quote(path)}`)).slice(0, 10);
    await fixture.connector.push(everyByte, path);
    assert.equal(await permissions(), "-rw-------");
    await fixture.connector.push(everyByte, path, { mode: 0o755 });
    assert.equal(await permissions(), "-rwxr-xr-x");
    await fixture.connector.push(everyByte, path);
    assert.equal(await permissions(), "-rw-------");
  }),
  defineCase("progress counts the bytes to the end", async (fixture) => {
    const content = bytesOf(2 * mebibyte);
    for (const direction of ["push", "pull"] as const) {
      const seen: number[] = [];
      const onProgress = (bytes: number): void => void seen.push(bytes);
      if (direction === "push") await fixture.connector.push(content, `${fixture.directory}/file`, { onProgress });
      else await fixture.connector.pull(`${fixture.directory}/file`, { write() {} }, { onProgress });
      assert.equal(seen.at(-1), content.length, direction);
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
      );
    }
  }),
  defineLoneCase("G35 64 MiB are pushed and pulled in constant memory, with the same digest", async (fixture) => {
    const source = join(fixture.localDirectory, "source");
    const sha256 = await writeLarge(source, 64);
    const path = `${fixture.directory}/large`;
    const target = join(fixture.localDirectory, "target");
    const limit = fixture.options.memoryLimit ?? 16 * mebibyte;
    const growth = await peakGrowth(async (progress) => {
      await fixture.connector.push({ path: source }, path, { onProgress: progress() });
      await fixture.connector.pull(path, { path: target }, { onProgress: progress() });
    });
    assert.equal((await stat(target)).size, 64 * mebibyte);
    assert.equal(await digestOfFile(target), sha256);
    assert.ok(growth <= limit, `live memory grew by ${(growth / mebibyte).toFixed(1)} MiB, more than ${limit / mebibyte} MiB`);
  }),
];

/** Names in the case's directory, one on each line; names with newlines only show that there is something. */
export function listing(fixture: Fixture): Promise<string> {
  return fixture.run(`ls -A ${quote(fixture.directory)}`);
}

export async function pulled(fixture: Fixture, path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  await fixture.connector.pull(path, { write: (chunk) => void chunks.push(Uint8Array.from(chunk)) });
  return new Uint8Array(Buffer.concat(chunks));
}

/** Content that repeats only after a long while, so that a swapped or repeated chunk shows. */
export function bytesOf(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed;
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

async function writeLarge(path: string, mebibytes: number): Promise<string> {
  const hash = createHash("sha256");
  await using handle = await open(path, "w");
  const block = bytesOf(mebibyte);
  for (let count = 0; count < mebibytes; count += 1) {
    block[0] = count;
    hash.update(block);
    await handle.write(block);
  }
  return hash.digest("hex");
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await using handle = await open(path);
  for (const block = Buffer.alloc(mebibyte); ;) {
    const { bytesRead } = await handle.read(block);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(block.subarray(0, bytesRead));
  }
}

/**
 * Bytes in use after a collection. Collected twice: V8 frees the memory of collected buffers in a thread of its own, and until that has
 * run they still count as in use: after one collection in 5 to 20 of 100 trials, after a second, which waits for that thread, in none.
 */
function used(): number {
  runInNewContext("gc(); gc()");
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Bytes of progress after which memory is looked at: a transfer that keeps what it moved is seen long before its end. */
const lookEvery = 8 * mebibyte;

/**
 * Largest growth of memory that is really in use: sampled after a collection, so that garbage does not count. A look takes about as long as
 * the transfer of some MiB, so they are tied to progress, and otherwise take a fifth of the time at most.
 */
async function peakGrowth(work: (progress: () => (bytes: number) => void) => Promise<void>): Promise<number> {
  setFlagsFromString("--expose-gc");
  const before = used();
  let peak = before;
  let next = 0;
  const look = (): void => {
    const begin = performance.now();
    peak = Math.max(peak, used());
    const end = performance.now();
    next = end + Math.max(30, 4 * (end - begin));
  };
  const progress = (): ((bytes: number) => void) => {
    let last = 0;
    return (bytes) => {
      if (bytes - last < lookEvery) return;
      last = bytes;
      look();
    };
  };
  // Beside the progress reports, for connectors that make few.
  const timer = setInterval(() => performance.now() >= next && look(), 50);
  try {
    await work(progress);
  } finally {
    clearInterval(timer);
  }
  return peak - before;
}
