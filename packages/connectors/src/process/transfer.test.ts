/* push and pull against shells, tools, noise and trouble of real hosts. */
import { spawnSync } from "node:child_process";
import { constants, ftruncateSync, openSync, closeSync, readdirSync, statSync, writeSync } from "node:fs";
import { access, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConnectError, hostLimits } from "@sremote/protocol";
import { commandLine } from "../command-line.ts";
import { shell } from "../connector.ts";
import type { SpawnedProcess } from "../connector.ts";
import { local } from "../local/index.ts";
import { openSource } from "../transfer/source.ts";
import { lastAnswer } from "./answer.ts";
import { newMarker } from "./marker.ts";
import { pullOverProcess } from "./pull.ts";
import { pushOverProcess } from "./push.ts";
import { pushScript } from "./script.ts";
import type { StartProcess } from "./start.ts";

const label = "test://";
let directory: string;
let host: ReturnType<typeof local>;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sremote-transfer-"));
  host = local();
  await mkdir(join(directory, "to"));
});
afterEach(async () => {
  await host.close();
  await rm(directory, { recursive: true, force: true });
});

const spawnLocally: StartProcess = (command, options) => {
  if (host.spawn === undefined) throw new Error("local connectors spawn");
  return host.spawn(command, options);
};
const at = (name: string): string => join(directory, name);
const find = (name: string): string =>
  spawnSync("sh", ["-c", `command -v ${name}`])
    .stdout.toString()
    .trim();

/** A PATH with nothing but these programs on it. */
async function pathWith(programs: Readonly<Record<string, string>>): Promise<string> {
  const path = at("bin");
  await mkdir(path);
  for (const [name, target] of Object.entries(programs)) await symlink(target, join(path, name));
  return path;
}

/** A host whose `sh` and tools are the ones on that PATH. */
const startWith =
  (path: string): StartProcess =>
  (command, options) =>
    spawnLocally(["env", "-i", `PATH=${path}`, join(path, "sh"), "-c", commandLine(command)], options);

const coreTools = Object.fromEntries(["cat", "mv", "rm", "chmod", "wc"].map((name) => [name, find(name)]));
const executable = async (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
const present = async (candidates: Readonly<Record<string, string>>): Promise<[string, string][]> => {
  const found: [string, string][] = [];
  for (const [name, path] of Object.entries(candidates)) if (path !== "" && (await executable(path))) found.push([name, path]);
  return found;
};
const busybox = find("busybox");
const shells = await present({ dash: find("dash"), bash: find("bash") });
const digestTools = await present({
  sha256sum: find("sha256sum"),
  shasum: find("shasum"),
  openssl: find("openssl"),
  python3: "/usr/bin/python3",
});
const content = Buffer.from(Array.from({ length: 300_001 }, (_, index) => (index * 7919) >>> 3));

async function roundTrip(start: StartProcess): Promise<void> {
  const path = at("to/it's a 'file'\n");
  await pushOverProcess(start, content, path, { mode: 0o640 }, label);
  expect(Buffer.compare(await readFile(path), content)).toBe(0);
  await pullOverProcess(start, path, { path: at("back") }, {}, label);
  expect(Buffer.compare(await readFile(at("back")), content)).toBe(0);
  expect(await readdir(at("to"))).toEqual(["it's a 'file'\n"]);
}

describe("a host with nothing but sh, cat, mv, rm, chmod, wc and one digest tool", () => {
  for (const [name, sh] of shells) {
    for (const [tool, target] of digestTools) {
      test(`${name}, ${tool}`, async () => {
        await roundTrip(startWith(await pathWith({ ...coreTools, sh, [tool]: target })));
      });
    }
  }

  test.runIf(busybox !== "")("busybox alone", async () => {
    const applets = ["sh", "cat", "mv", "rm", "chmod", "wc", "sha256sum"];
    const start = startWith(await pathWith(Object.fromEntries(applets.map((name) => [name, busybox]))));
    await roundTrip(start);
    await expect(pullOverProcess(start, at("missing"), { write() {} }, {}, label)).rejects.toMatchObject({ code: "no-such-file" });
    await expect(pushOverProcess(start, content, at("to"), {}, label)).rejects.toMatchObject({ code: "not-a-file" });
  });

  test("no digest tool: an error that says so, and nothing appears", async () => {
    const start = startWith(await pathWith({ ...coreTools, sh: find("dash") }));
    const expected = {
      code: "transfer-failed",
      hint: "one of sha256sum, shasum, openssl or python3 must be on the PATH of a non-interactive shell",
    };
    await expect(pushOverProcess(start, content, at("to/file"), {}, label)).rejects.toMatchObject(expected);
    expect(await readdir(at("to"))).toEqual([]);
    await writeFile(at("to/file"), content);
    await expect(pullOverProcess(start, at("to/file"), { path: at("back") }, {}, label)).rejects.toMatchObject(expected);
    expect(await readdir(directory)).toEqual(["bin", "to"]);
  });

  test("a digest tool that is there but broken is passed over", async () => {
    await writeFile(at("broken"), "#!/bin/sh\necho 'not today'\n", { mode: 0o755 });
    await roundTrip(startWith(await pathWith({ ...coreTools, sh: find("dash"), sha256sum: at("broken"), openssl: find("openssl") })));
  });
});

const refusing: StartProcess = (_command, options) => spawnLocally(shell("echo 'This account is not available.' >&2; exit 1"), options);

describe("G10 what login files print is harmless", () => {
  const noises = {
    text: "echo Welcome; echo; echo oops >&2",
    binary: "printf '\\000\\377\\211SRM\\n'",
    "half a megabyte": "head -c 500000 /dev/zero; head -c 500000 /dev/zero >&2",
    "no newline at its end": "printf 'last login:'",
    "the command itself": `set -v`,
  };
  for (const [name, noise] of Object.entries(noises)) {
    test(name, async () => {
      await roundTrip((command, options) => spawnLocally("shell" in command ? shell(`${noise}\n${command.shell}`) : command, options));
    });
  }

  test("when there is no answer, the last lines are shown", async () => {
    const expected = { code: "transfer-failed", lastLines: "This account is not available." };
    await expect(pushOverProcess(refusing, content, at("to/x"), {}, label)).rejects.toMatchObject(expected);
    await expect(pullOverProcess(refusing, at("to/x"), { write() {} }, {}, label)).rejects.toMatchObject(expected);
  });
});

// Only a change that makes the bytes read neither the old content nor the new one is an error: behind the reader when the digest is
// taken afterwards (on a host), before it when it was taken first (here).
const onceOnProgress = (path: string, change: (file: number, position: number) => void, position: number): (() => void) => {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    const file = openSync(path, "r+");
    change(file, position);
    closeSync(file);
  };
};

const changedMeanwhile = /changed while it was read/;

describe("G26 a file that changes meanwhile", () => {
  const size = 8 << 20;
  const changes: Readonly<Record<string, (file: number, position: number) => void>> = {
    "changes one byte": (file, position) => void writeSync(file, "x", position),
    grows: (file) => void writeSync(file, "x", size),
    shrinks: (file) => ftruncateSync(file, size - 1),
    "is emptied": (file) => ftruncateSync(file, 0),
  };

  for (const [name, change] of Object.entries(changes)) {
    test(`a local file that ${name} is not pushed, and the old one stays`, async () => {
      for (const over of ["process", "local"] as const) {
        await writeFile(at("source"), Buffer.alloc(size, "a"));
        await writeFile(at("to/file"), "old");
        const options = { onProgress: onceOnProgress(at("source"), change, size - 1) };
        const push =
          over === "local"
            ? host.push({ path: at("source") }, at("to/file"), options)
            : pushOverProcess(spawnLocally, { path: at("source") }, at("to/file"), options, label);
        await expect(push).rejects.toThrow(changedMeanwhile);
        expect(await readFile(at("to/file"), "utf8")).toBe("old");
        expect(await readdir(at("to"))).toEqual(["file"]);
      }
    });

    test(`a file on the host that ${name} is not pulled`, async () => {
      for (const over of ["process", "local"] as const) {
        await writeFile(at("to/file"), Buffer.alloc(size, "a"));
        const options = { onProgress: onceOnProgress(at("to/file"), change, over === "process" ? 0 : size - 1) };
        const pull =
          over === "local"
            ? host.pull(at("to/file"), { path: at("back") }, options)
            : pullOverProcess(spawnLocally, at("to/file"), { path: at("back") }, options, label);
        await expect(pull).rejects.toThrow(changedMeanwhile);
        expect(await readdir(directory)).toEqual(["to"]);
      }
    });
  }
});

describe("G25 a link planted at the temporary name is not followed", () => {
  test("on the host", async () => {
    await writeFile(at("victim"), "untouched");
    const temporary = at("to/.file.sremote-guessed");
    await symlink(at("victim"), temporary);
    const marker = newMarker();
    await using source = await openSource(content, "push", label, new AbortController().signal);
    const script = pushScript(at("to/file"), temporary, source, 0o600, marker);
    for (const [, sh] of [...shells, ...(busybox === "" ? [] : [["busybox", busybox] as const])]) {
      const result = spawnSync(sh, sh === busybox ? ["sh", "-c", script] : ["-c", script], { input: content });
      expect(lastAnswer(result.stdout, marker)?.status).toBe("error");
      expect(await readFile(at("victim"), "utf8")).toBe("untouched");
      expect(await readdir(at("to"))).not.toContain("file");
      await symlink(at("victim"), temporary).catch(() => {}); // The script removes what it could not use.
    }
  });
});

test("G07 what is pushed can be read by nobody else until it is whole, whatever the umask", async () => {
  const seen = new Set<string>();
  const onProgress = (): void => {
    for (const name of readdirSync(at("to"))) seen.add((statSync(at(`to/${name}`)).mode & 0o777).toString(8));
  };
  const before = process.umask(0);
  try {
    await pushOverProcess(spawnLocally, Buffer.alloc(4 << 20, "x"), at("to/file"), { mode: 0o644, onProgress }, label);
  } finally {
    process.umask(before);
  }
  expect(seen).toEqual(new Set(["600"]));
  expect((await stat(at("to/file"))).mode & 0o777).toBe(0o644);
});

test("G20 a host that goes on behind the end of a pulled file is given up", async () => {
  await writeFile(at("to/file"), "content");
  const talkative: StartProcess = (command, options) =>
    spawnLocally(shell(`${(command as { shell: string }).shell}\nhead -c ${hostLimits.noise + (1 << 20)} /dev/zero`), options);
  await expect(pullOverProcess(talkative, at("to/file"), { path: at("back") }, {}, label)).rejects.toMatchObject({
    code: "limit-exceeded",
    message: "the host sends data after the end of the file",
  });
  expect(await readdir(directory)).toEqual(["to"]);
});

const mounted = async (work: () => Promise<void>): Promise<void> => {
  expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", at("to")]).status).toBe(0);
  try {
    await work();
    expect(await readdir(at("to"))).toEqual([]);
  } finally {
    spawnSync("umount", [at("to")]);
  }
};

// Only root can mount a small file system.
describe.runIf(process.getuid?.() === 0)("G13 a full disk is disk-full, and leaves nothing", () => {
  const large = Buffer.alloc(4 << 20, "x");
  test("on the host", () =>
    mounted(() => expect(pushOverProcess(spawnLocally, large, at("to/file"), {}, label)).rejects.toMatchObject({ code: "disk-full" })));
  test("on the host, by the local connector", () =>
    mounted(() => expect(host.push(large, at("to/file"))).rejects.toMatchObject({ code: "disk-full" })));
  test("here, in a pull", () =>
    mounted(async () => {
      await writeFile(at("large"), large);
      await expect(pullOverProcess(spawnLocally, at("large"), { path: at("to/file") }, {}, label)).rejects.toMatchObject({
        code: "disk-full",
      });
      await expect(host.pull(at("large"), { path: at("to/file") })).rejects.toMatchObject({ code: "disk-full" });
    }));
});

/** A process that is cut off from us after it has begun; the host sees its input end. */
const cutting: StartProcess = async (command, options) => {
  const real = await spawnLocally(command, options);
  const lost = new ConnectError("connection-lost", "cut");
  const { promise: exit, reject } = Promise.withResolvers<never>();
  exit.catch(() => {}); // Whoever waits for it gets it.
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  real.stdout.resume();
  real.stderr.resume();
  let seen = 0;
  stdin.on("data", (chunk: Buffer) => {
    seen += chunk.length;
    if (seen < 500_000) {
      real.stdin.write(chunk);
      return;
    }
    real.stdin.end();
    stdout.destroy(new Error("socket hang up"));
    stderr.destroy();
    reject(lost);
  });
  const process: SpawnedProcess = { stdin, stdout, stderr, exit, kill: () => Promise.reject(lost), [Symbol.asyncDispose]: async () => {} };
  return process;
};

describe("a lost link", () => {
  test("G26 in a push is connection-lost, and the half that arrived is removed on the host", async () => {
    await writeFile(at("to/file"), "old");
    const push = pushOverProcess(cutting, Buffer.alloc(2 << 20, "x"), at("to/file"), {}, label);
    await expect(push).rejects.toMatchObject({ code: "connection-lost", name: "ConnectError" });
    await expect.poll(() => readdir(at("to"))).toEqual(["file"]);
    expect(await readFile(at("to/file"), "utf8")).toBe("old");
  });
});
