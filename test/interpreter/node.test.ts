/* Interpreters of Node: what docs/interpreter.md promises, on a real host. */
import { type Interpreter, RemoteClient } from "@sremote/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hostKinds, type TestHost } from "../support/hosts.ts";
import { failure, printed } from "./support.ts";

let host: TestHost;
let client: RemoteClient;
let js: Interpreter;
beforeAll(async () => {
  host = await hostKinds.find(({ name }) => name === "local")!.start();
  client = new RemoteClient(host.again(), { runtime: "node", workers: 2 });
  js = await client.interpreter();
});
afterAll(async () => {
  await client.close();
  await host[Symbol.asyncDispose]();
});

describe("a snippet", () => {
  test("has the variables of those before it, which may be declared anew, and gives the value of its last expression", async () => {
    await js.run("const x = 20; let y; class Point { constructor(x) { this.x = x } }; function next(n) { return n + 1 }");
    const { value, text, stdout } = await js.run("console.log('so'); next(x)");
    expect({ value, text, stdout }).toEqual({ value: 21, text: "21", stdout: "so\n" });
    await js.run("const x = await Promise.resolve(41)");
    expect(await js.run("next(x)").value).toBe(42);
    expect(await js.run("({ ...new Point(1) })").value).toEqual({ x: 1 });
    expect(await js.run("{ a: 10n, b: new Uint8Array([1]), c: undefined }").value).toEqual({
      a: 10n,
      b: new Uint8Array([1]),
      c: undefined,
    });
    expect((await js.run("let z = 1")).parts).toEqual([]);
  });

  test("fails with its own place, and those of snippets that it calls", async () => {
    await js.run("// first\nfunction fails() {\n  throw new RangeError('no');\n}");
    const error = await failure(js.run("1;\nfails()"));
    expect(error).toMatchObject({ code: "raised", message: "the snippet raised RangeError: no" });
    const frames = error.remote?.frames?.map(({ file, line, function: name, source }) => [
      /^snippet-\d+\.js$/.test(file),
      line,
      name,
      source,
    ]);
    expect(frames).toEqual([
      [true, 2, "<module>", "fails()"],
      [true, 3, "fails", "throw new RangeError('no');"],
    ]);
    expect(await failure(js.run("let ="))).toMatchObject({ remote: { type: "SyntaxError" } });
    expect(await failure(js.run("await Promise.reject(new TypeError('later'))"))).toMatchObject({ remote: { type: "TypeError" } });
    expect(await failure(js.run("throw null"))).toMatchObject({ code: "raised" });
  });

  test("keeps what it sets in its process for the next one, and away from other calls", async () => {
    await js.run("require('node:fs').mkdirSync('there', { recursive: true }); process.chdir('there')");
    expect(await js.run<string>("process.cwd()").value).toBe(`${host.home}/there`);
    expect((await client.doRemoteCall("node:process", "cwd")).value).toBe(host.home);
    await js.run("process.chdir('..')");
  });

  test("whose value cannot travel gives its text, and says why", async () => {
    const { value, text, problem } = await js.run("[1, () => 2]");
    expect({ value, text, problem }).toEqual({
      value: undefined,
      text: "[ 1, [Function (anonymous)] ]",
      problem: expect.stringContaining("value[1]") as string,
    });
  });

  test("whose timers and promises fail costs lines on stderr, not the variables", async () => {
    await js.run(
      "var kept = 1, fail; new Promise((resolve) => { fail = resolve }).then(() => { throw new Error('left behind') }); undefined",
    );
    const { stderr } = await js.run(`
      fail();
      setTimeout(() => { throw new Error("thrown late") }, 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
    `);
    expect(stderr).toMatch(/Uncaught Error: left behind[^]*Uncaught Error: thrown late/);
    expect(await js.run("kept").value).toBe(1);
  });

  test("shows what it displays, and what values know of themselves", async () => {
    const { parts, omitted } = await js.run(`
      display({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>1</b>", "image/png": "iVBORw==", "application/json": { a: 1 } }) });
      ({ [Symbol.for("Jupyter.display")]() { throw new Error("no") } })
    `);
    expect(parts.slice(0, 3)).toEqual([
      { type: "text/html", data: "<b>1</b>", display: 0 },
      { type: "image/png", data: new Uint8Array([0x89, 0x50, 0x4e, 0x47]), display: 0 },
      { type: "application/json", data: { a: 1 }, display: 0 },
    ]);
    expect(parts.slice(3).map(({ type, display }) => [type, display])).toEqual([
      ["text/plain", 0],
      ["text/plain", 1],
    ]);
    expect(omitted).toEqual([{ type: "*/*", reason: "Symbol.for('Jupyter.display') threw Error: no", display: 1 }]);
    const call = js.run("display('before'); throw new Error('then')");
    await failure(call);
    expect(call.parts).toEqual([{ type: "text/plain", data: "'before'", display: 0 }]);
  });
});

test("variables go in and out as data", async () => {
  await js.set("$data", { list: [1, "`${process.exit()}`"] });
  expect(await js.run("$data.list[1]").value).toBe("`${process.exit()}`");
  await js.run("let declared = 1");
  await js.set("declared", 2);
  expect([await js.get("declared"), await js.run("declared").value]).toEqual([2, 2]);
  expect(await failure(js.get("nothing"))).toMatchObject({ code: "raised", remote: { type: "ReferenceError" } });
  await expect(js.set("a.b", 1)).rejects.toMatchObject({ code: "invalid-argument" });
});

describe("the state", () => {
  test("outlives an interrupt, of a loop and of a promise that never settles", async () => {
    await js.run("const x = 42");
    const { pid } = (await js.run<{ pid: number }>("({ pid: process.pid })")).value;
    for (const endless of ["while (true);", "await new Promise(() => {})"]) {
      const call = js.run(`console.log("begun"); ${endless}`);
      const ended = failure(call);
      await printed(call, "begun");
      expect(await js.interrupt()).toBe(true);
      expect(await ended).toMatchObject({ code: "cancelled", outcome: "cancelled" });
    }
    const call = js.run("console.log('begun'); for (;;);");
    const ended = failure(call);
    await printed(call, "begun");
    await call.cancel();
    expect((await ended).code).toBe("cancelled");
    expect(await failure(js.run("for (;;);", { timeout: 200 }))).toMatchObject({ code: "timeout", outcome: "timeout" });
    const abort = new AbortController();
    const aborted = js.run("console.log('begun'); await new Promise(() => {})", { signal: abort.signal });
    const rejected = failure(aborted);
    await printed(aborted, "begun");
    abort.abort(new Error("enough"));
    expect(await rejected).toMatchObject({ code: "cancelled", cause: { message: "enough" } });
    expect(await failure(js.run("1", { signal: AbortSignal.abort() }))).toMatchObject({ code: "cancelled" });
    expect(await js.run("[x, process.pid]").value).toEqual([42, pid]);
  });

  test("is lost with its process, and the error says how that ended; then it restarts", async () => {
    expect(await failure(js.run("process.exit(3)"))).toMatchObject({ code: "exited", exitCode: 3 });
    expect(await failure(js.run("x"))).toMatchObject({ code: "object-lost", message: expect.stringContaining("exit status 3") as string });
    await js.restart();
    expect(await failure(js.run("x"))).toMatchObject({ remote: { type: "ReferenceError" } });
  });
});
