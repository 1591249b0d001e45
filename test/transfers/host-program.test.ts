/*
 * G25 G26 The half of a transfer that runs on a host, spoken to by hand: whatever a client says, and whatever others put into the tree, it writes
 * nothing outside of it, and nothing that is not what was sent.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pythonWords, script as embeddedScript } from "@sremote/endpoint";
import { program, startProgram } from "../../packages/transfer/src/host-program.ts";
import { hostTemporaryName } from "../../packages/transfer/src/temporary.ts";
import { hostPath } from "../support/hosts.ts";
import { batch, frame, json } from "./lying-host.ts";

let directory: string;
let root: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sremote-host-program-"));
  root = join(directory, "inside");
  mkdirSync(root);
  mkdirSync(join(directory, "elsewhere"));
  writeFileSync(join(directory, "outside"), "untouched");
  writeFileSync(join(directory, "elsewhere/file"), "untouched");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What the program says to these frames of a push, and how it ends. */
function receive(...frames: readonly Buffer[]): {
  failures: unknown[];
  errors: string[];
  done: number;
  status: number | null;
  said: string;
} {
  const { script, marker } = startProgram();
  const request = json("J", { op: "receive", root, parents: false, make: false });
  const input = Buffer.concat([program(), request, ...frames]);
  const { stdout, stderr, status } = spawnSync("sh", ["-c", script("")], { input, env: { PATH: hostPath }, timeout: 30_000 });
  const failures: [number, string, string][] = [];
  let done = 0;
  for (let at = stdout.indexOf(`${marker}+`) + marker.length + 1; at < stdout.length; at += 5 + stdout.readUInt32LE(at + 1)) {
    const payload = stdout.subarray(at + 5, at + 5 + stdout.readUInt32LE(at + 1));
    if (stdout[at] !== 0x52) continue;
    const report = JSON.parse(payload.toString()) as { done: number; failures: [number, string, string][] };
    done += report.done;
    failures.push(...report.failures);
  }
  return { failures, errors: failures.map(([, errno]) => errno), done, status, said: stderr.toString() };
}

const end = json("Z", {});
const small = (path: string, content: string, told = content): Buffer =>
  batch([[0, path, content.length, sha256(told), null, null]], content);
const act = (name: string, ...args: unknown[]): Buffer => json("A", [[0, name, args]]);
const part = (path: string, hidden: string, content: string, old: string | null = null, offset = 0): Buffer => {
  const head = Buffer.from(JSON.stringify([0, path, old, hidden, offset]));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return frame("P", Buffer.concat([length, head, Buffer.from(content)]));
};

function nothingOutside(): void {
  expect(readdirSync(directory).toSorted()).toEqual(["elsewhere", "inside", "outside"]);
  expect(readdirSync(join(directory, "elsewhere"))).toEqual(["file"]);
  for (const each of ["outside", "elsewhere/file"]) expect(readFileSync(join(directory, each), "utf8")).toBe("untouched");
}

test("what is sent arrives, so that the refusals below mean something", () => {
  const large = [json("F", [0, "large", 5, 0o600, null, null]), frame("D", Buffer.from("large")), json("E", sha256("large"))];
  const { failures, done, status } = receive(small("small", "small"), act("mkdir", "d", 0o700), small("d/file", "below"), ...large, end);
  expect([failures, done, status]).toEqual([[], 4, 0]);
  expect(["small", "d/file", "large"].map((name) => readFileSync(join(root, name), "utf8"))).toEqual(["small", "below", "large"]);
});

test("a host whose only Python has its version in its name runs the program, as it runs calls", () => {
  const programs = join(directory, "programs");
  mkdirSync(programs);
  symlinkSync(realpathSync("/usr/bin/python3"), join(programs, "python3.9"));
  const { script, marker } = startProgram();
  const text = script("").replaceAll(/\/\S*\/python3\b/g, "/nowhere/python3");
  const input = Buffer.concat([program(), json("J", { op: "receive", root, parents: false, make: false }), small("a", "text"), end]);
  const { stdout } = spawnSync("/bin/sh", ["-c", text], { input, env: { PATH: programs }, timeout: 30_000 });
  expect(stdout.includes(`${marker}+`)).toBe(true);
  expect(readFileSync(join(root, "a"), "utf8")).toBe("text");
});

test("calls, the probe and transfers look for the same interpreters", () => {
  for (const text of [embeddedScript("launch.sh"), embeddedScript("probe.sh"), startProgram().script("")]) {
    expect(text).toContain(pythonWords);
    expect(text).not.toMatch(/@\w+@/);
  }
});

describe("G26 what is not as it was sent does not appear", () => {
  test.each([
    ["another content", [small("file", "evil", "good")]],
    [
      "a large one of another content",
      [json("F", [0, "file", 4, null, null, null]), frame("D", Buffer.from("evil")), json("E", sha256("good"))],
    ],
    [
      "a large one that is short",
      [json("F", [0, "file", 9, null, null, null]), frame("D", Buffer.from("evil")), json("E", sha256("evil"))],
    ],
    [
      "one in parts of another content",
      [part("file", hostTemporaryName("file"), "evil")].concat([
        act("adopt", hostTemporaryName("other"), "file", 4, sha256("good"), null, null),
      ]),
    ],
  ] as const)("%s", (_, frames) => {
    const { errors } = receive(...frames, end);
    expect(errors).toHaveLength(1);
    expect(readdirSync(root)).not.toContain("file");
  });

  test("an unfinished file that is another's is not given its name", () => {
    const hidden = hostTemporaryName("file");
    writeFileSync(join(root, hidden), "evil");
    expect(receive(act("adopt", hidden, "file", 4, sha256("good"), null, null), end).errors).toEqual(["EDIGEST"]);
    expect(readdirSync(root)).not.toContain("file");
  });
});

describe("G25 a client that lies writes nothing outside of the tree", () => {
  test("by no path", () => {
    mkdirSync(join(root, "d"));
    const hidden = hostTemporaryName("outside");
    const frames = ["../outside", "d/../../outside", "/etc/sremote-test", "..", ".", "d/..", "a\0b"].flatMap((path) => [
      small(path, "evil"),
      act("mkdir", path, 0o700),
      act("link", path, "/etc", null),
      act("delete", path, false),
      act("delete", path, true),
      act("meta", path, "f", 0o777, null),
      act("sweep", path),
      part(path, hidden, "evil"),
      json("F", [0, path, 4, null, null, null]),
    ]);
    expect(receive(...frames, end).errors).toEqual(frames.map(() => "EPERM"));
    nothingOutside();
    expect(readdirSync(root)).toEqual(["d"]);
  });

  test("by no name of an unfinished file", () => {
    const frames = ["../outside", "../elsewhere/file"].flatMap((name) => [
      part("file", name, "evil"),
      part("file", hostTemporaryName("file"), "evil", name, 4),
      act("adopt", name, "file", 9, sha256("untouched"), null, null),
    ]);
    expect(receive(...frames, end).errors).toEqual(frames.map(() => "EPERM"));
    nothingOutside();
    expect(readdirSync(root)).toEqual([]);
  });

  test("a frame of gigabytes is refused before it is read", () => {
    const { status, said } = receive(Buffer.from([0x53, 0xff, 0xff, 0xff, 0xff]));
    expect([status, said]).toEqual([1, expect.stringContaining("a frame of 4294967295 bytes")]);
  });
});

describe("G25 what others have put into the tree leads nowhere", () => {
  test("a link in the place of a directory", () => {
    symlinkSync("../elsewhere", join(root, "d"));
    const hidden = hostTemporaryName("file");
    const frames = [
      small("d/file", "evil"),
      act("mkdir", "d/new", 0o700),
      act("delete", "d/file", false),
      act("meta", "d/file", "f", 0o777, null),
      part("d/file", hidden, "evil"),
    ];
    const { errors } = receive(...frames, end);
    expect(errors).toHaveLength(frames.length);
    expect(new Set(errors)).toEqual(new Set(["ENOTDIR"]));
    nothingOutside();
  });

  test("a link where a file goes is replaced, not written through", () => {
    symlinkSync("../outside", join(root, "file"));
    expect(receive(small("file", "mine"), end).errors).toEqual([]);
    nothingOutside();
    expect(readFileSync(join(root, "file"), "utf8")).toBe("mine");
  });

  test("a link or a file under the name of an unfinished one is neither written through nor over", () => {
    const [link, file] = [hostTemporaryName("file"), hostTemporaryName("file")];
    symlinkSync("../outside", join(root, link));
    writeFileSync(join(root, file), "somebody's");
    const { errors } = receive(part("file", link, "evil"), part("file", file, "evil"), end);
    expect(errors).toEqual(["EEXIST", "EEXIST"]);
    nothingOutside();
    expect(readFileSync(join(root, file), "utf8")).toBe("somebody's");
  });

  test("an unfinished file that has a second name, is a link, or is another user's is not gone on from", () => {
    const names = ["second", "link", "foreign"].map(() => hostTemporaryName("file"));
    const [second, link, foreign] = names as [string, string, string];
    linkSync(join(directory, "outside"), join(root, second));
    symlinkSync("../outside", join(root, link));
    writeFileSync(join(root, foreign), "untouched");
    // Where the tests run as root; nobody else can give a file away.
    const own = process.geteuid?.() === 0 ? names : names.slice(0, 2);
    if (own === names) chownSync(join(root, foreign), 65_534, 65_534);
    const frames = own.flatMap((name) => [
      part("file", hostTemporaryName("file"), " more", name, 9),
      act("adopt", name, "file", 9, sha256("untouched"), null, null),
    ]);
    const { errors } = receive(...frames, end);
    expect(errors).toHaveLength(frames.length);
    expect(new Set(errors)).toEqual(new Set(["EDIGEST", "ELOOP"]));
    nothingOutside();
    expect(readdirSync(root)).not.toContain("file");
  });
});
