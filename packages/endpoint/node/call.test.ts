/* What a call does and says, shown with the built endpoint: values, output, errors, ends. G12, G24, G30, G31. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Failure } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, isThere, makeRequest, makeSandbox, readReply, run, send, until, type CallOptions, type Sandbox } from "./testing/harness.ts";

const library = `import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";

export const echo = (...args) => args;
export const later = async (value) => { await null; return value; };
export const thenable = (value) => ({ then(settle) { settle(value); } });
export class Point { constructor(x) { this.x = x; } static origin() { return { x: 0, own: this === Point }; } }
export function* items() { yield 1; }
export async function* stream() { yield 1; }
export const nested = () => ({ items: [1, 2, 3, { handler() {} }] });
export const instance = () => new Point(1);
export const getter = () => ({ get broken() { throw new RangeError("in a getter"); } });

export function outer() { middle(); }
function middle() { throw new TypeError("inner problem", { cause: new Error("root problem") }); }
export async function asyncOuter() { await null; middle(); }
export const many = () => { throw new AggregateError([new Error("one"), new RangeError("two")], "several"); };
export const throwing = (kind) => { throw { text: "x", nothing: null, missing: undefined, object: { a: 1 } }[kind]; };
export const loop = () => { const error = new Error("ring"); error.cause = error; throw error; };
export const deep = (n) => { if (n === 0) throw new Error("bottom"); deep(n - 1); };
export const unhandled = () => new Promise(() => { void Promise.reject(new Error("rejected aside")); setTimeout(() => {}, 60_000); });
export const uncaught = () => new Promise(() => { setTimeout(() => { throw new Error("thrown aside"); }, 1); });
export const never = () => new Promise(() => {});

export const exit = (status) => { console.log("before"); process.exit(status); };
export const signal = (name) => new Promise(() => { process.kill(process.pid, name); setTimeout(() => {}, 60_000); });
export const hang = (file) => new Promise(() => { writeFileSync(file, String(process.pid)); setTimeout(() => {}, 60_000); });
export const busy = () => { for (;;); };
export const stubborn = (file) => new Promise(() => { for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => {}); writeFileSync(file, String(process.pid)); setTimeout(() => {}, 60_000); });
export const hog = () => { const kept = []; for (;;) kept.push(new Array(1e5).fill(kept.length)); };
export const native = () => { const { buffer } = new Uint8Array(8); process.abort(buffer); };
export const spin = () => { for (;;); };

export function print() {
  console.log("console");
  process.stdout.write("stream ");
  spawnSync("sh", ["-c", "echo child; echo problem >&2"], { stdio: "inherit" });
  return 0;
}
export const toDevice = () => spawnSync("sh", ["-c", "echo out > /dev/stdout; echo err > /dev/stderr"], { stdio: "inherit" }).status;
export const bytes = () => { process.stdout.write(Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256))); process.stderr.write(Buffer.from([0, 255, 0])); };
export const much = (n) => { process.stdout.write("o".repeat(n)); process.stderr.write("e".repeat(n)); return n; };
export const atExit = () => { process.on("exit", () => console.log("goodbye")); return 1; };
export const open = async () => { const server = createServer(); await new Promise((ready) => server.listen(0, "127.0.0.1", ready)); setInterval(() => {}, 1000); return "open"; };
export const leave = (seconds) => spawn("sleep", [String(seconds)], { stdio: "inherit" }).pid;
export const background = (seconds) => { const child = spawn("sleep", [String(seconds)], { stdio: "ignore" }); child.unref(); return child.pid; };
export const environment = (name) => process.env[name];
export const where = () => [process.cwd(), process.argv.length, process.env.SREMOTE_BASE];
export const descriptor = () => { writeFileSync(3, "scribble"); return 1; };
`;

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await makeSandbox();
  const put = (name: string, text: string): void => {
    mkdirSync(join(sandbox.work, name, ".."), { recursive: true });
    writeFileSync(join(sandbox.work, name), text);
  };
  put("lib.mjs", library);
  put("function.cjs", "module.exports = (a) => a + 1; module.exports.of = function () { return this === module.exports; };");
  put("extension.js", "exports.found = () => 'extension';");
  put("folder/index.js", "exports.found = () => 'folder';");
  put("syntax.mjs", "export const a = 1;\nconst b = ;\n");
  put("syntax.cjs", "exports.a = 1;\nconst b = ;\n");
  put("raising.mjs", "throw new Error('while loading');\n");
  put("needy.mjs", "import 'not-there';\nexport const a = 1;\n");
  put("node_modules/common/package.json", '{ "name": "common", "version": "1.2.3" }');
  put("node_modules/common/index.js", "exports.add = (a, b) => a + b; exports.deep = { er: { name: () => 'deep' } };");
  put("node_modules/common/part.js", "exports.part = () => 'part';");
  put(
    "node_modules/modern/package.json",
    '{ "name": "modern", "version": "4.5.6-beta.1", "type": "module", "exports": { "import": "./main.js" } }',
  );
  put("node_modules/modern/main.js", "export const kind = async () => 'modern'; export default function () { return 'default'; }");
  mkdirSync(join(sandbox.base, "node/node_modules/ours"), { recursive: true, mode: 0o700 });
  writeFileSync(join(sandbox.base, "node/node_modules/ours/index.js"), "exports.which = () => 'ours';");
});
afterAll(() => sandbox[Symbol.dispose]());

const lib = (fn: string, args: unknown[] = [], options: CallOptions = {}): ReturnType<typeof call> =>
  call(sandbox, "./lib.mjs", fn, args, options);

describe("modules and functions", () => {
  it.each([
    ["node:path", "basename", ["/a/b"], "b"],
    ["path", "posix.basename", ["/a/b"], "b"],
    ["common", "add", [1, 2], 3],
    ["common", "deep.er.name", [], "deep"],
    ["common/part", "part", [], "part"],
    ["modern", "kind", [], "modern"],
    ["modern", "default", [], "default"],
    ["ours", "which", [], "ours"],
    ["./function.cjs", "default", [1], 2],
    ["./function.cjs", "of", [], true],
    ["./extension", "found", [], "extension"],
    ["./folder", "found", [], "folder"],
    ["./lib.mjs", "later", ["x"], "x"],
    ["./lib.mjs", "thenable", ["y"], "y"],
    ["./lib.mjs", "Point.origin", [], { x: 0, own: true }],
    ["node:buffer", "Buffer.from", ["hi"], Uint8Array.of(104, 105)],
    ["node:url", "URL", ["http://a.example/b"], new URL("http://a.example/b")],
  ])("%s %s", async (module, fn, args, expected) => {
    const reply = await call(sandbox, module, fn, args);
    expect(reply.error).toBeUndefined();
    expect(reply.value).toEqual(expected);
  });

  it("an absolute path, and keyword arguments as one object after the others", async () => {
    const reply = await call(sandbox, join(sandbox.work, "lib.mjs"), "echo", [1], { kwargs: { a: 2 } });
    expect(reply.value).toEqual([1, { a: 2 }]);
  });

  it.each([
    ["absent", "installPackages"],
    ["absent/part", "installPackages"],
    ["./absent.mjs", "cwd"],
    ["common/absent", "installPackages"],
    ["modern/absent", "installPackages"],
    ["node:absent", undefined],
  ])("%s is a module that is not found", async (module, hint) => {
    const { outcome, error } = await call(sandbox, module, "f");
    expect([outcome, error?.code, error?.stage]).toEqual(["not-run", "module-not-found", "import"]);
    expect(error?.message).toContain(module);
    if (hint === undefined) expect(error?.hint).toBeUndefined();
    else expect(error?.hint).toContain(hint);
    expect(error?.names?.length).toBeGreaterThan(0);
  });

  it("a module that lacks one of its own is raised from its import", async () => {
    const { outcome, error } = await call(sandbox, "./needy.mjs", "a");
    expect([outcome, error?.code, error?.stage]).toEqual(["raised", "raised", "import"]);
    expect(error?.message).toContain("not-there");
  });

  it.each([
    ["./syntax.cjs", "syntax.cjs"],
    ["./syntax.mjs", "syntax.mjs"],
  ])("a syntax error in %s says where", async (module, file) => {
    const { outcome, error } = await call(sandbox, module, "a");
    expect([outcome, error?.stage, error?.type]).toEqual(["raised", "import", "SyntaxError"]);
    expect(error?.frames?.at(-1)).toMatchObject({ file: join(sandbox.work, file), line: 2, source: "const b = ;" });
  });

  it("what a module throws while loading is raised from its import", async () => {
    const { error } = await call(sandbox, "./raising.mjs", "a");
    expect(error).toMatchObject({ code: "raised", stage: "import", type: "Error", message: "while loading" });
    expect(error?.frames?.at(-1)).toMatchObject({ file: join(sandbox.work, "raising.mjs"), line: 1 });
  });

  it("a function that is not found: near names", async () => {
    const { outcome, error } = await call(sandbox, "node:os", "hostnam");
    expect(outcome).toBe("not-run");
    expect(error).toMatchObject({ code: "function-not-found", stage: "lookup" });
    expect(error?.names).toContain("hostname");
    const other = await call(sandbox, "node:os", "EOL");
    expect(other.error?.message).toContain("a string, not a function");
  });

  it("registered modules are checked before anything runs", async () => {
    const good = await call(sandbox, "common", "add", [1, 2], { modules: { common: "1.2.3", modern: null } });
    expect([good.value, good.modules]).toEqual([3, { common: "1.2.3", modern: "4.5.6-beta.1" }]);
    const wrong = await lib("hang", [join(sandbox.work, "never")], { modules: { common: "2.0.0" } });
    expect([wrong.outcome, wrong.error?.code]).toEqual(["not-run", "module-version"]);
    const none = await lib("hang", [join(sandbox.work, "never")], { modules: { absent: null } });
    expect([none.outcome, none.error?.code]).toEqual(["not-run", "module-missing"]);
  });
});

describe("G12 a result that cannot travel fails only its call", () => {
  it.each([
    ["nested", "return.items[3].handler", undefined],
    ["instance", "return", "plain object"],
    ["items", "return", "collect it in an array"],
    ["stream", "return", "for await"],
  ])("%s", async (fn, path, hint) => {
    const { outcome, error } = await lib(fn);
    expect([outcome, error?.code, error?.stage, error?.path]).toEqual(["raised", "unserializable-result", "result", path]);
    expect(error?.message).toMatch(new RegExp(`^\\./lib\\.mjs\\.${fn} ran, but its result cannot be sent: return(?!.* ran)`));
    if (hint !== undefined) expect(error?.hint).toContain(hint);
  });

  it("a getter that throws", async () => {
    const { outcome, error } = await lib("getter");
    expect([outcome, error?.code, error?.stage]).toEqual(["raised", "unserializable-result", "result"]);
    expect([error?.type, error?.message]).toEqual(["RangeError", "in a getter"]);
  });
});

it("G30 values come back exactly", async () => {
  const values = [
    -0,
    NaN,
    Infinity,
    2 ** 53 - 1,
    2n ** 63n,
    1e20,
    "\ud800",
    JSON.parse('{"__proto__":1,"constructor":2}'),
    new Map([[[1], new Set(["a"])]]),
    new Date(1),
    undefined,
    null,
    new Float64Array([NaN, -0]),
  ] as unknown[];
  expect((await lib("echo", values)).value).toEqual(values);
});

describe("errors", () => {
  it.each(["outer", "asyncOuter"])("%s: type, message, frames with their text, and cause", async (fn) => {
    const { outcome, error } = await lib(fn);
    expect(outcome).toBe("raised");
    expect(error).toMatchObject({
      code: "raised",
      stage: "call",
      type: "TypeError",
      message: "inner problem",
      cause: { type: "Error", message: "root problem" },
    });
    const file = join(sandbox.work, "lib.mjs");
    const lineOf = (text: string): number => library.split("\n").findIndex((line) => line.includes(text)) + 1;
    expect(error?.frames).toEqual([
      { file, line: lineOf(`function ${fn}()`), function: fn, source: library.split("\n")[lineOf(`function ${fn}()`) - 1] },
      { file, line: lineOf("function middle()"), function: "middle", source: library.split("\n")[lineOf("function middle()") - 1] },
    ]);
  });

  it("all of an AggregateError", async () => {
    const { error } = await lib("many");
    expect(error).toMatchObject({
      type: "AggregateError",
      message: "several",
      exceptions: [{ message: "one" }, { type: "RangeError", message: "two" }],
    });
  });

  it.each([
    ["text", "string", "threw string: x"],
    ["nothing", "null", "threw: null"],
    ["missing", "undefined", "threw: undefined"],
    ["object", "object", "threw object: { a: 1 }"],
  ])("what is no Error: %s", async (kind, type, message) => {
    expect((await lib("throwing", [kind])).error).toMatchObject({ code: "raised", type, message });
  });

  it("a cause that is the error itself, and a deep stack, stay bounded", async () => {
    expect((await lib("loop")).error).toMatchObject({ message: "ring" });
    const { error } = await lib("deep", [5000]);
    expect(error?.frames?.length).toBeLessThanOrEqual(100);
    expect(error?.frames?.at(-1)).toMatchObject({ function: "deep" });
  });

  it.each([
    ["unhandled", "rejected aside"],
    ["uncaught", "thrown aside"],
    ["never", "never settles"],
  ])("%s", async (fn, message) => {
    const { outcome, error } = await lib(fn);
    expect(outcome).toBe("raised");
    expect(error?.message).toContain(message);
  });
});

/** Outcome, code, and signal or exit status. */
const end = async (
  fn: string,
  args: unknown[] = [],
  options: CallOptions = {},
): Promise<[string, Failure["code"] | undefined, number | string | undefined]> => {
  const reply = await lib(fn, args, options);
  return [reply.outcome, reply.error?.code, reply.signal ?? reply.exitCode];
};

describe("G24 each end is named", () => {
  it.each([0, 3, 255])("process.exit(%i)", async (status) => {
    const reply = await lib("exit", [status]);
    expect([reply.outcome, reply.error?.code, reply.exitCode]).toEqual(["killed", "exited", status]);
    expect(reply.stdout.content?.toString()).toBe("before\n");
  });

  it.each(["SIGKILL", "SIGSEGV", "SIGTERM"])("%s", async (name) => {
    expect(await end("signal", [name])).toEqual(["killed", "killed", name]);
  });

  it("process.abort()", async () => expect(await end("native")).toEqual(["killed", "killed", "SIGABRT"]));

  it("out of memory", async () => {
    const found = await end("hog", [], { env: [["NODE_OPTIONS", "--max-old-space-size=40", false]] });
    expect(found.slice(0, 2)).toEqual(["killed", "out-of-memory"]);
  });

  it("a limit of processor time", async () => {
    const request = makeRequest(sandbox, "./lib.mjs", "spin");
    writeFileSync(join(sandbox.root, "limited"), request);
    const ran = await run(
      "-c",
      [
        'ulimit -S -t 1; exec "$0" "$@"',
        process.execPath,
        sandbox.program,
        "call",
        "--base",
        sandbox.base,
        join(sandbox.root, "limited"),
        "-",
      ],
      undefined,
      { node: "/bin/sh" },
    );
    const reply = readReply(ran.stdout);
    expect([reply.outcome, reply.error?.code, reply.signal]).toEqual(["killed", "killed", "SIGXCPU"]);
    expect(reply.error?.hint).toContain("processor time");
  });

  it.each(["hang", "busy"])("the deadline passes in %s", async (fn) => {
    const reply = await lib(fn, [join(sandbox.work, "hanging")], { timeoutMs: 400 });
    expect([reply.outcome, reply.error?.code]).toEqual(["timeout", "timeout"]);
    expect(reply.ms).toBeLessThan(5000);
  });

  it("one that ignores every polite signal is killed too", async () => {
    const file = join(sandbox.work, "stubborn");
    const reply = await lib("stubborn", [file], { timeoutMs: 600 });
    expect(reply.outcome).toBe("timeout");
    expect(isThere(Number(readFileSync(file, "utf8")))).toBe(false);
  });

  it.each(["SIGTERM", "SIGHUP", "SIGINT"] as const)("the endpoint gets %s: cancelled, stored, and the process gone", async (signal) => {
    const file = join(sandbox.work, `cancel-${signal}`);
    rmSync(file, { force: true });
    const request = makeRequest(sandbox, "./lib.mjs", "hang", [file]);
    let pid = 0;
    const running = send(sandbox, request, { onStart: (started) => (pid = started) });
    await until("a start", () => readIf(file) !== "");
    process.kill(pid, signal);
    expect([(await running).outcome, (await send(sandbox, request)).outcome]).toEqual(["cancelled", "cancelled"]);
    expect(isThere(Number(readIf(file)))).toBe(false);
  });

  it("a process that does not get as far as the function: not run", async () => {
    const reply = await lib("echo", [], { env: [["NODE_OPTIONS", "--no-such-option", false]] });
    expect([reply.outcome, reply.error?.code]).toEqual(["not-run", "endpoint-broken"]);
    expect(reply.error?.message).toContain("--no-such-option");
  });

  it("scribbling on the private channel harms only that call", async () => {
    const reply = await lib("descriptor");
    expect(["killed", "raised"]).toContain(reply.outcome);
  });
});

function readIf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

describe("output", () => {
  it("of the console, streams and child processes, in order", async () => {
    const reply = await lib("print");
    expect([reply.stdout.content?.toString(), reply.stderr.content?.toString()]).toEqual(["console\nstream child\n", "problem\n"]);
  });

  it("of a program that opens /dev/stdout and /dev/stderr", async () => {
    const reply = await lib("toDevice");
    expect([reply.value, reply.stdout.content?.toString(), reply.stderr.content?.toString()]).toEqual([0, "out\n", "err\n"]);
  });

  it("G31 byte for byte", async () => {
    const reply = await lib("bytes");
    expect(reply.stdout.content?.equals(Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256)))).toBe(true);
    expect(reply.stderr.content?.equals(Buffer.of(0, 255, 0))).toBe(true);
  });

  it("up to 8 MiB together in the reply, else in files, and beyond the limit counted", async () => {
    const half = 4_194_304;
    const inside = await lib("much", [half]);
    expect([inside.stdout.content?.length, inside.stderr.content?.length]).toEqual([half, half]);
    const beside = await lib("much", [half + 1]);
    expect(beside.stdout).toMatchObject({ bytes: half + 1, truncated: false, content: undefined });
    expect(readFileSync(join(sandbox.base, "calls", beside.id, "stdout"), "latin1")).toBe("o".repeat(half + 1));
    for (const [limit, size] of [
      [999, 1000],
      [1000, 1000],
      [1001, 1000],
      [0, 5],
    ] as const) {
      const cut = await lib("much", [size], { outputLimit: limit });
      expect(cut.stdout).toMatchObject({ bytes: size, truncated: limit < size });
      expect(cut.stdout.content?.toString()).toBe("o".repeat(Math.min(limit, size)));
    }
  });

  it("of handlers of the event exit", async () => {
    expect((await lib("atExit")).stdout.content?.toString()).toBe("goodbye\n");
  });
});

describe("the end of a call", () => {
  it("does not wait for open servers and timers", async () => {
    const reply = await lib("open");
    expect([reply.value, reply.ms < 5000]).toEqual(["open", true]);
  });

  it.each(["leave", "background"])("%s: about a second for processes that are left, then they are killed", async (fn) => {
    const reply = await lib(fn, [60]);
    expect(reply.ms).toBeGreaterThan(900);
    expect(reply.ms).toBeLessThan(8000);
    await until("the process gone", () => !isThere(Number(reply.value)));
  });
});

describe("surroundings", () => {
  it("variables are set before the process starts, only if unset where so asked", async () => {
    const env: CallOptions["env"] = [
      ["SREMOTE_TEST_A", "a", false],
      ["HOME", "/elsewhere", true],
      ["NODE_OPTIONS", "--title=renamed", false],
    ];
    expect((await lib("environment", ["SREMOTE_TEST_A"], { env })).value).toBe("a");
    expect((await lib("environment", ["HOME"], { env })).value).toBe(process.env["HOME"]);
    expect((await call(sandbox, "node:process", "default.emitWarning", ["x"], { env })).error).toBeUndefined();
  });

  it("path is appended to PATH", async () => {
    expect((await lib("environment", ["PATH"], { path: ["/one", "/two"] })).value).toBe(`${process.env["PATH"]}:/one:/two`);
  });

  it("cwd is made when missing, private; a file in its place is refused", async () => {
    const cwd = join(sandbox.root, "made/deep");
    expect((await call(sandbox, "node:process", "cwd", [], { cwd })).value).toBe(cwd);
    const refused = await call(sandbox, "node:process", "cwd", [], { cwd: join(sandbox.work, "lib.mjs") });
    expect([refused.outcome, refused.error?.code, refused.error?.stage]).toEqual(["not-run", "not-a-file", "setup"]);
  });

  it.each(["", "relative"])("a home directory named %j is not believed", async (HOME) => {
    const request = makeRequest(sandbox, "node:process", "cwd", []);
    const reply = await send(sandbox, request, { env: { ...process.env, HOME } });
    expect(reply.host.home).toBe(userInfo().homedir);
  });

  it("keepEnv loads what login files set, whatever they print", async () => {
    const home = join(sandbox.root, "home");
    mkdirSync(home, { recursive: true });
    const shell = join(sandbox.root, "shell");
    writeFileSync(join(home, ".profile"), 'echo "welcome <"; export FROM_LOGIN="a > b"; export PATH="$PATH:/from/login"');
    writeFileSync(shell, "");
    const request = makeRequest(sandbox, "./lib.mjs", "environment", ["FROM_LOGIN"], { keepEnv: true, env: [["OTHER", "1", false]] });
    const reply = await send(sandbox, request, { env: { ...process.env, HOME: home } });
    expect(reply.value).toBe("a > b");
  });
});

it("nothing of a call is left running", async () => {
  await lib("echo");
  const left = spawn("sh", ["-c", `grep -l "${sandbox.program}" /proc/[0-9]*/cmdline 2>/dev/null | grep -v "/proc/$$/" || true`], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const parts: Buffer[] = [];
  left.stdout.on("data", (part: Buffer) => parts.push(part));
  await new Promise((resolve) => left.on("close", resolve));
  const pids = Buffer.concat(parts)
    .toString()
    .split("\n")
    .filter(Boolean)
    .map((path) => Number(path.split("/")[2]));
  expect(pids.filter((pid) => pid !== left.pid && isThere(pid))).toEqual([]);
});
