import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ArgumentSource, readArguments } from "./argument-source.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "sremote-arguments-"));
  writeFileSync(join(directory, "data.json"), '{"n": 12345678901234567890}\n');
  writeFileSync(join(directory, "notes.txt"), "two\nlines\n");
  writeFileSync(join(directory, "image"), Uint8Array.of(0x89, 0xff, 0));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const from = (input: string | Uint8Array = ""): ArgumentSource => new ArgumentSource(false, Readable.from([Buffer.from(input)]));

test("@FILE is JSON where it can be, else text, else bytes", async () => {
  const read = (name: string): Promise<unknown> => from().value(`@${join(directory, name)}`, "argument 1");
  expect(await read("data.json")).toEqual({ n: 12345678901234567890n });
  expect(await read("notes.txt")).toBe("two\nlines\n");
  expect(await read("image")).toEqual(Buffer.of(0x89, 0xff, 0));
});

test("- is standard input, also as the value of a keyword", async () => {
  expect(await from("[1, 2]").value("-", "argument 1")).toEqual([1, 2]);
  expect(await readArguments(from("3"), ["1"], ["n=-"])).toEqual({ args: [1], kwargs: { n: 3 } });
});

test("standard input cannot be two arguments", async () => {
  await expect(readArguments(from("3"), ["-", "-"], [])).rejects.toThrow("argument 2: standard input is already argument 1");
});

test("@@ begins a text with @", async () => {
  expect(await from().value("@@home", "argument 1")).toBe("@home");
});

test.each([
  ["@", /argument 1: a file must follow @/],
  ["@/nowhere/at/all", /argument 1: the file \/nowhere\/at\/all cannot be read \(ENOENT\)/],
  ["@/", /cannot be read \(EISDIR\)/],
])("%s is refused", async (text, says) => {
  await expect(from().value(text, "argument 1")).rejects.toThrow(says);
});

test("with -s everything is a string", async () => {
  const literally = new ArgumentSource(true, Readable.from(["never read"]));
  expect(await readArguments(literally, ["3", "-", "@x"], ["n=3"])).toEqual({ args: ["3", "-", "@x"], kwargs: { n: "3" } });
});
