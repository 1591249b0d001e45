import { expect, test } from "vitest";
import { type Entry, Listing } from "./entry.ts";
import { asLocalName, localPath, nameProblem, refuseNames } from "./local-names.ts";

const onWindows = [
  "a\\b",
  "C:",
  "C:x",
  "file:stream",
  "x?",
  "a*",
  "a|b",
  "<",
  '"',
  "tab\t",
  "dot.",
  "space ",
  "...",
  "CON",
  "nul",
  "NUL.txt",
  "Aux .c",
  "com1",
  "LPT9.log",
  "COM¹",
  "conin$",
];
const anywhere = ["a", "con1", "console", "nul-x", "a.b", ".hidden", "com", "COM10", "a b", "é"];

test("names that mean something else on Windows are refused there, and only there", () => {
  for (const name of onWindows) {
    expect([name, nameProblem(name, "win32")]).toEqual([name, expect.stringMatching(/Windows/)]);
    expect([name, nameProblem(name, "linux")]).toEqual([name, undefined]);
  }
  for (const name of anywhere) expect([name, nameProblem(name, "win32")]).toEqual([name, undefined]);
  for (const name of ["", ".", "..", "a/b", "a\0b"]) expect(nameProblem(name, "linux")).toBe("it is not a name");
});

test("a name that Windows cannot take costs that path and what is below it, and nothing is deleted then", () => {
  const listing = new Listing();
  const add = (path: string, type: Entry["type"]): void =>
    void listing.entries.set(path, { path, type, mode: 0o644, size: 0, time: 0, links: 1, root: 0, relative: path });
  for (const path of ["", "fine", "fine/NUL", "a\\..\\..\\x", "C:"]) add(path, path === "" || path === "fine" ? "directory" : "file");
  add("aux", "directory");
  add("aux/inner", "directory");
  add("aux/inner/file", "file");
  refuseNames(listing, "win32");
  expect([...listing.entries.keys()]).toEqual(["", "fine"]);
  expect(listing.failures.map(({ path, errno }) => `${path} ${errno}`).toSorted()).toEqual([
    "C: EINVAL",
    "a\\..\\..\\x EINVAL",
    "aux EINVAL",
    "fine/NUL EINVAL",
  ]);
});

test("what a host is called is one name here", () => {
  expect(["..", ".", "../../etc", "a/b", "me@[::1]:22", "é"].map((name) => asLocalName(name, "linux"))).toEqual([
    "%2E.",
    "%2E",
    "%2E.%2F..%2Fetc",
    "a%2Fb",
    "me@%5B::1%5D:22",
    "%C3%A9",
  ]);
  for (const name of [...onWindows, "..", "a/b", "host:22"])
    expect([name, nameProblem(asLocalName(name, "win32"), "win32")]).toEqual([name, undefined]);
  expect(localPath("C:\\data\\", "win32")).toBe("C:/data/");
  expect(localPath("a\\b", "linux")).toBe("a\\b");
});
