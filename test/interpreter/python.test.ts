/* Interpreters of Python: what docs/interpreter.md promises, on a real host. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Interpreter, RemoteClient } from "@sremote/client";
import { InvalidArgumentError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hostKinds, type TestHost } from "../support/hosts.ts";
import { failure, printed } from "./support.ts";

let host: TestHost;
let client: RemoteClient;
let py: Interpreter;
beforeAll(async () => {
  host = await hostKinds.find(({ name }) => name === "local")!.start();
  client = new RemoteClient(host.again(), { workers: 2 });
  py = await client.interpreter();
});
afterAll(async () => {
  await client.close();
  await host[Symbol.asyncDispose]();
});

const pid = async (of: Interpreter = py): Promise<number> => await of.run<number>("__import__('os').getpid()").value;

describe("a snippet", () => {
  test("has the variables of those before it, and gives the value of its last expression", async () => {
    await py.run("x = 21");
    const { value, text, stdout, problem } = await py.run("print('so')\nx * 2");
    expect({ value, text, stdout, problem }).toEqual({ value: 42, text: "42", stdout: "so\n", problem: undefined });
    expect((await py.run("y = x")).parts).toEqual([]);
    expect(await py.run("_").value).toBe(42);
  });

  test("prints while it runs", async () => {
    const call = py.run("import os, time\nprint('one')\nwhile not os.path.exists('go'): time.sleep(0.01)\nprint('two')");
    const lines: string[] = [];
    for await (const line of call.stdout) {
      lines.push(line);
      if (line === "one") await writeFile(join(host.home, "go"), "");
    }
    expect(lines).toEqual(["one", "two"]);
    await call;
  });

  test("fails with its own lines, and those of snippets that it calls", async () => {
    await py.run("def divide(a):\n    return a / 0");
    const error = await failure(py.run("# first\ndivide(1)"));
    expect(error).toMatchObject({ code: "raised", message: "the snippet raised ZeroDivisionError: division by zero" });
    const frames = error.remote?.frames?.map(({ file, line, source, function: name }) => [
      /^<snippet \d+>$/.test(file),
      line,
      name,
      source,
    ]);
    expect(frames).toEqual([
      [true, 2, "<module>", "divide(1)"],
      [true, 2, "divide", "return a / 0"],
    ]);
    const syntax = await failure(py.run("x = 1\ny = ("));
    expect(syntax.remote).toMatchObject({ type: "SyntaxError", frames: [{ line: 2, source: "y = (" }] });
    expect(await py.run("x").value).toBe(1 + 20);
  });

  test("keeps what it sets in its process for the next one, and away from other calls", async () => {
    await py.run("import os, signal\nos.makedirs('there', exist_ok=True)\nos.chdir('there')\nos.environ['MINE'] = '1'");
    expect(await py.run<string>("os.getcwd()").value).toBe(`${host.home}/there`);
    expect((await client.doRemoteCall("os", "getcwd")).value).toBe(host.home);
    expect((await client.doRemoteCall("os", "getenv", ["MINE"])).value).toBeNull();
    await py.run("os.chdir('..')");
  });

  test("that calls sys.exit() fails, and the variables are kept", async () => {
    const error = await failure(py.run("import sys\nsys.exit('done')"));
    expect(error.remote).toMatchObject({ code: "raised", type: "SystemExit", message: "done" });
    expect(await py.run("x").value).toBe(21);
  });

  test("whose value cannot travel gives its text, and says why", async () => {
    const { value, text, problem } = await py.run("class Model:\n    def __repr__(self): return 'a model'\n[1, {'m': Model()}]");
    expect({ value, text, problem }).toEqual({
      value: undefined,
      text: "[1, {'m': a model}]",
      problem: "value[1].m: a Model cannot travel",
    });
  });

  test("may be awaited in, and uses one event loop with the others", async () => {
    await py.run("import asyncio\nqueue = asyncio.Queue()\ntask = asyncio.ensure_future(queue.get())\nawait asyncio.sleep(0)");
    expect(await py.run("await queue.put(5)\nawait task").value).toBe(5);
  });

  test("is cut at its limits of time and output", async () => {
    const { output } = await py.run("print('x' * 1000)", { outputLimit: 10 });
    expect([output.stdout.bytes.length, output.stdout.total, output.stdout.truncated]).toEqual([10, 1001, true]);
    expect(await failure(py.run("import time\ntime.sleep(60)", { timeout: 300 }))).toMatchObject({ code: "timeout" });
    expect(await py.run("x").value).toBe(21);
  });

  test("waits for those before it", async () => {
    const order = await Promise.all([py.run("a = 1").value, py.run("a += 1").value, py.run("a").value]);
    expect(order).toEqual([undefined, undefined, 2]);
  });
});

describe("parts", () => {
  test("are what is displayed, then the value; of a snippet that fails, what it had displayed", async () => {
    await py.run(
      "class Page:\n    def __init__(self, n): self.n = n\n    def _repr_html_(self): return '<p>%d</p>' % self.n\n    def __repr__(self): return 'page'",
    );
    const { parts, value } = await py.run("display(Page(1))\nPage(2)");
    expect(value).toBeUndefined();
    expect(parts).toEqual([
      { type: "text/html", data: "<p>1</p>", display: 0 },
      { type: "text/plain", data: "page", display: 0 },
      { type: "text/html", data: "<p>2</p>", display: 1 },
      { type: "text/plain", data: "page", display: 1 },
    ]);
    const call = py.run("display(Page(3))\n1/0");
    await failure(call);
    expect(call.parts.map(({ data }) => data)).toEqual(["<p>3</p>", "page"]);
    expect((await py.run("1")).parts).toHaveLength(1);
  });

  test("hold bytes and data, and what could not be made is told", async () => {
    const { parts, omitted } = await py.run(`
      class All:
          def _repr_png_(self): return b"\\x89PNG"
          def _repr_json_(self): return {"a": [1, float("inf")]}
          def _repr_html_(self): raise ValueError("not today")
          def _repr_mimebundle_(self, **_): return {"application/vnd.x+json": {"f": print}}
      All()
    `);
    expect(parts.slice(0, 2)).toEqual([
      { type: "image/png", data: new Uint8Array([0x89, 0x50, 0x4e, 0x47]), display: 0 },
      { type: "application/json", data: { a: [1, Number.POSITIVE_INFINITY] }, display: 0 },
    ]);
    expect(omitted).toEqual([
      { type: "text/html", reason: "_repr_html_ raised ValueError: not today", display: 0 },
      { type: "application/vnd.x+json", reason: "value.f: a builtin_function_or_method cannot travel", display: 0 },
    ]);
  });
});

describe("variables", () => {
  test("go in and out as data", async () => {
    await py.set("data", { list: [1, "'); raise SystemExit #"], bytes: new Uint8Array([1, 2]) });
    expect(await py.run("type(data).__name__, data['list'][1], bytes(data['bytes'])").value).toEqual([
      "dict",
      "'); raise SystemExit #",
      new Uint8Array([1, 2]),
    ]);
    expect(await py.get("data")).toMatchObject({ list: [1, "'); raise SystemExit #"] });
    await using counter = await py.get<{ pop(): number }>("data", { returns: "object" });
    await py.set("same", counter);
    expect(await py.run("same is data").value).toBe(true);
    expect(await failure(py.get("nothing"))).toMatchObject({
      message: "the variable nothing raised NameError: name 'nothing' is not defined",
    });
  });
});

describe("the state", () => {
  test("outlives an interrupt, also one that cuts off an import", async () => {
    const process = await pid();
    await py.run(
      "x = 21\nimport os, sys, pathlib\npathlib.Path('slow_module.py').write_text('import time\\nprint(1, flush=True)\\ntime.sleep(60)')\nsys.path.insert(0, os.getcwd())",
    );
    const call = py.run("import slow_module");
    const ended = failure(call);
    await printed(call, "1");
    expect(await py.interrupt()).toBe(true);
    expect(await ended).toMatchObject({ code: "cancelled" });
    expect(await py.run("x").value).toBe(21);
    const waiting = py.run("import asyncio\nprint(2, flush=True)\nawait asyncio.sleep(60)");
    const cancelled = failure(waiting);
    await printed(waiting, "2");
    await waiting.cancel();
    expect(await cancelled).toMatchObject({ code: "cancelled" });
    expect(await pid()).toBe(process);
  });

  test("is lost with a snippet that cannot be interrupted; then there is an error until it restarts", async () => {
    const call = py.run("import time\nwhile True:\n  try:\n    print(1, flush=True); time.sleep(60)\n  except BaseException: pass");
    const ended = failure(call);
    await printed(call, "1");
    expect(await py.interrupt()).toBe(false);
    expect(await ended).toMatchObject({ code: "cancelled" });
    const lost = { code: "object-lost", message: "the interpreter has lost its state: its process has ended", outcome: "not-run" };
    expect(await failure(py.run("x"))).toMatchObject({ ...lost, hint: "restart() begins anew, without the variables" });
    expect(await failure(py.get("x"))).toMatchObject(lost);
    await py.restart();
    expect(await failure(py.run("x"))).toMatchObject({ code: "raised", message: "the snippet raised NameError: name 'x' is not defined" });
  });

  test("is lost with its process, and the error says how that ended", async () => {
    expect(await failure(py.run("import os\nos._exit(3)"))).toMatchObject({ code: "exited", exitCode: 3 });
    const { message } = await failure(py.set("x", 1));
    expect(message).toBe("the interpreter has lost its state: the function ended its process with exit status 3");
    await py.restart();
    await py.run("x = 21");
  });

  test("is kept when calls of others go to a new session", async () => {
    client.setSremoteDir("elsewhere");
    await client.doRemoteCall("os", "getpid");
    expect(await py.run("x").value).toBe(21);
  });

  test("is lost with its session", async () => {
    await using own = new RemoteClient(host.again(), { resumeTimeout: 1000 });
    const short = await own.interpreter();
    const supervisor = await short.run<number>("__import__('os').getppid()").value;
    process.kill(supervisor, "SIGKILL");
    for (let code = ""; code !== "object-lost"; await delay(20)) ({ code } = await failure(short.run("1")));
    expect((await failure(short.run("1"))).message).toBe("the interpreter has lost its state: its session with the host has ended");
    await short.restart();
    expect(await short.run("1").value).toBe(1);
  });
});

describe("an interpreter", () => {
  test("has the directory and variables that it was asked for with", async () => {
    await using own = await client.interpreter({ cwd: "work", env: { COLOUR: "red" } });
    expect(await own.run("import os\nos.getcwd().endswith('/work'), os.environ['COLOUR'], __name__").value).toEqual([
      true,
      "red",
      "__main__",
    ]);
  });

  test("of the same name is the same one until all have disposed of it", async () => {
    const [one, two] = await Promise.all([client.interpreter({ name: "shared" }), client.interpreter({ name: "shared" })]);
    await one.run("z = 1");
    await one.close();
    expect(await two.run("z").value).toBe(1);
    await expect(client.interpreter({ name: "shared", cwd: "/" })).rejects.toThrow(InvalidArgumentError);
    await two.close();
    await using three = await client.interpreter({ name: "shared" });
    expect((await failure(three.run("z"))).code).toBe("raised");
  });

  test("ends its process, and what that runs, when it is disposed of", async () => {
    const own = await client.interpreter();
    const process = await pid(own);
    const call = own.run("print(1, flush=True)\n__import__('time').sleep(60)");
    const ended = failure(call);
    await printed(call, "1");
    await own.close();
    expect((await ended).code).toBe("cancelled");
    expect(await isGone(process)).toBe(true);
    expect(await failure(own.run("1"))).toMatchObject({ code: "closed" });
  });

  test("is refused over files", async () => {
    await using files = new RemoteClient(host.again(), { transport: "spool" });
    await expect(files.interpreter()).rejects.toMatchObject({ code: "unsupported" });
  });

  test.each([
    ["an unknown option", () => py.run("1", { timeuot: 1 } as never), "unknown option `timeuot`; did you mean `timeout`?"],
    ["code that is no text", () => py.run(3 as never), "code must be a string without NUL, not a number"],
    ["a function as a value", () => py.set("f", () => 1), "value must be data, not a function, which could be called during one call only"],
    ["a name that is none", () => py.set("a b", 1), 'name must be the name of a variable, not "a b"'],
    ["an unknown option of its own", () => client.interpreter({ nmae: "x" } as never), "unknown option `nmae`; did you mean `name`?"],
  ])("refuses %s", async (_what, call, message) => {
    await expect(Promise.resolve(call())).rejects.toMatchObject({ code: "invalid-argument", message });
  });
});

async function isGone(of: number): Promise<boolean> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      process.kill(of, 0);
    } catch {
      return true;
    }
    await delay(20);
  }
  return false;
}
