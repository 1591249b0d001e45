/* The user's own Python code, shipped to hosts. */
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execFileSync } from "node:child_process";
import { RemoteClient } from "@sremote/client";
import { fleet } from "@sremote/fleet";
import { RemoteExecError } from "@sremote/protocol";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { mainKinds, stopSshd, type TestHost } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "sremote-ship-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

const analysis = {
  "analysis/__init__.py": "from .fit import run\nfrom . import deep\n",
  "analysis/fit.py": `
import os, pathlib
from .deep.numbers import BASE

def run(x):
    return BASE + x

def where():
    return __file__

def table():
    return pathlib.Path(__file__).with_name("table.csv").read_text()

def fail():
    raise ValueError("no fit")
`,
  "analysis/deep/__init__.py": "",
  "analysis/deep/numbers.py": "BASE = 40\n",
  "analysis/table.csv": "a,b\n",
  "analysis/.env": "SECRET=canary\n",
  "analysis/__pycache__/old.pyc": "x",
};

describe.each(mainKinds)("shipped Python code on $name", (kind) => {
  let host: TestHost;
  let client: RemoteClient;
  beforeEach(async () => {
    host = await kind.start();
    client = new RemoteClient(host.connector);
  });
  afterEach(async () => {
    await client.close();
    await host[Symbol.asyncDispose]();
  });
  const call = async (module: string, fn: string, args: readonly unknown[] = []): Promise<unknown> =>
    (await client.doRemoteCall(module, fn, args)).value;

  test("is imported by its name, with sub-modules, relative imports and data files", async () => {
    await write(analysis);
    const code = client.ship(join(root, "analysis"));
    expect(code.files).toEqual([
      "analysis/__init__.py",
      "analysis/deep/__init__.py",
      "analysis/deep/numbers.py",
      "analysis/fit.py",
      "analysis/table.csv",
    ]);
    expect(await call("analysis", "run", [2])).toBe(42);
    expect(await call("analysis.fit", "table")).toBe("a,b\n");
    expect(await call("analysis.fit", "where")).toBe(join(host.home, ".sremote/code", code.digest, "analysis/fit.py"));
    expect(await client.constant("analysis.deep.numbers", "BASE")).toBe(40);
  });

  test("G48 runs as it is on the disk when the call is made", async () => {
    await write({ "work.py": "import helper\ndef run():\n    return helper.VALUE\n", "helper.py": "VALUE = 1\n" });
    client.ship(root, { as: "." });
    expect(await call("work", "run")).toBe(1);
    await write({ "helper.py": "VALUE = 2\n" });
    expect(await call("work", "run")).toBe(2);
    // Within the same turn of the event loop, and the same tick of the file system's clock.
    const calls: Promise<unknown>[] = [];
    for (const value of [3, 4, 5]) {
      writeFileSync(join(root, "helper.py"), `VALUE = ${value}\n`);
      calls.push(call("work", "run"));
    }
    expect(await Promise.all(calls)).toEqual([3, 4, 5]);
    // Back to an earlier version.
    await write({ "helper.py": "VALUE = 1\n" });
    expect(await call("work", "run")).toBe(1);
  });

  test("that does not compile is an error with the local file and its line, and nothing runs", async () => {
    await write({ "job.py": "def run():\n    return 1\n" });
    client.ship(join(root, "job.py"));
    await write({ "job.py": "open('ran', 'w')\ndef run(:\n    return 1\n" });
    const error = await rejection(call("job", "run"), RemoteExecError);
    expect(error).toMatchObject({ code: "code-invalid", stage: "setup", outcome: "not-run" });
    expect(error.message).toContain(`${join(root, "job.py")}:2: SyntaxError`);
    expect(error.details).toContain("def run(:");
    expect(await readdir(host.home)).not.toContain("ran");
    await write({ "job.py": "def run():\n    return 2\n" });
    expect(await call("job", "run")).toBe(2);
  });

  test("has the local file and line in tracebacks", async () => {
    await write(analysis);
    client.ship(join(root, "analysis"));
    const error = await rejection(call("analysis.fit", "fail"), RemoteExecError);
    expect(error.details).toContain(`${join(root, "analysis/fit.py")}:15 in fail`);
    expect(error.remote?.frames?.at(-1)).toMatchObject({ file: join(root, "analysis/fit.py"), line: 15 });
    expect(JSON.stringify(error.remote)).not.toContain("/.sremote/code/");
  });

  test("a script runs as python3 runs it, with the modules beside it", async () => {
    await write({
      "job/train.py": `
import sys, helper, multiprocessing

def square(x):
    return x * x

if __name__ == "__main__":
    print(sys.argv[1:], helper.NAME, __file__ == sys.argv[0], sys.path[0] == __file__.rpartition("/")[0])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(square, [3]))
    if sys.argv[1] == "fail":
        raise ValueError("no data")
    sys.exit(int(sys.argv[1]))
`,
      "job/helper.py": "NAME = 'helper'\n",
      "job/data.csv": "",
    });
    const script = join(root, "job/train.py");
    const { value, stdout } = await client.script(script, ["3", "a b"]);
    expect([value, stdout]).toEqual([3, "['3', 'a b'] helper True True\n[9]\n"]);
    const error = await rejection(client.script(script, ["fail"]), RemoteExecError);
    expect(error.details).toContain(`${script}:12`);
    // Also where its directory could not be shipped.
    await symlink("/etc", join(root, "job/away"));
    const none = join(root, "job/none.py");
    expect(await rejection(client.script(none))).toMatchObject({ code: "no-such-file", message: `the script does not exist: ${none}` });
  });

  test("is sent again where the host has lost it", async () => {
    await write({ "job.py": "def run():\n    return 1\n" });
    client.ship(join(root, "job.py"));
    expect(await call("job", "run")).toBe(1);
    await rm(join(host.home, ".sremote/code"), { recursive: true });
    const own = { isolation: "call" } as const;
    expect((await client.doRemoteCall("job", "run", [], own)).value).toBe(1);
  });

  test("lies in directories of the user alone, in files that are not written to", async () => {
    await write(analysis);
    await chmod(join(root, "analysis/table.csv"), 0o755);
    const { digest } = client.ship(join(root, "analysis"));
    await call("analysis", "run", [2]);
    const code = join(host.home, ".sremote/code");
    const modeOf = async (path: string): Promise<number> => (await stat(join(code, path))).mode & 0o777;
    expect(await Promise.all(["", "files", digest, `${digest}/analysis/deep`].map(modeOf))).toEqual([0o700, 0o700, 0o700, 0o700]);
    expect(await modeOf(`${digest}/analysis/fit.py`)).toBe(0o400);
    expect(await modeOf(`${digest}/analysis/table.csv`)).toBe(0o500);
  });
});

describe("shipped Python code in a session", () => {
  let host: TestHost;
  let client: RemoteClient;
  beforeEach(async () => {
    host = await mainKinds[0]!.start();
    client = new RemoteClient(host.connector, { workers: 2 });
  });
  afterEach(async () => {
    await client.close();
    await host[Symbol.asyncDispose]();
  });

  test("G48 is never a mix of two versions, whatever runs beside it", async () => {
    const version = (n: number): Record<string, string> => ({
      "pack/__init__.py": "",
      "pack/first.py": `VALUE = ${n}\n`,
      "pack/second.py": `VALUE = ${n}\n`,
      "pack/main.py": `
import time
from . import first
def run(pause):
    time.sleep(pause)
    from . import second
    return [first.VALUE, second.VALUE]
`,
    });
    await write(version(0));
    client.ship(join(root, "pack"));
    const calls: Promise<unknown>[] = [];
    for (let n = 1; n <= 6; n++) {
      await write(version(n));
      for (const pause of [0.02, 0]) calls.push(client.doRemoteCall("pack.main", "run", [pause]).then(({ value }) => [n, value]));
    }
    const results = await Promise.all(calls);
    expect(results).toEqual(
      [1, 2, 3, 4, 5, 6].flatMap((n) => [
        [n, [n, n]],
        [n, [n, n]],
      ]),
    );
  });

  test("an unchanged call goes to the warm worker", async () => {
    await write({ "job.py": "import os\ncount = 0\ndef run():\n    global count\n    count += 1\n    return [os.getpid(), count]\n" });
    client.ship(join(root, "job.py"));
    const [pid] = (await client.doRemoteCall<[number, number]>("job", "run")).value;
    expect((await client.doRemoteCall("job", "run")).value).toEqual([pid, 2]);
  });

  test("comes before a module of the same name, be it installed or in the working directory", async () => {
    await writeFile(join(host.home, "colorsys.py"), "VALUE = 'cwd'\n");
    await write({ "colorsys.py": "VALUE = 'shipped'\n" });
    expect(await client.constant("colorsys", "VALUE", { cwd: host.home })).toBe("cwd");
    const code = client.ship(join(root, "colorsys.py"));
    expect(await client.constant("colorsys", "VALUE", { cwd: host.home })).toBe("shipped");
    code.unship();
    expect(await client.constant("colorsys", "VALUE", { cwd: host.home })).toBe("cwd");
  });

  test("works in processes that a call starts", async () => {
    await write({
      "pool.py": `
import multiprocessing
def square(x):
    return x * x
def run(how):
    with multiprocessing.get_context(how).Pool(2) as pool:
        return pool.map(square, [1, 2, 3])
`,
    });
    client.ship(join(root, "pool.py"));
    for (const how of ["fork", "spawn"]) expect((await client.doRemoteCall("pool", "run", [how])).value).toEqual([1, 4, 9]);
  });

  test("that was written to on the host is made anew", async () => {
    await write({ "job.py": "def run():\n    return 1\n" });
    const { digest } = client.ship(join(root, "job.py"));
    await client.doRemoteCall("job", "run");
    const file = join(host.home, ".sremote/code", digest, "job.py");
    await chmod(file, 0o600);
    await writeFile(file, "def run():\n    return 2\n");
    await using other = new RemoteClient(host.again());
    other.ship(join(root, "job.py"));
    expect((await other.doRemoteCall("job", "run")).value).toBe(1);
  });

  test("that cannot be kept on the host is an error before anything runs", async () => {
    await write({ "job.py": "def run():\n    return 1\n" });
    await mkdir(join(host.home, ".sremote"), { mode: 0o700 });
    await writeFile(join(host.home, ".sremote/code"), "");
    client.ship(join(root, "job.py"));
    const error = await rejection(client.doRemoteCall("job", "run"));
    expect(error).toMatchObject({ code: "unsafe-directory" });
    expect(error.message).toContain(`shipping code: ${host.home}/.sremote/code is not a directory`);
  });

  test("a module beside the program that the host lacks is to be shipped, not installed", async () => {
    await write({ "my_analysis.py": "" });
    const before = process.cwd();
    try {
      process.chdir(root);
      const error = await rejection(client.doRemoteCall("my_analysis", "run"));
      expect(error).toMatchObject({ code: "module-not-found", hint: expect.stringContaining('client.ship("./my_analysis.py")') });
      expect(error.hint).not.toContain("install");
    } finally {
      process.chdir(before);
    }
  });

  test("G48 a fleet's call has one version on all hosts, that of the moment when it was made", async () => {
    await write({ "job.py": "def run():\n    return 1\n" });
    await using nodes = fleet("n[1-3]", { connect: () => host.again(), concurrency: 1 });
    nodes.ship(join(root, "job.py"));
    const first = nodes.call("job", "run");
    writeFileSync(join(root, "job.py"), "def run():\n    return 2\n");
    const second = nodes.call("job", "run");
    expect((await first).jobs.map(({ value }) => value)).toEqual([1, 1, 1]);
    expect((await second).jobs.map(({ value }) => value)).toEqual([2, 2, 2]);
  });

  test("G48 an object, or an unfinished result, of an earlier version is no argument for a later one", async () => {
    const job = (n: number): string =>
      `class Held:\n    def version(self):\n        return ${n}\ndef hold():\n    return Held()\ndef use(x):\n    return ${n}\n`;
    await write({ "job.py": job(1) });
    client.ship(join(root, "job.py"));
    const { value: held } = await client.doRemoteCall("job", "hold", [], { returns: "object" });
    expect((await client.doRemoteCall("job", "use", [held])).value).toBe(1);
    const first = client.call("job", "use", [0]);
    writeFileSync(join(root, "job.py"), job(2));
    const second = client.doRemoteCall("job", "use", [first]);
    expect(await rejection(second)).toMatchObject({ code: "object-lost", outcome: "not-run" });
    expect((await first).value).toBe(1);
    expect(await rejection(client.doRemoteCall("job", "use", [held]))).toMatchObject({ code: "object-lost", outcome: "not-run" });
    // The object itself is as it was.
    expect((await held.call("version")).value).toBe(1);
    expect((await client.doRemoteCall("job", "use", [0])).value).toBe(2);
  });

  test("G48 a map has one version, that of the moment when it was made", async () => {
    await write({ "job.py": "def run(x):\n    return [x, 1]\n" });
    client.ship(join(root, "job.py"));
    function* items(): Generator<number> {
      yield 0;
      writeFileSync(join(root, "job.py"), "def run(x):\n    return [x, 2]\n");
      yield 1;
    }
    const options = { chunkSize: 1, concurrency: 1 };
    expect(await client.map("job", "run", items(), options)).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(await client.map("job", "run", [0], options)).toEqual([[0, 2]]);
  });

  test("G48 modules in the working directory are loaded anew when they were edited there", async () => {
    const directory = join(host.home, "lab");
    const edit = async (n: number): Promise<void> => {
      await writeFile(join(directory, "settings_of_lab.py"), `VALUE = ${n}\n`);
    };
    await mkdir(directory);
    await writeFile(
      join(directory, "work_of_lab.py"),
      "import os, settings_of_lab\nclass Held:\n    value = settings_of_lab.VALUE\ndef run():\n    return settings_of_lab.VALUE\ndef hold():\n    return Held()\n",
    );
    const options = { cwd: "lab" };
    const run = async (): Promise<unknown> => (await client.doRemoteCall("work_of_lab", "run", [], options)).value;
    for (const n of [1, 2, 3]) {
      await edit(n);
      // Both workers have loaded it.
      expect(await Promise.all([run(), run(), run(), run()])).toEqual([n, n, n, n]);
    }
    const { value: held } = await client.doRemoteCall("work_of_lab", "hold", [], { ...options, returns: "object", workerName: "held" });
    await edit(4);
    expect((await client.doRemoteCall("work_of_lab", "run", [], { ...options, workerName: "held" })).value).toBe(4);
    expect(await held.get("value")).toBe(3);
  });

  test("leaves out what git ignores", async () => {
    const git = (...args: string[]): unknown => execFileSync("git", args, { cwd: root });
    await write({
      "pack/__init__.py": "",
      "pack/data/big.csv": "1",
      "pack/made.py": "",
      "pack/.gitignore": "made.py\n",
      ".gitignore": "*.csv\n",
    });
    git("init", "-q");
    const code = client.ship(join(root, "pack"), { gitignore: true });
    expect(code.files).toEqual(["pack/__init__.py"]);
    await write({ "pack/.gitignore": "" });
    expect(code.files).toEqual(["pack/__init__.py", "pack/made.py"]);
    expect(client.ship(join(root, "pack"), { include: ["*.csv"] }).files).toEqual(["pack/data/big.csv"]);
  });

  test("is refused by name where it cannot be shipped", async () => {
    await write({ "outside.py": "", "pack/__init__.py": "", "other/class/__init__.py": "" });
    const refusal = (path: string, options = {}): unknown => {
      try {
        client.ship(join(root, path), options);
        return undefined;
      } catch (error) {
        return error;
      }
    };
    expect(refusal("missing")).toMatchObject({ code: "no-such-file", message: expect.stringContaining("missing does not exist") });
    expect(refusal("other/class")).toMatchObject({ code: "invalid-argument", hint: expect.stringContaining("options.as") });
    expect(refusal("pack", { as: "a-b" })).toMatchObject({ code: "invalid-argument" });
    expect(refusal("pack", { exclud: [] })).toMatchObject({ message: expect.stringContaining("did you mean `exclude`") });
    await symlink("../outside.py", join(root, "pack/out.py"));
    expect(refusal("pack")).toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("pack/out.py is a symbolic link that leaves"),
    });
    await rm(join(root, "pack/out.py"));
    await symlink("..", join(root, "pack/loop"));
    expect(refusal("pack")).toMatchObject({ code: "unsupported", message: expect.stringContaining("pack/loop is a symbolic link") });
    await rm(join(root, "pack/loop"));
    await symlink(".", join(root, "pack/self"));
    expect(refusal("pack")).toMatchObject({
      message: expect.stringContaining("pack/self is a symbolic link to a directory that it lies in"),
    });
    expect(refusal("pack", { exclude: ["self"] })).toBe(undefined);
  });
});
