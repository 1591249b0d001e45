import { describe, expect, test } from "vitest";
import { type Entry, Listing, sameTime } from "./entry.ts";
import { applyFilter, makePlan, undecided } from "./plan.ts";

const options = { check: "size+time", modes: true, times: true, delete: false, filter: undefined } as const;
const none: ReadonlySet<string> = new Set();

/** `d/` is a directory, `l@` a link, anything else a file. */
function listing(...entries: (string | [string, Partial<Entry>])[]): Listing {
  const made = new Listing();
  for (const each of entries) {
    const [text, more] = typeof each === "string" ? [each, {}] : each;
    const type = text.endsWith("/") ? "directory" : text.endsWith("@") ? "link" : "file";
    const path = text.replace(/[/@]$/, "");
    const target = type === "link" ? { target: "t" } : {};
    made.entries.set(path, { path, type, mode: 0o644, size: 3, time: 5e6, links: 1, root: 0, relative: path, ...target, ...more });
  }
  return made;
}
const paths = (entries: readonly { path: string }[]): string[] => entries.map(({ path }) => path);

describe("a plan", () => {
  test("of two equal trees is empty", () => {
    const plan = makePlan(listing("/", "a", "d/", "d/b", "l@"), listing("/", "a", "d/", "d/b", "l@"), options, none, none, none);
    expect(plan).toMatchObject({ files: [], links: [], directories: [], deletions: [], updates: [], unchanged: 3, changes: [] });
  });

  test("makes directories from the outermost, sets them from the innermost", () => {
    const plan = makePlan(listing("/", "d/", "d/e/", "d/e/f"), listing("/"), options, none, none, none);
    expect(paths(plan.directories)).toEqual(["d", "d/e"]);
    expect(paths(plan.files)).toEqual(["d/e/f"]);
    expect(plan.updates.map(({ entry }) => entry.path)).toEqual(["d/e", "d", ""]);
  });

  test("deletes from the innermost, and nothing while some of the source is unknown", () => {
    const existing = listing("/", "a", "d/", "d/e/", "d/e/f");
    const plan = makePlan(listing("/"), existing, { ...options, delete: true }, none, none, none);
    expect(paths(plan.deletions)).toEqual(["d/e/f", "d/e", "d", "a"]);
    const source = listing("/");
    source.failures.push({ path: "d", errno: "EACCES", message: "" });
    expect(makePlan(source, existing, { ...options, delete: true }, none, none, none).deletions).toEqual([]);
    expect(makePlan(listing("/"), existing, options, none, none, none).deletions).toEqual([]);
  });

  test("says of a directory in the way which option helps", () => {
    const kept = new Set(["x"]);
    const told = (source: Listing, more: object, holding = none): string | undefined =>
      makePlan(source, listing("/", "x/", "x/y"), { ...options, ...more }, none, none, holding).failures[0]?.message;
    const alone = listing(["x", { relative: "" }]);
    expect(told(alone, {})).toMatch(/a destination that ends with \/ puts it into/);
    expect(told(listing("/", "x"), {})).toMatch(/`delete` would let it be replaced$/);
    expect(told(listing("/", "x"), {}, kept)).toMatch(/`delete` would let it be replaced, but for what `filter` leaves out/);
    expect(told(listing("/", "x"), { delete: true }, kept)).toMatch(/which holds what `filter` leaves out/);
  });

  test("replaces a directory only with `delete`, and puts nothing into what is not to be", () => {
    const refused = makePlan(listing("/", "x"), listing("/", "x/", "x/y"), options, none, none, none);
    expect(refused).toMatchObject({ files: [], failures: [{ path: "x", errno: "EISDIR" }] });
    const plan = makePlan(listing("/", "x"), listing("/", "x/", "x/y"), { ...options, delete: true }, none, none, none);
    expect(paths(plan.conflicts)).toEqual(["x/y", "x"]);
    expect(plan.deletions).toEqual([]);
    const inner = makePlan(listing("/", "x/", "x/y"), listing("/", "x"), options, none, none, none);
    expect([paths(inner.conflicts), paths(inner.directories), paths(inner.files)]).toEqual([["x"], ["x"], ["x/y"]]);
    const root = makePlan(listing("/", "y"), listing(["", {}]), options, none, none, none);
    expect(root).toMatchObject({ files: [], failures: [{ path: "", errno: "ENOTDIR" }] });
  });

  test("sets mode and time of an equal file; one with another name elsewhere is made anew", () => {
    const source = listing("/", ["a", { mode: 0o600 }]);
    const plan = makePlan(source, listing("/", "a"), options, none, none, none);
    expect(plan).toMatchObject({ files: [], updates: [{ mode: 0o600, time: null }], changes: [{ kind: "mode", path: "a" }] });
    expect(paths(makePlan(source, listing("/", ["a", { links: 2 }]), options, none, none, none).files)).toEqual(["a"]);
    expect(makePlan(source, listing("/", "a"), { ...options, modes: false }, none, none, none)).toMatchObject({ updates: [] });
  });

  test("asks for the content of files of one size alone: always with `hash`, else where the times differ, never with `always`", () => {
    const source = listing("/", "same", ["touched", { time: 9e6 }], ["longer", { size: 4 }], ["empty", { size: 0, time: 9e6 }]);
    const existing = listing("/", "same", "touched", "longer", ["empty", { size: 0 }]);
    const asked = (check: "size+time" | "hash" | "always"): string[] =>
      undecided(source, existing, { ...options, check }).map(([{ path }]) => path);
    expect(asked("size+time")).toEqual(["touched"]);
    expect(asked("hash")).toEqual(["same", "touched"]);
    expect(asked("always")).toEqual([]);
    const plan = makePlan(source, existing, options, new Set(["touched"]), none, none);
    expect(paths(plan.files)).toEqual(["longer"]);
    expect(plan.updates.map(({ entry, time }) => [entry.path, time])).toEqual([
      ["empty", 9e6],
      ["touched", 9e6],
      ["", 5e6],
    ]);
    expect(paths(makePlan(source, existing, { ...options, check: "always" }, none, none, none).files)).toHaveLength(4);
  });
});

describe("a filter", () => {
  test("leaves out a directory with all below it; directories above are not deleted", () => {
    const existing = listing("/", "a", "d/", "d/keep/", "d/keep/x", "d/y");
    const kept = applyFilter(existing, (path) => path !== "d/keep");
    expect([...existing.entries.keys()]).toEqual(["", "a", "d", "d/y"]);
    const plan = makePlan(listing("/"), existing, { ...options, delete: true }, none, none, kept);
    expect(paths(plan.deletions)).toEqual(["d/y", "a"]);
  });
});

test("times are the same within what Node sets, or where one side keeps seconds alone", () => {
  expect(sameTime(1_600_000_000_123_456, 1_600_000_000_123_457)).toBe(true);
  expect(sameTime(1_600_000_000_123_456, 1_600_000_000_123_460)).toBe(false);
  expect(sameTime(1_600_000_000_123_456, 1_600_000_000_000_000)).toBe(true);
  expect(sameTime(1_600_000_000_123_456, 1_600_000_001_000_000)).toBe(false);
});
