/* What a host's own settings may do: act on the function's process, as the user meant it, and never on the endpoint. */
import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { RemoteNotSetupError } from "@sremote/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { limitedTo } from "../support/carriage.ts";
import { hostPath } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { rejection } from "../support/rejection.ts";

// Whether pipes or files bring the request, the same program runs it.
const carriages = ["session", ...(isNightly ? (["pipes"] as const) : []), "files"] as const;

describe.each(carriages)("a host with settings of its own, over %s", (carriage) => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "sremote-settings-"));
  });
  afterEach(() => rm(home, { recursive: true }));

  const write = async (name: string, text: string, mode = 0o600): Promise<string> => {
    const path = join(home, name);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, text);
    await chmod(path, mode);
    return path;
  };
  const connect = (env: Record<string, string | undefined>, options = {}): RemoteClient =>
    new RemoteClient(limitedTo(carriage, local({ cwd: home, env: { HOME: home, PATH: hostPath, ...env } })), options);

  test("PYTHONPATH that hides the standard library, PYTHONINSPECT: the endpoint does not see them, the function does", async () => {
    for (const name of ["hashlib", "zlib", "marshal", "subprocess"]) await write(`path/${name}.py`, "raise RuntimeError('hidden')\n");
    await write("path/own.py", "import sys\ndef inspects():\n    return sys.flags.inspect\n");
    await using client = connect({ PYTHONPATH: join(home, "path"), PYTHONINSPECT: "1" });
    expect((await client.doRemoteCall("own", "inspects")).value).toBe(1);
    expect((await client.doRemoteCall("own", "inspects")).value).toBe(1);
  });

  test("NODE_OPTIONS with a file that prints: the endpoint does not load it, the function's process does", async () => {
    const preload = await write("preload.cjs", "console.log('loaded'); process.on('exit', () => console.log('left'));\n");
    await using client = connect({ NODE_OPTIONS: `--require ${preload}` }, { runtime: "node" });
    const { value, stdout } = await client.doRemoteCall("node:child_process", "execSync", [
      'printf %s "$NODE_OPTIONS"',
      { encoding: "utf8" },
    ]);
    expect(value).toBe(`--require ${preload}`);
    // A session's process goes on after the call.
    expect(stdout).toBe(carriage === "session" ? "loaded\n" : "loaded\nleft\n");
  });

  test("NODE_OPTIONS that Node does not take: the error says so", async () => {
    await using client = connect({ NODE_OPTIONS: "--no-such-option" }, { runtime: "node" });
    const error = await rejection(client.doRemoteCall("node:os", "hostname"), RemoteNotSetupError);
    expect(error.message).toContain("--no-such-option is not allowed in NODE_OPTIONS");
  });

  test.each([
    { runtime: "python", name: "python3", module: "os", fn: "getcwd" },
    { runtime: "node", name: "node", module: "node:process", fn: "cwd" },
  ] as const)("a $name that prints before and after what it was asked for", async ({ runtime, name, module, fn }) => {
    await write(
      `bin/${name}`,
      `#!/bin/sh\necho before\n/usr/bin/env -S PATH=${hostPath} ${name} "$@"\nstatus=$?\necho after\nexit $status\n`,
      0o755,
    );
    await using client = connect({ PATH: `${join(home, "bin")}:${hostPath}` }, { runtime });
    expect(await client.doRemoteCall(module, fn)).toMatchObject({ value: home, stdout: "" });
    expect((await client.probe())[runtime][0]).toMatchObject({ path: join(home, "bin", name), usable: true });
  });

  test("a site file that prints: it is not taken for the function's output, nor for a part of the reply", async () => {
    const { status } = spawnSync("/usr/bin/python3", ["-m", "venv", "--without-pip", join(home, "venv")]);
    expect(status).toBe(0);
    const [version] = await readdir(join(home, "venv/lib"));
    await write(`venv/lib/${version}/site-packages/noise.pth`, "import atexit; print('site'); atexit.register(print, 'bye')\n");
    // Without variables of Python the function runs in a fork, which has no start of its own.
    const none = Object.fromEntries(Object.keys(process.env).flatMap((name) => (name.startsWith("PYTHON") ? [[name, undefined]] : [])));
    await using client = connect(none, { python: join(home, "venv/bin/python") });
    const { value, stdout } = await client.doRemoteCall("os", "getcwd");
    expect(value).toBe(home);
    expect(stdout).not.toContain("site");
  });

  test("an interpreter below the home directory", async () => {
    expect(spawnSync("/usr/bin/python3", ["-m", "venv", "--without-pip", join(home, "own env")]).status).toBe(0);
    await using client = connect({}, { python: "~/own env/bin/python" });
    expect((await client.doRemoteCall("sysconfig", "get_path", ["data"])).value).toBe(join(home, "own env"));
  });

  test("an interpreter that does not start: the error tells what it said", async () => {
    await write("bin/python3", "#!/bin/sh\necho 'manager: no version is set' >&2\nexit 1\n", 0o755);
    await using client = connect({ PATH: `${join(home, "bin")}:${hostPath}` });
    expect((await client.probe()).broken).toEqual([`${join(home, "bin/python3")} (manager: no version is set)`]);
  });

  test("a TMPDIR that is relative holds no endpoint", async () => {
    await using client = connect({ HOME: "/proc/none", TMPDIR: "." });
    expect((await client.probe()).base).toMatch(/^\/tmp\/sremote-\d+$/);
  });

  test("HOME unset is the account's, HOME relative starts at the working directory", async () => {
    await using unset = connect({ HOME: undefined });
    expect((await unset.probe()).home).toBe(userInfo().homedir);
    await mkdir(join(home, "a b"));
    await using relative = connect({ HOME: "a b" });
    expect(await relative.probe()).toMatchObject({ home: join(home, "a b"), base: join(home, "a b/.sremote") });
  });
});
