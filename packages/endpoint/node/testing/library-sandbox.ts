/* A sandbox with modules to call, for the tests of calls. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { call, makeSandbox, type CallOptions, type Sandbox } from "./harness.ts";

export const library = `import { spawn, spawnSync } from "node:child_process";
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
export const yielding = () => new Promise((resolve) => { process.on("SIGINT", () => resolve("late")); setTimeout(() => {}, 60_000); });
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

export let sandbox: Sandbox;
/** Registers what makes and removes the sandbox of a test file. */
export function useSandbox(): void {
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
}

export const lib = (fn: string, args: unknown[] = [], options: CallOptions = {}): ReturnType<typeof call> =>
  call(sandbox, "./lib.mjs", fn, args, options);
