/* G25: whatever a host says, a pull writes nothing outside its destination, and a lie is an error. */
import { createHash } from "node:crypto";
import { rmdirSync, symlinkSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pull } from "@sremote/transfer";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hostTemporaryName } from "../../packages/transfer/src/temporary.ts";
import { rejection } from "../support/rejection.ts";
import { batch, frame, json, lyingHost } from "./lying-host.ts";

let directory: string;
let destination: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sremote-hostile-"));
  destination = join(directory, "inside");
  await writeFile(join(directory, "outside"), "untouched");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

type Entry = [path: string, kind: string, mode: number, size: number, time: number, more: unknown];
const root: Entry = ["", "d", 0o755, 0, 1e15, 2];
const file = (path: string, content = "evil"): Entry => [path, "f", 0o644, content.length, 1e15, 1];
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A host with this listing, which sends `evil` for whatever is asked. */
function hostOf(entries: readonly unknown[], answers?: readonly Buffer[]): ReturnType<typeof lyingHost> {
  return lyingHost(({ op }) => {
    if (op === "list") return [json("L", { root: 0, entries, failures: [] }), json("Z", {})];
    if (answers !== undefined) return [...answers, json("Z", {})];
    return [batch([[0, sha256("evil"), 4]], "evil"), json("Z", {})];
  });
}

async function nothingOutside(): Promise<void> {
  expect((await readdir(directory)).filter((name) => name !== "inside")).toEqual(["outside"]);
  expect(await readFile(join(directory, "outside"), "utf8")).toBe("untouched");
}

describe("G25 a listing that lies is refused as a whole", () => {
  const cases: Record<string, unknown[]> = {
    "a path with ..": [root, file("../outside")],
    "a path with .. further in": [root, ["d", "d", 0o755, 0, 0, 1], file("d/../../outside")],
    "an absolute path": [root, file("/tmp/evil")],
    "a path with NUL": [root, file("name\0")],
    "an empty name": [root, ["d", "d", 0o755, 0, 0, 1], file("d//name")],
    "a dot": [root, file(".")],
    "a file behind a link": [root, ["d", "l", 0o777, 1, 0, ".."], file("d/outside")],
    "a file in a file": [root, file("d"), file("d/outside")],
    "a file in nothing": [root, file("d/outside")],
    "a path twice": [root, ["d", "l", 0o777, 1, 0, ".."], ["d", "d", 0o755, 0, 0, 1], file("d/outside")],
    "a hard link": [root, ["d", "h", 0o644, 4, 0, "../outside"]],
    "an unknown type by a name of every object": [root, ["d", "constructor", 0o644, 4, 0, 1]],
    "a size below nothing": [root, ["d", "f", 0o644, -1, 0, 1]],
    "a size that is no number": [root, ["d", "f", 0o644, "4", 0, 1]],
    "a size beyond what numbers hold": [root, ["d", "f", 0o644, 2 ** 60, 0, 1]],
    "a mode with more than permissions": [root, ["d", "f", 0o100644, 4, 0, 1]],
    "a time that is none": [root, ["d", "f", 0o644, 4, null, 1]],
    "a link without a target": [root, ["d", "l", 0o777, 1, 0, ""]],
    "a link to NUL": [root, ["d", "l", 0o777, 1, 0, "a\0b"]],
    "a path without end": [root, file("d".repeat(5000))],
    "an unfinished file somewhere else": [root, [`../${hostTemporaryName("outside")}`, "p", 0o600, 4, 0, 1]],
    "an entry that is no list": [root, { path: "d" }],
  };
  test.each(Object.entries(cases))("%s", async (_, entries) => {
    const error = await rejection(pull(hostOf(entries), "/tree", destination, { delete: true }));
    expect(error.code).toBe("protocol-error");
    await nothingOutside();
    expect(await readdir(directory)).toEqual(["outside"]);
  });
});

describe("G25 content that lies does not appear", () => {
  const listing = [root, file("a"), file("b")];
  const cases: Record<string, Buffer[]> = {
    "what was not asked for": [batch([[7, sha256("evil"), 4]], "evil")],
    "the same twice": [batch([[0, sha256("evil"), 4]], "evil"), batch([[0, sha256("evil"), 4]], "evil")],
    "more than was listed": [batch([[0, sha256("evil!"), 5]], "evil!")],
    "less than it says": [batch([[0, sha256("evil"), 4]], "e")],
    "more than it says": [batch([[0, sha256("evil"), 4]], "evil and more")],
    "a batch longer than its frame": [frame("S", Buffer.from([255, 255, 255, 255]))],
    "an answer of another kind": [json("L", [])],
    "an end of nothing": [json("E", [99, "x"])],
    "no JSON": [frame("F", Buffer.from("{"))],
  };
  test.each(Object.entries(cases))("%s", async (_, answers) => {
    const error = await rejection(pull(hostOf(listing, answers), "/tree", destination));
    expect(error.code).toBe("protocol-error");
    await nothingOutside();
    expect((await readdir(destination)).filter((name) => name !== "a")).toEqual([]);
  });

  test("another content than its digest is a failure of that file", async () => {
    const answers = [
      batch(
        [
          [0, sha256("good"), 4],
          [1, sha256("evil"), 4],
        ],
        "evilevil",
      ),
    ];
    const result = await pull(hostOf(listing, answers), "/tree", destination);
    expect(result).toMatchObject({ ok: false, files: 1, failures: [{ path: "a", errno: "EDIGEST" }] });
    expect(await readdir(destination)).toEqual(["b"]);
  });

  test("a file that is not sent is a failure, and so is a large one that is longer than it was listed", async () => {
    const large = [root, ["a", "f", 0o644, 200_000, 0, 1], file("b")];
    const content = frame("D", Buffer.alloc(200_001));
    const result = await pull(hostOf(large, [json("F", [0, 0]), content, json("E", [0, "x"])]), "/tree", destination);
    expect(result.failures.map(({ path, errno }) => `${path} ${errno}`)).toEqual(["a EDIGEST", "b EPROTO"]);
    expect(await readdir(destination)).toEqual([]);
  });

  test("a frame of gigabytes is refused before it is read", async () => {
    const head = Buffer.from([0x53, 0xff, 0xff, 0xff, 0xff]);
    expect((await rejection(pull(hostOf(listing, [head]), "/tree", destination))).code).toBe("protocol-error");
  });
});

test("G25 a listing without end is refused at the limit", async () => {
  function* endless(): Generator<Buffer> {
    for (let part = 0; part < 50; part++) {
      const entries = Array.from({ length: 500 }, (_, index) => file(`f${part}-${index}`));
      yield json("L", { root: 0, entries: part === 0 ? [root, ...entries] : entries, failures: [] });
    }
    yield json("Z", {});
  }
  const error = await rejection(pull(lyingHost(endless), "/tree", destination, { entryLimit: 2000 }));
  expect(error.code).toBe("limit-exceeded");
});

test.each([
  ["one character less than its entries may have", -1, false],
  ["exactly as many", 0, false],
  ["one more", 1, true],
])("G20 the paths of a listing have %s", async (_name, step, isRefused) => {
  const allowed = 256 * 1000;
  const failures = Array.from({ length: 250 }, (_, index) => ["p".repeat(1024 + (index === 0 ? step : 0)), "EIO", ""]);
  expect(failures.flat().join("").length - 250 * 3).toBe(allowed + step);
  const host = lyingHost(() => [json("L", { root: 0, entries: [root], failures }), json("Z", {})]);
  const pulling = pull(host, "/tree", destination, { entryLimit: 1000 });
  if (isRefused) expect((await rejection(pulling)).code).toBe("limit-exceeded");
  else expect((await pulling).failures).toHaveLength(250);
});

test("G20 answers that say nothing count, and a path of 30 MB is cut", async () => {
  function* nothing(): Generator<Buffer> {
    for (let part = 0; part < 2100; part++) yield json("L", { root: 0, entries: part === 0 ? [root] : [], failures: [] });
    yield json("Z", {});
  }
  expect((await rejection(pull(lyingHost(nothing), "/tree", destination, { entryLimit: 2000 }))).code).toBe("limit-exceeded");
  const failures = [["p".repeat(30 << 20), "EIO", "m"]];
  const long = lyingHost(() => [json("L", { root: 0, entries: [root], failures }), json("Z", {})]);
  expect((await pull(long, "/tree", destination)).failures[0]!.path.length).toBeLessThan(5000);
});

test("G25 links that an earlier pull brought are not followed by a later one", async () => {
  const first = [root, ["a", "l", 0o777, 1, 0, ".."] satisfies Entry, ["b", "l", 0o777, 1, 0, "/etc"] satisfies Entry];
  expect(await pull(hostOf(first, []), "/tree", destination)).toMatchObject({ ok: true, files: 2 });
  const second = [root, ["a", "d", 0o755, 0, 0, 2] satisfies Entry, file("a/outside"), ["b", "d", 0o755, 0, 0, 2] satisfies Entry];
  expect(await pull(hostOf(second), "/tree", destination)).toMatchObject({ ok: true });
  await nothingOutside();
  expect(await readFile(join(destination, "a/outside"), "utf8")).toBe("evil");
  expect((await lstat(join(destination, "b"))).isDirectory()).toBe(true);
});

test("G25 a link that is put in the place of a directory while a pull runs is not followed", async () => {
  const listing = [root, ["d", "d", 0o755, 0, 0, 2] satisfies Entry, file("d/outside")];
  const host = lyingHost(function* ({ op }) {
    if (op === "list") yield json("L", { root: 0, entries: listing, failures: [] });
    else {
      rmdirSync(join(destination, "d"));
      symlinkSync("..", join(destination, "d"));
      yield batch([[0, sha256("evil"), 4]], "evil");
    }
    yield json("Z", {});
  });
  const result = await pull(host, "/tree", destination);
  expect(result).toMatchObject({ ok: false, files: 0 });
  await nothingOutside();
  // The next one finds the link, and makes a directory in its place.
  expect(await pull(hostOf(listing), "/tree", destination)).toMatchObject({ ok: true });
  await nothingOutside();
});

test("a temporary file that was planted, as a link, is neither followed nor in the way", async () => {
  await mkdir(destination);
  await symlink("../outside", join(destination, hostTemporaryName("a")));
  expect(await pull(hostOf([root, file("a")]), "/tree", destination)).toMatchObject({ ok: true });
  await nothingOutside();
  expect(await readFile(join(destination, "a"), "utf8")).toBe("evil");
});
