/* Modules to call in sessions, and sessions that are looked after: at the end of each test nothing of them may be left. */
import { crash } from "../crash.ts";
import { existsSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { isThere, until } from "./harness.ts";
import { TestSession, type StartOptions, type TestCall, type TestResult } from "./session-client.ts";

const library = `import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, watch, writeFileSync } from "node:fs";

let count = 0;
export const counted = () => ++count;
export const pid = () => process.pid;
export const echo = (...args) => args;
export const first = (value) => value;
export const later = async (value) => { await null; return value; };
export const sleep = (ms, value) => new Promise((done) => setTimeout(done, ms, value));
export const add = (a, b) => a + b;
export const nothing = () => undefined;
export const fail = (message) => { throw new RangeError(message); };
export const nested = () => ({ items: [1, { handler() {} }] });
export const globals = () => [typeof require, typeof module, typeof fs, typeof os, typeof console, typeof process, process.argv.length, process.execArgv.length];
export const forked = (file) => { const { stdout, status } = spawnSync(process.execPath, [...process.execArgv, file]); return [String(stdout), status]; };
export const environment = (name) => process.env[name];
export const where = () => [process.cwd(), process.env.SREMOTE_BASE];

export const print = () => {
  console.log("console");
  process.stdout.write("stream ");
  spawnSync("sh", ["-c", "echo child; echo problem >&2"], { stdio: "inherit" });
  return "done";
};
export const toDevice = () => spawnSync("sh", ["-c", "echo out > /dev/stdout; echo err > /dev/stderr"], { stdio: "inherit" }).status;
export const bytes = () => { process.stdout.write(Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256))); process.stderr.write(Buffer.from([0, 255, 0])); };
export const much = (n) => { process.stdout.write("o".repeat(n)); process.stderr.write("e".repeat(n)); return n; };
export const slowly = async (file, chunks, size) => {
  for (let i = 0; i < chunks; i++) {
    await new Promise((done) => process.stdout.write(String(i % 10).repeat(size), done));
    writeFileSync(file, String(i + 1));
  }
  return chunks;
};
export const flood = (bytes) => spawnSync("sh", ["-c", "yes | head -c " + bytes], { stdio: ["ignore", "inherit", "inherit"] }).status;
export const leave = (text) => { const child = spawn("sh", ["-c", 'read -r go; echo "$0"; sleep 60', text], { stdio: ["pipe", "inherit", "inherit"] }); globalThis.left = child; return child.pid; };
export const release = () => { globalThis.left.stdin.write("go\\n"); };
export const background = () => { const child = spawn("sleep", ["60"], { stdio: "ignore" }); child.unref(); return child.pid; };
export const ticking = () => { globalThis.ticks = 0; setInterval(() => console.log(++globalThis.ticks), 1); };
export const ticks = () => globalThis.ticks;

export const exit = (status) => { console.log("before"); process.exit(status); };
export const signal = (name) => new Promise(() => { process.kill(process.pid, name); setTimeout(() => {}, 60_000); });
export const abort = () => process.abort();
export const hang = (file) => new Promise(() => { if (file) writeFileSync(file, String(process.pid)); setTimeout(() => {}, 60_000); });
export const busy = (file) => { if (file) writeFileSync(file, String(process.pid)); for (;;); };
export const stubborn = (file) => new Promise(() => { for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => {}); writeFileSync(file, String(process.pid)); setTimeout(() => {}, 60_000); });
export const politely = (file) => new Promise((done) => { process.once("SIGINT", () => done("too late")); writeFileSync(file, "1"); setTimeout(() => {}, 60_000); });
export const hog = () => { const kept = []; for (;;) kept.push(new Array(1e5).fill(kept.length)); };
export const unhandled = () => new Promise(() => { void Promise.reject(new Error("rejected aside")); setTimeout(() => {}, 60_000); });
export const uncaught = () => new Promise(() => { setTimeout(() => { throw new Error("thrown aside"); }, 1); });
export const never = () => new Promise(() => {});
export const bomb = (file) => { setTimeout(() => { writeFileSync(file, "1"); void Promise.reject(new Error("rejected between calls")); }, 1); };
export const descriptor = () => { writeFileSync(3, "scribble".repeat(10)); return new Promise(() => setTimeout(() => {}, 60_000)); };
export const append = (file, text) => { appendFileSync(file, text); return text; };
export const until = (file) => new Promise((done) => { const timer = setInterval(() => { if (existsSync(file)) { clearInterval(timer); done("seen"); } }, 2); });

export function* numbers(n, file) { try { for (let i = 0; i < n; i++) yield i; return "end"; } finally { if (file) appendFileSync(file, "closed"); } }
export async function* later_numbers(n, file) { try { for (let i = 0; i < n; i++) { await null; yield i; } return "end"; } finally { if (file) appendFileSync(file, "closed"); } }
export function* failing() { yield 1; throw new RangeError("in the generator"); }
export async function* asking(callback) { yield await callback(1); yield await callback(2); }
export class Counter {
  value = 0; items = ["a", "b"];
  add(n, options) { this.value += n + (options?.extra ?? 0); return this.value; }
  failing() { throw new RangeError("in a method"); }
  [Symbol.iterator]() { return this.items[Symbol.iterator](); }
}
export const counter = () => new Counter();
export const counterOf = async (directory, count) => { writeFileSync(directory + "/" + process.pid, ""); while (readdirSync(directory).length < count) await new Promise((done) => setTimeout(done, 2)); return new Counter(); };
export const addTo = (counter, n) => counter.add(n);
export const callee = () => (a, b) => a * b;
export const table = () => new Map([["x", 1]]);

export const ask = async (callback, ...args) => ["answer", await callback(...args)];
export const askMany = async (callback, n) => Promise.all(Array.from({ length: n }, (_, i) => callback(i)));
export const tell = (callback, n) => { for (let i = 0; i < n; i++) callback(i); return n; };
export const caught = async (callback) => { try { await callback(); return "none"; } catch (error) { return [error.name, error.message, error instanceof Error]; } };
export const large = (size, fill) => new Uint8Array(size).fill(fill);
export const memory = () => process.memoryUsage().arrayBuffers;
`;

export interface SessionSandbox {
  /** Everything lies below it. */
  root: string;
  base: string;
  work: string;
  lib: string;
}

export let sandbox: SessionSandbox;
let sessions: { session: TestSession; mark: string }[] = [];
let marks = 0;

/** Registers what makes and removes the sandbox of a test file, and what looks after its sessions. */
export function useSessions(): void {
  beforeAll(() => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "sremote-session-test-")));
    sandbox = { root, base: join(root, "base"), work: root, lib: join(root, "lib.mjs") };
    writeFileSync(sandbox.lib, library);
  });
  afterEach(async () => {
    for (const { session, mark } of sessions.splice(0)) await checkEnd(session, mark);
  });
  afterAll(() => rmSync(sandbox.root, { recursive: true, force: true }));
}

/** Ends the session where the test did not, and sees that nothing of it is left. */
async function checkEnd(session: TestSession, mark: string): Promise<void> {
  if (session.child.exitCode === null && session.child.signalCode === null) {
    if (session.link === undefined) await session.resume();
    session.end().catch(crash);
  }
  // One that does not end fails its test, and holds up no other.
  await until("the end of the session", () => session.child.exitCode !== null || session.child.signalCode !== null).finally(() => {
    session.child.kill("SIGKILL");
  });
  await session.exited;
  expect(session.stderr).toBe("");
  await until("every process of the session gone", () => processesWith(mark).length === 0);
  const attach = session.welcome?.attach;
  if (attach !== undefined) await until("the session's directory gone", () => !existsSync(dirname(attach)));
}

/** A session that the end of the test ends. */
export async function startSession(options: Partial<StartOptions> = {}): Promise<TestSession> {
  const mark = `sremote-test-${process.pid}-${++marks}`;
  const session = await TestSession.start({
    base: sandbox.base,
    ...options,
    env: { ...process.env, ...options.env, SREMOTE_TEST_MARK: mark },
  });
  sessions.push({ session, mark });
  return session;
}

/** Processes of this session, by what its environment says. */
export function processesOf(session: TestSession): number[] {
  return processesWith(sessions.find((each) => each.session === session)!.mark);
}

function processesWith(mark: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "latin1").includes(mark) && isThere(pid);
      } catch {
        return false; // It ended, or is not ours.
      }
    });
}

export function lib(session: TestSession, fn: string, args: unknown[] = [], options: Parameters<TestSession["call"]>[3] = {}): TestCall {
  return session.call(sandbox.lib, fn, args, options);
}

/** Outcome and value, or outcome and code. */
export function brief({ outcome, value, error }: TestResult): unknown[] {
  return outcome === "value" ? [outcome, value] : [outcome, error?.code];
}

export const file = (name: string): string => join(sandbox.root, `${name}-${++marks}`);
export const contents = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
/** Resolves when the file is there with its whole content. */
export const written = (path: string): Promise<void> => until(`${path} written`, () => contents(path) !== "");
