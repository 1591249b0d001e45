/* What one call changes in its process is gone for the next one, in both runtimes; a generator finds its own again (docs/sessions.md, "What a call finds and leaves"). */
import { RemoteClient } from "@sremote/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plant } from "../support/effects.ts";
import { hostKinds, type TestHost } from "../support/hosts.ts";

const python = `
import asyncio, contextvars, ctypes, io, os, signal, sys, threading, time, warnings
import locale, multiprocessing, resource
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

def state():
    return [os.getcwd(), os.umask(os.umask(0)), sys.argv, sys.getrecursionlimit(), signal.getsignal(signal.SIGALRM) is signal.SIG_DFL, signal.getitimer(signal.ITIMER_REAL),
            sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())), resource.getrlimit(resource.RLIMIT_NOFILE)[0], resource.getrlimit(resource.RLIMIT_CORE)[0], locale.setlocale(locale.LC_ALL),
            len(warnings.filters), os.get_blocking(1), sys.gettrace() is None, sys.stdout.closed, sys.stdin.closed, sys.stdout is sys.__stdout__]

def spoil():
    os.chdir("/usr")
    os.umask(0o777)
    sys.argv.append("left")
    sys.setrecursionlimit(77)
    signal.signal(signal.SIGALRM, lambda *_: 1 / 0)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    locale.setlocale(locale.LC_ALL, "C.UTF-8")
    warnings.simplefilter("error")
    sys.settrace(lambda *_: None)
    os.set_blocking(1, False)
    sys.stdin.close()
    sys.stdout = io.StringIO()

def replace_by(how):
    if how == "wrapper":
        sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", line_buffering=True)
    elif how == "detach":
        sys.stdout = io.TextIOWrapper(sys.stdout.detach(), encoding="utf-8", line_buffering=True)
    elif how == "close":
        sys.stdout.close()
        return
    elif how == "descriptor":
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
    print("here")

def say(text="said", seconds=0):
    time.sleep(seconds)
    print(text)

def late(seconds):
    def run():
        time.sleep(seconds)
        print("LATE")
    threading.Thread(target=run, daemon=True).start()

pools = {}

def pooled(kind, n):
    if kind not in pools:
        pools[kind] = ThreadPoolExecutor(1) if kind == "threads" else ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork"))
    return list(pools[kind].map(told, range(n)))

def told(i):
    print("work", i, flush=True)
    return i

def compiled():
    print("python 1")
    ctypes.CDLL(None).printf(b"c 2\\n")
    print("python 3")

def entries(directory):
    os.chdir(directory)
    os.umask(0o33)
    sys.stdout = sys.stderr
    for _ in range(3):
        print("item")
        yield [os.getcwd(), os.umask(0o33)]

async def tick():
    await asyncio.sleep(0.001)
    return id(asyncio.get_running_loop())

def old_style():
    return asyncio.get_event_loop().run_until_complete(tick())

def leaves_no_loop():
    asyncio.run(tick())

gate = None

async def shared():
    global gate
    gate = gate or asyncio.Queue()
    asyncio.get_running_loop().call_later(0.001, gate.put_nowait, "put")
    return await gate.get()

name = contextvars.ContextVar("name", default=None)

async def one_task():
    token = name.set("own")
    task = asyncio.current_task()
    for _ in range(3):
        await asyncio.sleep(0)
        yield [asyncio.current_task() is task, name.get()]
    name.reset(token)

async def cleans_up():
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.001)
        print("cleaned up")

class Frame:
    def __iter__(self):
        return iter(["column"])

    def to_dict(self):
        return {"column": [1]}

def frame():
    return Frame()

def forks(progress):
    child = os.fork()
    if child == 0:
        progress("from the child")
    said = [progress(i) for i in range(5)]
    return [said, os.waitpid(child, 0)[1] != 0]
`;

const slow = `
import time
time.sleep(60)
`;

const node = `
import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const state = () => [process.cwd(), process.umask(), process.listenerCount("SIGTERM"), process.listenerCount("uncaughtException"), process.exitCode ?? null];
export function spoil() {
  process.chdir("/usr");
  process.umask(0o777);
  process.on("SIGTERM", () => {});
  process.on("uncaughtException", () => {});
  process.exitCode = 3;
  process.stdout.write = () => true;
  console.log = () => {};
}
export async function say(text = "said", ms = 0) { await wait(ms); console.log(text); }
export const rejects = (ms) => void setTimeout(() => Promise.reject(new Error("late rejection")), ms);
export const throws = (ms) => void setTimeout(() => { throw new Error("late throw"); }, ms);
export const ticks = (ms) => void setInterval(() => console.log("LATE"), ms);
export const pid = async (ms = 0) => (await wait(ms), process.pid);
export async function* entries(directory) { process.chdir(directory); for (let i = 0; i < 3; i++) yield process.cwd(); }
let child;
export async function pooled(x) {
  if (child === undefined) {
    writeFileSync("child.cjs", "process.on('message', (x) => { console.log('work', x); process.send(x); });");
    child = fork("./child.cjs");
  }
  child.send(x);
  return await new Promise((resolve) => child.once("message", resolve));
}
export function hostile() { throw new Proxy(new Error("p"), { get() { throw new Error("trap"); }, getPrototypeOf() { throw new Error("trap"); } }); }
`;

let host: TestHost;
beforeAll(async () => {
  host = await hostKinds.find(({ name }) => name === "local")!.start();
  await plant(host.home, "work/state.py", python);
  await plant(host.home, "work/slow.py", slow);
  await plant(host.home, "work/state.mjs", node);
});
afterAll(() => host[Symbol.asyncDispose]());

describe("in Python", () => {
  let client: RemoteClient;
  const run = async (fn: string, args: unknown[] = [], options = {}) => client.doRemoteCall("state", fn, args, { cwd: "work", ...options });
  beforeAll(() => {
    client = new RemoteClient(host.again(), { workers: 1 });
  });
  afterAll(() => client.close());

  test("directory, umask, handlers, alarms, limits, locale, filters and streams are as they were", async () => {
    const { value: before } = await run("state");
    await run("spoil");
    expect((await run("say", ["heard", 0.1])).stdout).toBe("heard\n");
    expect((await run("state")).value).toEqual(before);
  });

  test.each(["wrapper", "detach", "close", "descriptor"])("what is printed arrives after stdout met its end by: %s", async (how) => {
    for (let turn = 0; turn < 2; turn++) await run("replace_by", [how]);
    expect((await run("say")).stdout).toBe("said\n");
  });

  test("a thread left at work prints into no other call; pools go on printing", async () => {
    await run("late", [0.05]);
    expect((await run("say", ["said", 0.2])).stdout).toBe("said\n");
    for (const kind of ["threads", "processes"]) {
      for (let turn = 0; turn < 3; turn++) expect((await run("pooled", [kind, 2])).stdout).toBe("work 0\nwork 1\n");
    }
  });

  test.each(["auto", "spool"] as const)("what compiled code prints is there, and in order, over %s", async (transport) => {
    await using other = new RemoteClient(host.again(), { transport });
    expect((await other.doRemoteCall("state", "compiled", [], { cwd: "work" })).stdout).toBe("python 1\nc 2\npython 3\n");
  });

  test("a generator finds its directory, umask and streams again, other calls do not", async () => {
    const { value: before } = await run("state");
    const items: unknown[] = [];
    for await (const item of client.call("state", "entries", ["/usr"], { cwd: "work" }).items()) {
      items.push(item);
      expect((await run("state")).value).toEqual(before);
    }
    expect(items).toEqual([0, 1, 2].map(() => ["/usr", 0o33]));
  });

  test("there is one event loop, whatever calls do to it", async () => {
    const options = { workerName: "loop" };
    const { value: loop } = await run("tick", [], options);
    await run("leaves_no_loop", [], options);
    expect((await run("old_style", [], options)).value).toBe(loop);
    expect([(await run("shared", [], options)).value, (await run("shared", [], options)).value]).toEqual(["put", "put"]);
    const steps: unknown[] = [];
    for await (const step of client.call("state", "one_task", [], { cwd: "work", ...options }).items()) steps.push(step);
    expect(steps).toEqual([0, 1, 2].map(() => [true, "own"]));
    const error: unknown = await run("cleans_up", [], { timeout: 200, ...options }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "timeout", stdout: "cleaned up\n" });
    expect((await run("tick", [], options)).value).toBe(loop);
  });

  test("the hint for what cannot travel loses nothing", async () => {
    await expect(run("frame")).rejects.toMatchObject({
      code: "unserializable-result",
      hint: 'convert it, for example with .to_dict(), or keep it on the host with returns: "object"',
    });
    await expect(client.doRemoteCall("builtins", "range", [3])).rejects.toMatchObject({
      hint: 'send a list of its members, or keep it on the host with returns: "object"',
    });
  });

  test("a numpy that cannot be imported is as none", async () => {
    await plant(host.home, "broken/numpy/__init__.py", "raise RuntimeError('built for another processor')");
    const options = { env: { PYTHONPATH: `${host.home}/broken` } };
    expect((await client.doRemoteCall("builtins", "sum", [new Float64Array([1, 2])], options)).value).toBe(3);
  });

  test("a forked child that calls a function of the client gets an error, and takes no answer of its parent's", async () => {
    const { value } = await run("forks", [(x: unknown) => x]);
    expect(value).toEqual([[0, 1, 2, 3, 4], true]);
  });

  test("a process that was interrupted while it imported a module is replaced", async () => {
    const { value: pid } = await client.doRemoteCall("os", "getpid", [], { workerName: "imports", cwd: "work" });
    await expect(client.doRemoteCall("slow", "f", [], { workerName: "imports", cwd: "work", timeout: 200 })).rejects.toMatchObject({
      code: "timeout",
    });
    expect((await client.doRemoteCall("os", "getpid", [], { workerName: "imports", cwd: "work" })).value).not.toBe(pid);
    // Elsewhere an interrupt leaves it warm.
    const { value: warm } = await client.doRemoteCall("os", "getpid", [], { workerName: "sleeps" });
    await expect(client.doRemoteCall("time", "sleep", [60], { workerName: "sleeps", timeout: 200 })).rejects.toMatchObject({
      code: "timeout",
    });
    expect((await client.doRemoteCall("os", "getpid", [], { workerName: "sleeps" })).value).toBe(warm);
  });
});

describe("in Node", () => {
  let client: RemoteClient;
  const run = async (fn: string, args: unknown[] = [], options = {}) =>
    client.doRemoteCall("./state.mjs", fn, args, { cwd: "work", runtime: "node", ...options });
  beforeAll(() => {
    client = new RemoteClient(host.again(), { workers: 1 });
  });
  afterAll(() => client.close());

  test("directory, umask, listeners and streams are as they were", async () => {
    const { value: before } = await run("state");
    await run("spoil");
    expect((await run("say")).stdout).toBe("said\n");
    expect((await run("state")).value).toEqual(before);
  });

  test("what an earlier call left running fails and prints into no other one", async () => {
    await run("ticks", [5]);
    expect((await run("say", ["said", 100])).stdout).toBe("said\n");
    for (const fn of ["rejects", "throws"]) {
      await run(fn, [50]);
      const { value: pid } = await run("pid", [200]);
      // Its process is not used again.
      expect((await run("pid")).value).not.toBe(pid);
    }
  });

  test("a process that is kept and spoken with goes on printing", async () => {
    for (let turn = 0; turn < 3; turn++) expect((await run("pooled", [turn])).stdout).toBe(`work ${turn}\n`);
  });

  test("a generator finds its directory again, other calls do not", async () => {
    const { value: before } = await run("state");
    const items: unknown[] = [];
    for await (const item of client.call("./state.mjs", "entries", ["/usr"], { cwd: "work", runtime: "node" }).items()) {
      items.push(item);
      expect((await run("state")).value).toEqual(before);
    }
    expect(items).toEqual(["/usr", "/usr", "/usr"]);
  });

  test("whatever is thrown is the function's error", async () => {
    await expect(run("hostile")).rejects.toMatchObject({ code: "raised", stage: "call" });
  });
});

test.each(["python", "node"] as const)("functions run under the user's umask in %s, over sessions and files", async (runtime) => {
  for (const transport of ["auto", "spool"] as const) {
    await using client = new RemoteClient(host.again(), { runtime, transport });
    const [module, fn] = runtime === "python" ? ["os", "umask"] : ["node:process", "umask"];
    expect((await client.doRemoteCall(module, fn, [0o22])).value).toBe(process.umask());
  }
});
