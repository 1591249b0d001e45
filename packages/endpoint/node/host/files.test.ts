/* Files that appear whole or not at all: replies, claims, what is installed (PROTOCOL.md, "Spool"). The same for Python: python/tests/test_files.py. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createFile, replaceFile } from "./files.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sremote-store-"));
  path = join(directory, "reply");
});
afterEach(() => rmSync(directory, { recursive: true }));

/** What a look finds under the name now. */
function seen(): string | undefined {
  return readdirSync(directory).includes("reply") ? readFileSync(path, "utf8") : undefined;
}

/** Chunks of which the second is asked for when the first is written. */
function chunks(first: string, second: () => string): Uint8Array[] {
  return Object.defineProperty([Buffer.from(first), Buffer.from("")], 1, { get: () => Buffer.from(second()) });
}

it.each([undefined, "before"])("G26 who reads while a file is written finds what was there before (%s), whole", (before) => {
  if (before !== undefined) replaceFile(path, [Buffer.from(before)]);
  const found: unknown[] = [];
  replaceFile(
    path,
    chunks("af", () => {
      found.push(seen());
      return "ter";
    }),
  );
  expect(new Set(found)).toEqual(new Set([before]));
  expect(seen()).toBe("after");
});

it.each([undefined, "before"])("G26 a file that cannot be written to its end leaves what was there (%s) and nothing else", (before) => {
  if (before !== undefined) replaceFile(path, [Buffer.from(before)]);
  const failing = (): Uint8Array[] =>
    chunks("half", () => {
      throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    });
  expect(() => replaceFile(path, failing())).toThrow("no space");
  if (before === undefined) expect(() => createFile(path, failing(), true)).toThrow("no space");
  expect(seen()).toBe(before);
  expect(readdirSync(directory)).toEqual(before === undefined ? [] : ["reply"]);
});

it("G01 a file that exists is not made anew, and one that is made is whole from its first moment", () => {
  const found: unknown[] = [];
  const first = chunks("fir", () => {
    found.push(seen());
    return "st";
  });
  expect(createFile(path, first, true)).toBe(true);
  expect(new Set(found)).toEqual(new Set([undefined]));
  expect(createFile(path, [Buffer.from("second")], true)).toBe(false);
  expect(seen()).toBe("first");
  expect(readdirSync(directory)).toEqual(["reply"]);
});

it("G07 files are 0600 whatever the umask, and no link is written through", () => {
  const before = process.umask(0);
  try {
    replaceFile(path, [Buffer.from("x")]);
    createFile(join(directory, "claim"), [Buffer.from("x")], true);
  } finally {
    process.umask(before);
  }
  for (const name of ["reply", "claim"]) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  const link = join(directory, "link");
  symlinkSync(path, link);
  expect(createFile(link, [Buffer.from("y")], true)).toBe(false);
  replaceFile(link, [Buffer.from("z")]);
  expect(seen()).toBe("x");
});
