/* The same call over a session and over files: the same result, error, output and facts, but for what docs/sessions.md names. */
import { RemoteClient, type CallArguments, type CallOptions } from "@sremote/client";
import { RemoteExecError, SremoteError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plant, type Runtime } from "../support/effects.ts";
import { hostKinds, runtimes, type TestHost } from "../support/hosts.ts";

const python = `
import asyncio, os, sys, threading, signal, warnings, resource, subprocess, atexit

def nested():
    try:
        {}["missing"]
    except KeyError as error:
        raise ValueError("outer \\u00e9\\ud800") from error

def context():
    try:
        {}["missing"]
    except KeyError:
        raise TypeError("while handling")

def noted():
    error = OSError(2, "No such file", "/x")
    if hasattr(error, "add_note"):
        error.add_note("a note")
    raise error

def deep(n):
    return deep(n - 1) if n else 1 / 0

def endless():
    return endless()

class Own(Exception):
    def __str__(self):
        raise RuntimeError("no text")

def own():
    raise Own()

def unsendable():
    print("printed before")
    return {"a": [1, {"b": object()}]}

def cycle():
    loop = []
    loop.append(loop)
    return loop

def naive():
    import datetime
    return datetime.datetime(2026, 1, 2)

def facts():
    return [os.getcwd(), sys.argv, os.umask(os.umask(0)), sys.stdin.read(), os.environ.get("PWD"), os.environ.get("SREMOTE_BASE"), sorted(k for k in os.environ if k.startswith("SREMOTE")),
        os.getpgrp() == os.getpid(), threading.current_thread() is threading.main_thread(), sys.flags.dev_mode, sys.getrecursionlimit(),
        [signal.getsignal(s) == signal.SIG_DFL for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)], callable(signal.getsignal(signal.SIGINT)),
        sys.stdout.encoding, sys.stderr.encoding, sys.stdout.isatty(), sys.getfilesystemencoding(), __name__, [p for p in sys.path if "sremote" not in p.rsplit("/", 1)[-1]]]

def output():
    print("out")
    sys.stderr.write("error without end")
    os.write(2, b"\\nraw \\xff\\n")
    warnings.warn("careful")
    sys.stdout.write("no newline")

def descriptors():
    def target(fd):
        try:
            return os.readlink("/proc/self/fd/%d" % fd).split(":")[0]
        except OSError:
            return None
    return [target(fd) for fd in (0, 1, 2)]

def thread_fails():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    return "went on"

def quits(code):
    sys.exit(code)

def interrupt():
    raise KeyboardInterrupt()

def generator_exit():
    raise GeneratorExit("x")

async def later():
    await asyncio.sleep(0)
    raise LookupError("in a coroutine")

def signalled(number):
    os.kill(os.getpid(), number)

def closes_output():
    os.close(1)
    return 1

not_callable = 5

def takes(a, b=2, *, c):
    return [a, b, c]
`;

const node = `
import { writeSync } from "node:fs";
import { fstatSync, readFileSync } from "node:fs";
export function nested() { try { null.x; } catch (cause) { throw new RangeError("outer \\u00e9\\ud800", { cause }); } }
export function many() { throw new AggregateError([new TypeError("one"), new Error("two")], "several"); }
export function text() { throw "no error"; }
export function nothing() { throw undefined; }
export async function later() { await null; throw new SyntaxError("in a promise"); }
export function own() { class Own extends Error { get message() { throw new Error("no text"); } } throw new Own(); }
export function endless() { return endless(); }
export function unsendable() { console.log("printed before"); return { a: [1, { b: () => 0 }] }; }
export function cycle() { const loop = []; loop.push(loop); return loop; }
export function facts() { return [process.cwd(), process.argv.length, process.umask(), process.env.PWD ?? null, process.env.SREMOTE_BASE, Object.keys(process.env).filter((k) => k.startsWith("SREMOTE")).sort(),
  process.execArgv, process.stdout.isTTY ?? false, process.env.NODE_OPTIONS ?? null, typeof require, import.meta.filename, readFileSync(0, "latin1"), process.listenerCount("SIGTERM"), process.listenerCount("SIGINT")]; }
export function output() { console.log("out"); writeSync(2, Buffer.from("raw \\xff\\n", "latin1")); console.error("error"); process.stdout.write("no newline"); }
export function descriptors() { return [0, 1, 2].map((fd) => [fstatSync(fd).isFIFO(), fstatSync(fd).isCharacterDevice()]); }
export function quits(code) { process.exit(code); }
export function exitCode(code) { process.exitCode = code; return 1; }
export function signalled(number) { process.kill(process.pid, number); return new Promise(() => setTimeout(() => {}, 60000)); }
export function late() { setTimeout(() => { throw new Error("too late to be heard"); }, 0); return new Promise(() => setTimeout(() => {}, 60000)); }
export function rejected() { Promise.reject(new Error("nobody looks")); return new Promise(() => setTimeout(() => {}, 60000)); }
export function never() { return new Promise(() => {}); }
export const notCallable = 5;
export default { inner: { deep() { return "deep"; } } };
`;

type Case = readonly [title: string, module: string, fn: string, args?: CallArguments, options?: CallOptions];

const cases: Record<Runtime, Case[]> = {
  python: [
    ...["nested", "context", "noted", "own", "unsendable", "cycle", "naive", "facts", "output", "descriptors", "thread_fails"].map(
      (fn) => [fn, "lab", fn] as const,
    ),
    ...["interrupt", "generator_exit", "later", "closes_output", "not_callable", "missing", "noted.missing"].map(
      (fn) => [fn, "lab", fn] as const,
    ),
    ["a deep traceback", "lab", "deep", [150]],
    ["endless recursion", "lab", "endless"],
    ["exit with a text", "lab", "quits", ["bye"]],
    ["exit with none", "lab", "quits", [null]],
    ["exit with 3", "lab", "quits", [3]],
    ["SIGTERM", "lab", "signalled", [15]],
    ["SIGSEGV", "lab", "signalled", [11]],
    ["SIGINT", "lab", "signalled", [2]],
    ["wrong arguments", "lab", "takes", [1]],
    ["too many arguments", "lab", "takes", [1, 2, 3]],
    ["an unknown keyword", "lab", "takes", [1], { kwargs: { d: 1 } }],
    ["keywords", "lab", "takes", { a: 1, c: [null] }],
    ["a naive time with a zone", "lab", "naive", [], { naiveTimeZone: "+02:00" }],
    ["an unknown zone", "lab", "naive", [], { naiveTimeZone: "Nowhere/Land" }],
    ["a module with an error", "broken", "f"],
    ["a module that cannot be parsed", "syntax", "f"],
    ["a module that is missing one", "needs", "f"],
    ["a module that exits", "leaves", "f"],
    ["a package's missing part", "os.nothing", "f"],
    ["a relative module", ".lab", "f"],
    ["a timeout", "time", "sleep", [60], { timeout: 2000 }],
    ["cut output", "lab", "output", [], { outputLimit: 3 }],
    ["variables", "os", "getenv", ["A"], { env: { A: "\u00e9 \n" } }],
    ["a working directory that is a file", "os", "getcwd", [], { cwd: "work/lab.py" }],
    ["a PATH", "os", "getenv", ["PATH"]],
  ],
  node: [
    ...["nested", "many", "text", "nothing", "later", "own", "endless", "unsendable", "cycle", "facts", "output", "descriptors"].map(
      (fn) => [fn, "./lab.mjs", fn] as const,
    ),
    ...["late", "rejected", "notCallable", "missing", "default.inner.deep", "default.inner.missing.x"].map(
      (fn) => [fn, "./lab.mjs", fn] as const,
    ),
    ["exit with 3", "./lab.mjs", "quits", [3]],
    ["an exit code set", "./lab.mjs", "exitCode", [3]],
    ["SIGTERM", "./lab.mjs", "signalled", ["SIGTERM"]],
    ["SIGSEGV", "./lab.mjs", "signalled", ["SIGSEGV"]],
    ["a timeout", "./lab.mjs", "never", [], { timeout: 2000 }],
    ["keywords", "node:util", "inspect", { a: 1 }],
    ["a module with an error", "./broken.mjs", "f"],
    ["a module that cannot be parsed", "./syntax.mjs", "f"],
    ["a module that is missing one", "./needs.mjs", "f"],
    ["a module that exits", "./leaves.mjs", "f"],
    ["a module that is not there", "./nothing.mjs", "f"],
    ["a package that is not there", "no-such-package", "f"],
    ["no module of Node's", "node:nothing", "f"],
    ["cut output", "./lab.mjs", "output", [], { outputLimit: 3 }],
    ["variables", "./lab.mjs", "facts", [], { env: { NODE_OPTIONS: "--no-deprecation" } }],
    ["a working directory that is a file", "node:process", "cwd", [], { cwd: "work/lab.mjs" }],
  ],
};

/** What a caller can see of a call, without what is another one's each time. */
async function seen(client: RemoteClient, runtime: Runtime, [, module, fn, args, options]: Case): Promise<unknown> {
  try {
    const result = await client.doRemoteCall(module, fn, args, { cwd: "work", ...options, runtime });
    const { value, stdout, stderr, output, modules, host, usage } = result;
    // A session's payload is another one than what is installed.
    const { pid, endpoint, ...facts } = host;
    expect([typeof pid, endpoint]).toEqual(["number", expect.stringMatching(/^[0-9a-f]{64}$/)]);
    return { value, stdout, stderr, totals: [output.stdout, output.stderr], modules, facts, usage: Object.keys(usage ?? {}).toSorted() };
  } catch (error) {
    if (!(error instanceof SremoteError)) throw error;
    const { code, stage, message, hint, lastLines } = error;
    const common = {
      kind: error.constructor.name,
      code,
      stage,
      message,
      hint,
      lastLines,
      callId: /^[0-9a-f]{32}$/.test(error.callId ?? ""),
    };
    if (!(error instanceof RemoteExecError)) return common;
    const { outcome, remote, stdout, stderr, output, exitCode, signal } = error;
    return { ...common, outcome, remote, stdout, stderr, output, exitCode, signal };
  }
}

describe.each(runtimes)("in %s", (runtime) => {
  let host: TestHost;
  const clients: RemoteClient[] = [];
  beforeAll(async () => {
    host = await hostKinds.find(({ name }) => name === "local")!.start();
    await plant(host.home, "work/lab.py", python);
    await plant(host.home, "work/broken.py", "print('while loading')\nraise RuntimeError('at import')\n");
    await plant(host.home, "work/syntax.py", "def f(:\n");
    await plant(host.home, "work/needs.py", "import no_such_module_of_ours\n");
    await plant(host.home, "work/leaves.py", "raise SystemExit(3)\n");
    await plant(host.home, "work/lab.mjs", node);
    await plant(host.home, "work/broken.mjs", "console.log('while loading');\nthrow new RangeError('at import');\n");
    await plant(host.home, "work/syntax.mjs", "export function f(: {}\n");
    await plant(host.home, "work/needs.mjs", "import 'no-such-package-of-ours';\n");
    await plant(host.home, "work/leaves.mjs", "process.exit(3);\n");
    for (const transport of ["auto", "spool"] as const) clients.push(new RemoteClient(host.connector, { runtime, transport }));
  });
  afterAll(async () => {
    for (const client of clients.splice(0)) await client.close();
    await host[Symbol.asyncDispose]();
  });

  test.for(cases[runtime])("%s", async (each) => {
    const [session, files] = await Promise.all(clients.map((client) => seen(client, runtime, each)));
    expect(session).toEqual(files);
  });
});
