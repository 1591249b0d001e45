import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { NdArray, RemoteExecError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mainKinds, runtimesOn, stopSshd, type TestHost } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

const sample = `
import asyncio, os, sys, subprocess, collections, datetime, decimal, enum, uuid, pathlib, re, urllib.parse

class Colour(enum.Enum):
    RED = "red"

Point = collections.namedtuple("Point", "x y")

class Greeter:
    def __init__(self, name):
        self.name = name
    @classmethod
    def hello(cls, name="you"):
        return "hello " + cls(name).name

async def later(value):
    await asyncio.sleep(0.01)
    return value

def everything():
    return {
        "none": None, "yes": True, "text": "h\\u00e9\\ud800", "big": 2 ** 80, "float": 0.5, "nan": float("nan"), "minus": -0.0,
        "bytes": b"\\x00\\xff", "tuple": (1, 2), "set": {3}, "keys": {1: "a", (2, 3): "b"},
        "time": datetime.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=datetime.timezone.utc),
        "colour": Colour.RED, "point": Point(1, 2), "decimal": decimal.Decimal("1.10"), "uuid": uuid.UUID(int=1),
        "path": pathlib.Path("/x"), "pattern": re.compile("a+", re.I), "url": urllib.parse.urlparse("https://example.org/p?q=1"),
    }

def echo(*args, **kwargs):
    return [list(args), kwargs]

def loud():
    print("from python")
    print("on stderr", file=sys.stderr)
    os.write(1, b"raw \\xff\\x00\\n")
    subprocess.call(["sh", "-c", "echo from a child; echo child stderr >&2"])
    return "done"

def fail():
    try:
        {}["missing"]
    except KeyError as error:
        raise ValueError("outer") from error

def unsendable():
    return {"items": [1, {"handler": lambda: 0}]}
`;

describe.each(mainKinds.filter((kind) => runtimesOn(kind).includes("python")))("Python calls on $name", (kind) => {
  let host: TestHost;
  let client: RemoteClient;
  const call = async (fn: string, ...args: unknown[]): Promise<unknown> =>
    (await client.doRemoteCall("sample", fn, args, { cwd: "work" })).value;

  beforeAll(async () => {
    host = await kind.start();
    client = new RemoteClient(host.connector);
    await client.doRemoteCall("os", "makedirs", ["work"]);
    await writeFile(join(host.home, "work/sample.py"), sample);
  });
  afterAll(async () => {
    await client?.close();
    await host?.[Symbol.asyncDispose]();
  });

  test("returns values, output and facts of the host", async () => {
    const result = await client.doRemoteCall("os", "getenv", ["HOME"]);
    expect(result.value).toBe(host.home);
    expect(result.host).toMatchObject({ runtime: "python", home: host.home, base: join(host.home, ".sremote") });
    expect(result.callId).toMatch(/^[0-9a-f]{32}$/);
  });

  test("positional and keyword arguments, both ways", async () => {
    expect(await call("echo", 1, "two", [3])).toEqual([[1, "two", [3]], {}]);
    expect((await client.doRemoteCall("sample", "echo", { a: 1 }, { cwd: "work" })).value).toEqual([[], { a: 1 }]);
    expect((await client.doRemoteCall("sample", "echo", [1], { cwd: "work", kwargs: { b: null } })).value).toEqual([[1], { b: null }]);
  });

  test("dotted names, classes and coroutine functions", async () => {
    expect((await client.doRemoteCall("pathlib", "Path.home")).value).toBe(host.home);
    expect(await call("Greeter.hello", "world")).toBe("hello world");
    expect(await call("later", { deep: [1n] })).toEqual({ deep: [1] });
    expect(await call("Point", 3, 4)).toEqual({ x: 3, y: 4 });
  });

  test("every value of the table comes back as documented", async () => {
    expect(await call("everything")).toEqual({
      none: null,
      yes: true,
      text: "hé\ud800",
      big: 2n ** 80n,
      float: 0.5,
      nan: Number.NaN,
      minus: -0,
      bytes: new Uint8Array([0, 255]),
      tuple: [1, 2],
      set: new Set([3]),
      keys: new Map<unknown, string>([
        [1, "a"],
        [[2, 3], "b"],
      ]),
      time: new Date("2026-01-02T03:04:05.678Z"),
      colour: "red",
      point: { x: 1, y: 2 },
      decimal: "1.10",
      uuid: "00000000-0000-0000-0000-000000000001",
      path: "/x",
      pattern: /a+/i,
      url: new URL("https://example.org/p?q=1"),
    });
  });

  test("values travel there and back", async () => {
    const values = [
      Number.NaN,
      Infinity,
      -0,
      2n ** 53n,
      1e300,
      -(2n ** 200n),
      "\u0000\ud800",
      new Date(1),
      new Set([1, "a"]),
      new Map([[1, [1]]]),
      new Uint8Array([1, 2, 3]),
      { __proto__x: 1, constructor: 2, "a.b\\c": [new Date(2)] },
      [[[[]]]],
      null,
    ];
    const [echoed] = (await call("echo", ...values)) as [unknown[]];
    expect(echoed).toEqual(values);
    // A number without a fraction is an int there, and comes back as one.
    expect(await call("echo", 2 ** 53)).toEqual([[2n ** 53n], {}]);
    const typed = (await call("echo", new Float64Array([0.5, Number.NaN]))) as [[NdArray | Float64Array]];
    const array = typed[0][0];
    expect(array instanceof NdArray ? array.data : array).toEqual(new Float64Array([0.5, Number.NaN]));
  });

  test("G31 output of Python, raw writes and child processes is complete and exact", async () => {
    const { value, stdout, output, stderr } = await client.doRemoteCall("sample", "loud", [], { cwd: "work" });
    expect(value).toBe("done");
    const lines = Buffer.from(output.stdout.bytes).toString("latin1").split("\n").toSorted();
    expect(lines).toEqual(["", "from a child", "from python", "raw \xff\0"]);
    expect(stdout).toContain("raw \ufffd\0\n");
    expect(stderr.split("\n").toSorted()).toEqual(["", "child stderr", "on stderr"]);
    expect(output.stdout).toMatchObject({ truncated: false, total: output.stdout.bytes.length });
  });

  test("a remote exception carries type, message, traceback with source, and cause chain", async () => {
    const error = await rejection(call("fail"), RemoteExecError);
    expect(error).toMatchObject({ code: "raised", stage: "call", outcome: "raised", host: host.connector.label });
    expect(error.remote).toMatchObject({ type: "ValueError", message: "outer", cause: { type: "KeyError", message: "'missing'" } });
    const frame = error.remote?.frames?.at(-1);
    expect(frame).toMatchObject({
      file: join(host.home, "work/sample.py"),
      function: "fail",
      source: 'raise ValueError("outer") from error',
    });
    expect(error.message).toContain("ValueError: outer");
    expect(error.details).toContain(`sample.py:${frame?.line} in fail`);
    expect(error.stack).toContain("python.test.ts");
    expect((error.cause as Error).message).toBe("'missing'");
  });

  test("G12 an unserialisable result names the path and says that the function ran; the next call works", async () => {
    const error = await rejection(call("unsendable"), RemoteExecError);
    expect(error).toMatchObject({
      code: "unserializable-result",
      stage: "result",
      outcome: "raised",
      remote: { path: "return.items[1].handler" },
    });
    expect(error.message).toMatch(/ran/);
    expect(await call("echo")).toEqual([[], {}]);
  });

  test("a missing module, function or argument says so, with near names and a hint", async () => {
    const missing = await rejection(client.doRemoteCall("numpyy", "mean"), RemoteExecError);
    expect(missing).toMatchObject({ code: "module-not-found", outcome: "not-run" });
    // Not with its name: a stranger's package may be called as the user's module.
    expect(missing.details).toContain("if it is yours, ship it with ship(), or set cwd");
    const near = await rejection(client.doRemoteCall("os", "getenvv"), RemoteExecError);
    expect(near).toMatchObject({ code: "function-not-found", outcome: "not-run" });
    expect(near.message).toContain("getenv");
    expect(await rejection(client.doRemoteCall("os", "getenv", []), RemoteExecError)).toMatchObject({
      code: "bad-arguments",
      outcome: "not-run",
    });
  });

  test("G24 exit, signal and deadline are told apart", async () => {
    expect(await rejection(client.doRemoteCall("os", "_exit", [255]), RemoteExecError)).toMatchObject({
      code: "exited",
      outcome: "killed",
      exitCode: 255,
    });
    expect(await rejection(client.doRemoteCall("sys", "exit", [3]), RemoteExecError)).toMatchObject({ code: "exited", exitCode: 3 });
    expect(await rejection(client.doRemoteCall("os", "abort"), RemoteExecError)).toMatchObject({ code: "killed", signal: "SIGABRT" });
    expect(await rejection(client.doRemoteCall("time", "sleep", [60], { timeout: 300 }), RemoteExecError)).toMatchObject({
      code: "timeout",
      outcome: "timeout",
    });
  });

  test("variables and search paths are in place before the interpreter starts", async () => {
    await client.doRemoteCall("os", "makedirs", ["lib"]);
    await client.doRemoteCall("shutil", "copy", ["/lib/x86_64-linux-gnu/libm.so.6", join(host.home, "lib/libsremote-sample.so")]);
    const env = { LD_LIBRARY_PATH: join(host.home, "lib"), PYTHONUTF8: "1" };
    const loaded = await client.doRemoteCall(
      "builtins",
      "eval",
      ["[__import__('ctypes').CDLL('libsremote-sample.so') is not None, __import__('sys').flags.utf8_mode]"],
      { env },
    );
    expect(loaded.value).toEqual([true, 1]);
  });
});
