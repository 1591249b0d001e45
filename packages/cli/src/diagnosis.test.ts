import type { HostReport } from "@sremote/client";
import { expect, test } from "vitest";
import { bytesText, factsOf, problemsOf } from "./diagnosis.ts";

const good: HostReport = {
  home: "/home/me",
  user: "me",
  shell: "/bin/bash",
  path: "/usr/bin:/bin",
  system: "Linux",
  release: "6.1.0",
  machine: "x86_64",
  base: "/home/me/.sremote",
  rejected: [],
  diskFree: 5e9,
  installed: true,
  python: [{ path: "/usr/bin/python3", version: "3.11.2", usable: true }],
  node: [{ path: "/usr/bin/node", version: "20.1.0", usable: true }],
  broken: [],
  tools: { git: "/usr/bin/git", npm: "/usr/bin/npm" },
};
const all = { venv: true, pip: true, ensurepip: true };
const texts = (report: HostReport, installers: typeof all | undefined = all): string[] =>
  problemsOf(report, "python", installers).map(({ preventsCalls, what }) => `${preventsCalls ? "prevents" : "note"}: ${what}`);

test("a good host has no problems", () => {
  expect(problemsOf(good, "python", all)).toEqual([]);
  expect(problemsOf(good, "node", all)).toEqual([]);
});

test("without an interpreter the calls of its runtime are prevented, those of the other are not", () => {
  const bare = { ...good, python: [], node: [] };
  const prevented = (runtime: "python" | "node"): string[] =>
    problemsOf(bare, runtime, undefined)
      .filter((each) => each.preventsCalls)
      .map(({ what }) => what);
  expect(prevented("python")).toEqual([expect.stringContaining("no Python 3.6 or later was found on PATH /usr/bin:/bin")]);
  expect(prevented("node")).toEqual([expect.stringContaining("no Node 18 or later")]);
});

test("an interpreter that is too old is named with its version", () => {
  const old = { ...good, python: [{ path: "/usr/bin/python3", version: "3.5.2", usable: false }] };
  expect(texts(old)).toEqual(["prevents: no Python 3.6 or later: /usr/bin/python3 is 3.5.2, too old"]);
});

test("stand-ins that do not start are named", () => {
  expect(texts({ ...good, broken: ["/a/python3", "/b/python3"] })).toEqual([expect.stringMatching(/^note: .*\/a\/python3, \/b\/python3$/)]);
});

test("no writable directory prevents calls, a second choice does not", () => {
  const rejected = ["/home/me: not writable"];
  expect(texts({ ...good, base: undefined, diskFree: undefined, rejected })).toEqual([
    "prevents: no directory can hold the endpoint: /home/me: not writable",
  ]);
  expect(texts({ ...good, base: "/tmp/sremote-1000", rejected })).toEqual([
    expect.stringMatching(/^note: \/tmp\/sremote-1000 is used because/),
  ]);
});

test("little space is told, none prevents calls", () => {
  expect(texts({ ...good, diskFree: 200 * 1024 ** 2 })).toEqual([]);
  expect(texts({ ...good, diskFree: 200 * 1024 ** 2 - 1 })).toEqual([expect.stringMatching(/^note: 200 MiB of disk are free/)]);
  expect(texts({ ...good, diskFree: 1000 })).toEqual([expect.stringMatching(/^prevents: 1000 bytes/)]);
});

test("missing installers are told only where they are needed", () => {
  expect(texts(good, { venv: false, pip: true, ensurepip: true })).toEqual([expect.stringContaining("no module venv")]);
  expect(texts(good, { venv: true, pip: false, ensurepip: false })).toEqual([expect.stringContaining("neither pip, ensurepip nor uv")]);
  expect(texts({ ...good, tools: { ...good.tools, uv: "/usr/bin/uv" } }, { venv: true, pip: false, ensurepip: false })).toEqual([]);
  expect(texts({ ...good, tools: {} })).toEqual([expect.stringContaining("git is missing"), expect.stringContaining("npm is missing")]);
  expect(texts({ ...good, node: [], tools: { git: "/usr/bin/git" } })).toEqual([expect.stringContaining("no Node 18")]);
});

test("each problem has a cure", () => {
  const worst = { ...good, base: undefined, diskFree: undefined, rejected: ["x"], python: [], node: [], broken: ["y"], tools: {} };
  for (const { cure } of problemsOf(worst, "python", undefined)) expect(cure).not.toBe("");
});

test("the facts are told in reading order", () => {
  expect(factsOf(good).map(([title]) => title)).toEqual(["system", "user", "directory", "disk", "python", "node", "tools"]);
});

test.each([
  [0, "0 bytes"],
  [1023, "1023 bytes"],
  [1536, "1.5 KiB"],
  [5 * 1024 ** 3, "5 GiB"],
])("%i bytes are %s", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});
