/* What an error of the host tells beside its text, and why a call did not run whose argument is a call that failed. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { RemoteClient } from "@sremote/client";
import { local, ssh } from "@sremote/connectors";
import {
  ConnectError,
  InvalidArgumentError,
  RemoteExecError,
  RemoteModulesError,
  RemoteNotSetupError,
  SremoteError,
  UnserializableError,
} from "@sremote/protocol";
import { afterAll, describe, expect, test } from "vitest";
import { rejection } from "../support/rejection.ts";

describe.each(["auto", "spool"] as const)("errors over %s", (transport) => {
  const client = new RemoteClient(local(), { transport });
  afterAll(() => client.close());
  const members = async (module: string, fn: string, args: unknown[], runtime: "python" | "node") =>
    (await rejection(client.doRemoteCall(module, fn, args, { runtime }), RemoteExecError)).remote?.members;

  test("errno, code, status, returncode and their kin arrive, and nothing else of the exception does", async () => {
    expect(await members("builtins", "open", ["/no/such"], "python")).toEqual({ errno: 2, filename: "/no/such" });
    expect(await members("subprocess", "check_output", [["sh", "-c", "exit 3"]], "python")).toEqual({ returncode: 3 });
    const program = `class Status(Exception):
    status = 503
    status_code = True
    errno = 2 ** 60
    token = "secret"
    code = "x" * 2000
    @property
    def signal(self): raise RuntimeError("hostile")
raise Status("unavailable")`;
    expect(await members("builtins", "exec", [program, {}], "python")).toEqual({
      status: 503,
      status_code: true,
      code: `${"x".repeat(1024)}…`,
    });
    const missing = { errno: -2, code: "ENOENT", syscall: "open", path: "/no/such" };
    expect(await members("node:fs", "readFileSync", ["/no/such"], "node")).toEqual(missing);
    expect(await members("builtins", "int", ["x"], "python")).toBeUndefined();
  });
});

describe("a call whose argument is a call that failed", () => {
  const client = new RemoteClient(local());
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  afterAll(async () => {
    process.off("unhandledRejection", note);
    await client.close();
  });

  test.each([
    ["kept on the host", {}],
    ["waited for", { workerName: "another" }],
  ])("has its error as the cause, %s, and only the last call needs a handler", async (_, options) => {
    await client.doRemoteCall("os", "getpid");
    const text = client.call("json", "loads", ["{"]);
    const error = await rejection(client.call("builtins", "len", [text], options), RemoteExecError);
    expect(error).toMatchObject({ code: "dependency-failed", outcome: "not-run", stage: "arguments" });
    expect(error.message).toContain("json.loads raised json.decoder.JSONDecodeError");
    expect(error.cause).toBe(await rejection(text, RemoteExecError));
    expect(error.remote?.cause?.type).toBe("JSONDecodeError");
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  test("what a callback threw has no name in Node that a bundler made up", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sremote-callback-"));
    try {
      await writeFile(join(directory, "asks.mjs"), "export const ask = async (callback) => await callback();");
      for (const thrown of [new Error("boom"), new RangeError("boom")]) {
        const callback = (): never => {
          throw thrown;
        };
        const error = await rejection(client.call("./asks.mjs", "ask", [callback], { runtime: "node", cwd: directory }), RemoteExecError);
        expect(error.remote).toMatchObject({ type: thrown.name, message: "boom" });
        expect(error.cause).toBe(thrown);
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe.each(["auto", "spool"] as const)("the members of docs/errors.md, over %s", (transport) => {
  const client = new RemoteClient(local(), { transport });
  afterAll(() => client.close());
  const failed = (code: string): Promise<RemoteExecError> =>
    rejection(client.doRemoteCall("builtins", "exec", [code, {}]), RemoteExecError);

  test("of a function that raised: one line, then traceback, host and notes in the details", async () => {
    const error = await failed(
      "import sys; print('out'); print('err', file=sys.stderr); raise ValueError('first\\nsecond') from KeyError('k')",
    );
    expect(error).toMatchObject({
      name: "RemoteExecError",
      message: "builtins.exec raised ValueError: first",
      code: "raised",
      stage: "call",
      host: "local://",
      callId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      hint: undefined,
      lastLines: undefined,
      outcome: "raised",
      remote: { type: "ValueError", message: "first\nsecond" },
      cause: { name: "KeyError" },
      stdout: "out\n",
      stderr: "err\n",
      exitCode: undefined,
      signal: undefined,
    });
    expect(error.details).toMatch(/^second\nremote traceback, outermost call first:\n {2}[^]*\nhost: local:\/\/$/);
    expect(Buffer.from(error.output!.stdout).toString()).toBe("out\n");
    const text = inspect(error);
    for (const part of ["ValueError: first", "\n  second\n", "remote traceback", "host: local://"])
      expect(text.split(part)).toHaveLength(2);
  });

  test("of a process that ended: its exit status, or the signal", async () => {
    expect(await failed("import os; os._exit(3)")).toMatchObject({ code: "exited", exitCode: 3, signal: undefined });
    const killed = await failed("import os; os.kill(os.getpid(), 9)");
    expect(killed).toMatchObject({ code: "killed", outcome: "killed", signal: "SIGKILL" });
  });

  test("of what was not found: a hint, which the details end with", async () => {
    const error = await rejection(client.doRemoteCall("no_such_module_of_ours", "f"), RemoteExecError);
    expect(error).toMatchObject({ code: "module-not-found", stage: "import", outcome: "not-run" });
    expect(error.details.endsWith(`\nhint: ${error.hint}`)).toBe(true);
  });

  test("of what cannot travel: its path", async () => {
    const error = await rejection(client.doRemoteCall("builtins", "len", [[Symbol("x")]]), UnserializableError);
    expect(error).toMatchObject({ code: "unserializable-argument", path: "args[0][0]" });
  });
});

describe("the members of docs/errors.md", () => {
  test("of a wrong argument: no host, and no details", async () => {
    await using client = new RemoteClient(local());
    const error = await rejection((async () => client.doRemoteCall("os", "getpid", [], { timeout: -5 }))(), InvalidArgumentError);
    expect(error).toMatchObject({ code: "invalid-argument", host: undefined, callId: undefined, details: "" });
    expect(error.message).toBe("options.timeout must be a positive number of milliseconds, not -5");
  });

  test("of a host that cannot be reached: host and cause", async () => {
    await using host = ssh({ host: "127.0.0.1", port: 1, username: "me", password: "x", sshConfig: false, hostKey: () => true });
    const error = await rejection(host.exec(["true"]), ConnectError);
    expect(error).toMatchObject({ code: "connect-refused", stage: "connect", host: "ssh://me@127.0.0.1:1" });
    expect(error.details).toContain("host: ssh://me@127.0.0.1:1");
    expect(error.cause).toMatchObject({ code: "ECONNREFUSED" });
  });

  test("of a missing interpreter and a failed installation: hint and last lines", async () => {
    await using client = new RemoteClient(local(), { python: "/nowhere/python3" });
    const missing = await rejection(client.doRemoteCall("os", "getpid"), RemoteNotSetupError);
    expect(missing).toMatchObject({ code: "interpreter-missing", hint: expect.stringContaining("install it") as string });
    await using other = new RemoteClient(local());
    const failed = await rejection(other.installPackages([join(tmpdir(), "no-such.whl")]), RemoteModulesError);
    expect(failed).toMatchObject({ code: "install-failed", stage: "install", lastLines: expect.stringContaining("no-such.whl") as string });
    expect(failed.details).toContain("last lines:\n");
  });

  test("and of every class are in its table, and no others", async () => {
    const page = await readFile(new URL("../../docs/errors.md", import.meta.url), "utf8");
    const table = /\n## Members\n([^]*?)\n\n[^|\n]/.exec(page)![1]!;
    const documented = [...table.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, names]) =>
      [...names!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
    );
    const errors = [
      new SremoteError("timeout", "late", { cause: new Error("why") }),
      new RemoteExecError("raised", "it raised", { outcome: "raised" }),
      new UnserializableError("args[0]", "a symbol cannot travel"),
    ];
    const accessors = ["name", "output"];
    const members = new Set(errors.flatMap((error) => Object.getOwnPropertyNames(error)).filter((name) => name !== "stack"));
    expect(documented.toSorted()).toEqual([...members, ...accessors].toSorted());
  });
});
