/* Files of the user's that are called as modules of the standard library: the endpoint never imports them, and his own program gets them as it always does. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { RemoteClient, type CallOptions } from "@sremote/client";
import { RemoteExecError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plant } from "../support/effects.ts";
import { hostKinds, hostPath, type TestHost } from "../support/hosts.ts";

/** What the endpoint or the standard library behind it imports, early or late, in one version of Python or another. */
const names = [
  ..."abc array ast asyncio atexit base64 bisect collections concurrent contextlib contextvars copy csv dataclasses datetime decimal difflib dis".split(
    " ",
  ),
  ..."email enum errno fcntl fnmatch functools glob hashlib heapq importlib inspect ipaddress json keyword linecache locale logging marshal".split(
    " ",
  ),
  ..."multiprocessing numbers opcode operator pathlib pickle platform pwd queue random re reprlib resource selectors select shutil signal site".split(
    " ",
  ),
  ..."socket ssl stat string struct subprocess tempfile textwrap threading token tokenize traceback types typing unicodedata urllib uuid".split(
    " ",
  ),
  ..."warnings weakref zipfile zlib zoneinfo _socket _datetime _struct".split(" "),
];

const app = `
import os

def seen(names):
    found = {}
    for name in names:
        try:
            found[name] = getattr(__import__(name), "WORDS", None)
        except Exception as error:
            found[name] = type(error).__name__
    return found

def fail():
    raise ValueError("the user's error")

def two(a, b):
    return [a, b]

async def later():
    return "later"

def items():
    yield 1
    yield 2

def moment(value):
    return type(value).__name__

def freeze():
    import time
    os.getcwd = os.getpid = os.write = os.umask = time.monotonic = time.perf_counter = time.time = lambda *_: 1 / 0
    def refuse(name, *rest):
        raise RuntimeError("no imports any more")
    __builtins__["__import__"] = refuse
    __builtins__["print"] = __builtins__["open"] = lambda *_: 1 / 0
    return "frozen"
`;

let host: TestHost;
let shadows: string;
const clients: [name: string, client: RemoteClient][] = [];
beforeAll(async () => {
  host = await hostKinds.find(({ name }) => name === "local")!.start();
  for (const name of names) await plant(host.home, `work/${name}.py`, "WORDS = 'mine'\n");
  await plant(host.home, "work/app.py", app);
  shadows = join(host.home, "work");
  for (const transport of ["auto", "spool"] as const) clients.push([transport, new RemoteClient(host.connector, { transport })]);
});
afterAll(async () => {
  for (const [, client] of clients.splice(0)) await client.close();
  await host[Symbol.asyncDispose]();
});

function clientOver(transport: string): RemoteClient {
  return clients.find(([name]) => name === transport)![1];
}

describe.each(["auto", "spool"])("with files beside the program, over %s", (transport) => {
  const call = async (fn: string, args: unknown[] = [], options: CallOptions = {}): Promise<unknown> =>
    (await clientOver(transport).doRemoteCall("app", fn, args, { cwd: "work", ...options })).value;
  const failure = async (fn: string, args: unknown[] = []): Promise<RemoteExecError> => {
    const error: unknown = await call(fn, args).catch((thrown: unknown) => thrown);
    if (error instanceof RemoteExecError) return error;
    throw new Error(`${fn}: no error but ${String(error)}`);
  };

  test("errors are the function's, with the lines of its source", async () => {
    const raised = await failure("fail");
    expect([raised.code, raised.remote?.type, raised.remote?.message]).toEqual(["raised", "ValueError", "the user's error"]);
    expect(raised.remote?.frames?.at(-1)?.source).toBe(`raise ValueError("the user's error")`);
    expect((await failure("two", [1])).code).toBe("bad-arguments");
    const missing = await failure("twoo");
    expect([missing.code, missing.remote?.names]).toEqual(["function-not-found", ["two"]]);
  });

  test("values are what they are without such files", async () => {
    expect(await call("two", [1, new Date(0)])).toEqual([1, new Date(0)]);
    expect(await call("two", [/a+/i, new URL("https://\u00e4.example/")])).toEqual([/a+/i, new URL("https://\u00e4.example/")]);
    expect(await call("two", [1, new Float64Array([1.5])])).toEqual([1, new Float64Array([1.5])]);
    expect(await call("moment", [new Date(0)], { naiveTimeZone: "+02:00" })).toBe("datetime");
    expect(await call("later")).toBe("later");
  });

  test("the program imports its own, as a plain interpreter does", async () => {
    // In a process that has loaded what it ever needs of ours.
    await failure("two", [1]);
    const { executable } = (await clientOver(transport).doRemoteCall("os", "getcwd")).host;
    const program = `import sys
sys.path.insert(0, ${JSON.stringify(shadows)})
import app
for item in app.seen(${JSON.stringify(names)}).items():
    print(*item)`;
    const env = { HOME: host.home, PATH: hostPath, LANG: "C.UTF-8" };
    const plain = execFileSync(executable, ["-c", program], { env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const wanted = plain
      .trim()
      .split("\n")
      .map((line) => line.replace("None", "null").split(" "));
    const seen = await call("seen", [names]);
    // Where a plain interpreter fails, since modules of its own depend on a shadowed one, what we have loaded before is still there.
    const works = wanted.filter(([, word]) => word === "null" || word === "mine");
    expect(works.length).toBeGreaterThan(60);
    expect(works.map(([name]) => [name, String(Reflect.get(seen as object, name!))])).toEqual(works);
  });

  test("the same holds for PYTHONPATH", async () => {
    const env = { PYTHONPATH: shadows };
    const { value } = await clientOver(transport).doRemoteCall("app", "two", [1, new Date(0)], { env });
    expect(value).toEqual([1, new Date(0)]);
    const error: unknown = await clientOver(transport)
      .doRemoteCall("app", "fail", [], { env })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "raised", remote: { type: "ValueError" } });
  });
});

test("functions that user code replaces in modules and builtins change nothing of a call's bookkeeping", async () => {
  const options = { cwd: "work", workerName: "patched" };
  const session = clientOver("auto");
  expect((await session.doRemoteCall("app", "freeze", [], options)).value).toBe("frozen");
  expect(await session.doRemoteCall("app", "two", [1, "b"], options)).toMatchObject({
    value: [1, "b"],
    usage: { wallMs: expect.any(Number) as number },
  });
  await expect(session.doRemoteCall("app", "fail", [], options)).rejects.toMatchObject({ code: "raised", remote: { type: "ValueError" } });
});
