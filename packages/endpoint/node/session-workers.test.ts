/* Which worker of a session of the Node endpoint runs a call, and how calls end. */
import { execFileSync } from "node:child_process";
import { chmodSync, constants, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeCount, packetFlags, packetKinds, sessionLimits } from "@sremote/protocol";
import { describe, expect, it } from "vitest";
import { isThere, until } from "./testing/harness.ts";
import { resultOf } from "./testing/session-client.ts";
import { brief, contents, file, lib, processesOf, sandbox, startSession, useSessions, written } from "./testing/session-sandbox.ts";

useSessions();

describe("workers", () => {
  it("run as many calls at once as was asked for, and no more; the rest waits in order", async () => {
    const session = await startSession({ workers: 2 });
    const [a, b, c, go] = [file("a"), file("b"), file("c"), file("go")];
    const first = lib(session, "hang", [a]);
    const second = lib(session, "hang", [b]);
    const waiting = ["3 ", "4 ", "5 ", "6 ", "7 "].map((text) => lib(session, "append", [c, text]));
    await Promise.all([written(a), written(b)]);
    expect(readFileSync(a, "utf8")).not.toBe(readFileSync(b, "utf8"));
    await lib(session, "append", [go, "1"], { worker: "aside" }).result;
    expect(contents(c)).toBe("");
    session.cancel(first);
    await Promise.all([first, ...waiting].map(({ result }) => result));
    expect(contents(c)).toBe("3 4 5 6 7 ");
    session.cancel(second);
    expect((await second.result).outcome).toBe("cancelled");
  });

  it("of sequential calls are one, the one that was busy last", async () => {
    const session = await startSession({ workers: 4 });
    const pids = new Set<unknown>();
    for (let n = 0; n < 10; n++) pids.add((await lib(session, "pid").result).value);
    expect(pids.size).toBe(1);
  });

  it("have the environment of their calls, each for life", async () => {
    const session = await startSession({ workers: 3 });
    const made = join(sandbox.work, "made/deep");
    const env = {
      env: [
        ["SREMOTE_TEST_A", "a", false],
        ["HOME", "/elsewhere", true],
      ] as [string, string, boolean][],
    };
    const one = await lib(session, "environment", ["SREMOTE_TEST_A"], env).result;
    expect(one.value).toBe("a");
    expect((await lib(session, "environment", ["HOME"], env).result).value).toBe(process.env["HOME"]);
    expect((await lib(session, "where", [], { cwd: made }).result).value).toEqual([made, sandbox.base]);
    expect((await lib(session, "environment", ["SREMOTE_TEST_A"]).result).value).toBeUndefined();
    expect((await lib(session, "environment", ["PATH"], { path: ["/one", "/two"] }).result).value).toBe(`${process.env["PATH"]}:/one:/two`);
    // The fourth environment takes the place of one of the three that are free; the first is asked again.
    expect((await lib(session, "environment", ["SREMOTE_TEST_A"], env).result).value).toBe("a");
  });

  it("that cannot be started refuse their calls, and no others", async () => {
    const session = await startSession({ workers: 2 });
    const refused = await lib(session, "pid", [], { cwd: sandbox.lib }).result;
    expect([refused.outcome, refused.error?.code, refused.error?.stage]).toEqual(["not-run", "not-a-file", "setup"]);
    const broken = await lib(session, "pid", [], { env: [["NODE_OPTIONS", "--no-such-option", false]] }).result;
    expect(brief(broken)).toEqual(["not-run", "endpoint-broken"]);
    expect(broken.error?.message).toContain("--no-such-option");
    expect((await lib(session, "add", [1, 2]).result).value).toBe(3);
  });

  it("without descriptors to be had refuse their calls, until there are some", async () => {
    const node = join(sandbox.root, "few-descriptors");
    writeFileSync(node, `#!/bin/sh\nulimit -n 64\nexec "${process.execPath}" "$@"\n`);
    chmodSync(node, 0o700);
    const session = await startSession({ node, workers: 40 });
    const go = file("go");
    const calls = Array.from({ length: 40 }, () => lib(session, "until", [go], { isolation: "call" }));
    const refused = await Promise.race(calls.map(({ result }) => result));
    expect(brief(refused)).toEqual(["not-run", "endpoint-broken"]);
    expect([refused.error?.message, refused.error?.hint]).toEqual([
      expect.stringContaining("as many files open as it may (EMFILE)"),
      expect.stringContaining("ulimit -n"),
    ]);
    writeFileSync(go, "1");
    const outcomes = new Set((await Promise.all(calls.map(({ result }) => result))).map(({ outcome }) => outcome));
    expect([...outcomes].toSorted()).toEqual(["not-run", "value"]);
    expect((await lib(session, "add", [1, 2], { isolation: "call" }).result).value).toBe(3);
  });

  it("whose program is gone refuse their calls at once, and those that run go on", async () => {
    const node = file("node");
    copyFileSync(process.execPath, node, constants.COPYFILE_FICLONE);
    const session = await startSession({ node, workers: 2 });
    const pid = (await lib(session, "pid").result).value;
    rmSync(node);
    const { outcome, error } = await lib(session, "pid", [], { isolation: "call" }).result;
    expect([outcome, error?.code, error?.stage]).toEqual(["not-run", "endpoint-broken", "setup"]);
    expect(error?.message).toContain(node);
    expect((await lib(session, "pid").result).value).toBe(pid);
  });

  it("are started again when the shell that watches over them ended while no descriptor was to be had", async () => {
    const session = await startSession({ workers: 2 });
    const pid = (await lib(session, "pid").result).value;
    const supervisor = session.child.pid!;
    const watcher = (): number | undefined =>
      processesOf(session).find((each) => contents(`/proc/${each}/cmdline`).includes("sremote-watcher"));
    const taken = readdirSync(`/proc/${supervisor}/fd`).map(Number);
    const limit = taken.findIndex((_, number) => !taken.includes(number));
    const setLimit = (most: number): unknown => execFileSync("prlimit", ["--pid", String(supervisor), `--nofile=${most}:`]);
    setLimit(limit < 0 ? taken.length : limit);
    process.kill(watcher()!, "SIGKILL");
    const isolated = { isolation: "call" } as const;
    expect((await lib(session, "pid", [], isolated).result).error?.message).toContain("EMFILE");
    expect((await lib(session, "pid").result).value).toBe(pid);
    setLimit(1000);
    expect((await lib(session, "add", [1, 2], isolated).result).value).toBe(3);
    expect(watcher()).toBeGreaterThan(0);
  });

  it("by name keep their state, beside the others", async () => {
    const session = await startSession({ workers: 1 });
    const named = { worker: "mine" };
    expect((await lib(session, "counted", [], named).result).value).toBe(1);
    expect((await lib(session, "counted").result).value).toBe(1);
    expect((await lib(session, "counted", [], named).result).value).toBe(2);
    expect((await lib(session, "counted", [], { worker: "yours" }).result).value).toBe(1);
    const all = await Promise.all(Array.from({ length: 5 }, () => lib(session, "counted", [], named).result));
    expect(all.map(({ value }) => value)).toEqual([3, 4, 5, 6, 7]);
  });

  it("with isolation are fresh for each call and end with it", async () => {
    const session = await startSession({ workers: 2 });
    const calls = Array.from({ length: 4 }, () => lib(session, "counted", [], { isolation: "call" }).result);
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual([1, 1, 1, 1]);
    const pid = (await lib(session, "pid", [], { isolation: "call" }).result).value;
    await until("the process gone", () => !isThere(Number(pid)));
    const own = (await lib(session, "pid").result).value;
    // The supervisor, its watcher and the warm worker; the harness marks no other.
    await until("only the warm one left", () => processesOf(session).length === 3);
    expect(processesOf(session)).toContain(own);
  });

  it("loginEnv loads what login files set", async () => {
    const home = join(sandbox.root, "home");
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, ".profile"), 'echo welcome; export FROM_LOGIN="a > b"');
    const session = await startSession({ env: { HOME: home } });
    expect((await lib(session, "environment", ["FROM_LOGIN"], { loginEnv: true }).result).value).toBe("a > b");
    expect((await lib(session, "environment", ["FROM_LOGIN"]).result).value).toBeUndefined();
  });
});

describe("results of earlier calls as arguments", () => {
  it("in one go, in the same worker", async () => {
    const session = await startSession({ workers: 2 });
    const three = lib(session, "add", [1, 2], { keep: true, keepUses: 2 });
    const after = { after: three.stream };
    const seven = lib(session, "add", [resultOf(three), 4], { ...after, keep: true, keepUses: 1 });
    const list = lib(session, "echo", [[resultOf(three)], { sum: resultOf(seven) }], after);
    expect((await list.result).value).toEqual([[3], { sum: 7 }]);
    expect(new Set([(await three.result).worker, (await seven.result).worker, (await list.result).worker]).size).toBe(1);
    // It was taken as often as was said.
    expect(brief(await lib(session, "first", [resultOf(three)], after).result)).toEqual(["not-run", "dependency-failed"]);
  });

  it("undefined too", async () => {
    const session = await startSession();
    const none = lib(session, "nothing", [], { keep: true, keepUses: 1 });
    const echo = lib(session, "echo", [1, resultOf(none), [resultOf(none)]], { after: none.stream });
    expect((await echo.result).value).toEqual([1, undefined, [undefined]]);
  });

  it("where there is none, say why", async () => {
    const session = await startSession();
    const failing = lib(session, "fail", ["the reason"], { keep: true, keepUses: 1 });
    const result = await lib(session, "first", [resultOf(failing)], { after: failing.stream }).result;
    expect(result).toMatchObject({
      outcome: "not-run",
      error: { code: "dependency-failed", cause: { code: "raised", message: "the reason" } },
    });
    const dead = lib(session, "exit", [3], { keep: true, keepUses: 1 });
    const orphan = lib(session, "first", [resultOf(dead)], { after: dead.stream });
    expect((await orphan.result).error).toMatchObject({ code: "dependency-failed", cause: { code: "exited" } });
    const late = lib(session, "first", [resultOf(dead)], { after: dead.stream });
    expect((await late.result).error).toMatchObject({ code: "dependency-failed", cause: { code: "exited" } });
    expect(brief(await lib(session, "first", [1], { after: 999 }).result)).toEqual(["not-run", "dependency-failed"]);
    expect(brief(await lib(session, "first", [1], { on: 999 }).result)).toEqual(["not-run", "object-lost"]);
  });

  it("of a call whose process has ended and is not told of yet", async () => {
    const session = await startSession();
    const [module, pid] = [`${file("leaving")}.mjs`, file("pid")];
    writeFileSync(
      module,
      `import { spawn } from "node:child_process"; import { writeFileSync } from "node:fs";
export const leave = (path) => { spawn("sleep", ["20"], { stdio: "inherit" }); writeFileSync(path, String(process.pid)); process.exit(3); };`,
    );
    const dead = session.call(module, "leave", [pid], { keep: true, keepUses: 1 });
    await written(pid);
    await until("its end", () => !isThere(Number(contents(pid))));
    const orphan = lib(session, "first", [resultOf(dead)], { after: dead.stream });
    expect((await orphan.result).error).toMatchObject({ code: "dependency-failed", cause: { code: "exited" } });
  });

  it("of a call that never got a worker", async () => {
    const session = await startSession();
    const hanging = lib(session, "hang");
    const waiting = lib(session, "add", [1, 2], { keep: true, keepUses: 1 });
    const follower = lib(session, "first", [resultOf(waiting)], { after: waiting.stream });
    session.cancel(waiting);
    expect(brief(await waiting.result)).toEqual(["cancelled", "cancelled"]);
    expect((await follower.result).error).toMatchObject({ code: "dependency-failed", cause: { code: "cancelled" } });
    session.cancel(hanging);
    await hanging.result;
  });
});

describe("G24 each end is named, and costs that call only", () => {
  it.each([0, 3, 255])("process.exit(%i)", async (status) => {
    const session = await startSession();
    const call = lib(session, "exit", [status]);
    expect(await call.result).toMatchObject({ outcome: "killed", exitCode: status, error: { code: "exited" } });
    expect(call.stdout).toBe("before\n");
    expect((await lib(session, "add", [1, 2]).result).value).toBe(3);
  });

  it.each(["SIGKILL", "SIGSEGV", "SIGTERM"])("%s", async (name) => {
    const session = await startSession();
    expect(await lib(session, "signal", [name]).result).toMatchObject({ outcome: "killed", signal: name, error: { code: "killed" } });
    expect((await lib(session, "add", [1, 2]).result).value).toBe(3);
  });

  it("process.abort(), with its last words", async () => {
    const session = await startSession();
    expect(await lib(session, "abort").result).toMatchObject({ outcome: "killed", signal: "SIGABRT" });
    expect((await lib(session, "add", [1, 2]).result).value).toBe(3);
  });

  it("out of memory", async () => {
    const session = await startSession();
    const result = await lib(session, "hog", [], { env: [["NODE_OPTIONS", "--max-old-space-size=40", false]] }).result;
    expect(brief(result)).toEqual(["killed", "out-of-memory"]);
  });

  it.each([
    ["unhandled", "rejected aside"],
    ["uncaught", "thrown aside"],
    ["never", "never settles"],
  ])("%s", async (fn, message) => {
    const session = await startSession();
    const { value: before } = await lib(session, "pid").result;
    const { outcome, error } = await lib(session, fn).result;
    expect(outcome).toBe("raised");
    expect(error?.message).toContain(message);
    expect((await lib(session, "pid").result).value).not.toBe(before);
  });

  it("a promise that never settles is noticed in a warm worker too, again and again", async () => {
    const session = await startSession();
    for (let n = 0; n < 3; n++) {
      await lib(session, "add", [1, 2]).result;
      expect((await lib(session, "never").result).error?.message).toContain("never settles");
    }
  });

  it("what is thrown between calls ends the worker, and no call", async () => {
    const session = await startSession();
    for (let n = 0; n < 5; n++) {
      const thrown = file("thrown");
      const { value: before } = await lib(session, "pid").result;
      await lib(session, "bomb", [thrown]).result;
      await written(thrown);
      const after = await lib(session, "pid").result;
      expect(after.outcome).toBe("value");
      const last = await lib(session, "pid").result;
      expect(last.outcome).toBe("value");
      expect(last.value).not.toBe(before);
    }
  });

  it("death while the result is being sent: what came of it is void", async () => {
    const session = await startSession();
    const { value: pid } = await lib(session, "pid").result;
    session.isSilent = true;
    const call = lib(session, "large", [30_000_000, 1]);
    // Without acknowledgement the supervisor stops reading, in the midst of the result's frame.
    await until("as much as may be on its way", () => session.packets.length >= sessionLimits.unacknowledged / sessionLimits.dataPayload);
    process.kill(Number(pid), "SIGKILL");
    session.isSilent = false;
    session.sendUncounted(packetKinds.ack, encodeCount(session.receipt.tell()));
    const result = await call.result;
    expect(result).toMatchObject({ outcome: "killed", signal: "SIGKILL", flags: packetFlags.last | packetFlags.fresh });
    expect((await lib(session, "add", [1, 2]).result).value).toBe(3);
  });

  it("scribbling on the private channel", async () => {
    const session = await startSession();
    expect((await lib(session, "descriptor").result).outcome).toBe("killed");
    expect((await lib(session, "add", [1, 2]).result).value).toBe(3);
  });

  it("a request that is damaged on its way to the worker", async () => {
    const session = await startSession();
    expect(brief(await lib(session, "fail", ["ran"], { isDamaged: true }).result)).toEqual(["not-run", "protocol-error"]);
    expect(brief(await lib(session, "fail", ["x".repeat(100_000)], { isDamaged: true }).result)).toEqual(["not-run", "protocol-error"]);
    expect((await lib(session, "add", [1, 2]).result).value).toBe(3);
  });
});

describe("G14 stopping a call", () => {
  it.each(["hang", "busy", "stubborn"])("a cancelled %s ends with its process, and the next call finds a worker", async (fn) => {
    const session = await startSession();
    const started = file(fn);
    const call = lib(session, fn, [started]);
    await written(started);
    session.cancel(call);
    expect(brief(await call.result)).toEqual(["cancelled", "cancelled"]);
    expect(isThere(Number(contents(started)))).toBe(false);
    expect((await lib(session, "add", [1, 2]).result).value).toBe(3);
  });

  it("a value that comes too late is none", async () => {
    const session = await startSession();
    const started = file("polite");
    const call = lib(session, "politely", [started]);
    await written(started);
    session.cancel(call);
    expect(brief(await call.result)).toEqual(["cancelled", "cancelled"]);
  });

  it("children in its group end too", async () => {
    const session = await startSession();
    const { value: child } = await lib(session, "background").result;
    expect(isThere(Number(child))).toBe(true);
    const started = file("hang");
    const call = lib(session, "hang", [started]);
    await written(started);
    session.cancel(call);
    await call.result;
    await until("the child gone", () => !isThere(Number(child)));
  });

  it.each(["hang", "busy"])("the run deadline passes in %s", async (fn) => {
    const session = await startSession();
    await lib(session, "add", [1, 2]).result;
    const started = performance.now();
    const { outcome, error } = await lib(session, fn, [], { timeoutMs: 300 }).result;
    expect([outcome, error?.code, error?.message]).toEqual(["timeout", "timeout", "the function did not end within 300 ms and was ended"]);
    expect(performance.now() - started).toBeGreaterThan(290);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it("the idle deadline passes only where nothing comes", async () => {
    const session = await startSession();
    const talking = lib(session, "slowly", [file("talk"), 20, 1], { idleMs: 1000 });
    expect((await talking.result).value).toBe(20);
    const { outcome, error } = await lib(session, "hang", [], { idleMs: 200 }).result;
    expect([outcome, error?.message]).toEqual(["timeout", "the function gave no sign of life for 200 ms and was ended"]);
  });

  it("the queue deadline passes, and the call never ran; that of one that runs means nothing any more", async () => {
    const session = await startSession();
    await lib(session, "add", [1, 2]).result;
    const started = file("hang");
    const ran = file("ran");
    const hanging = lib(session, "hang", [started], { queueMs: 1000 });
    await written(started);
    const { outcome, error } = await lib(session, "append", [ran, "1"], { queueMs: 1100 }).result;
    expect([outcome, error?.code, error?.stage]).toEqual(["not-run", "timeout", "queue"]);
    session.cancel(hanging);
    expect(brief(await hanging.result)).toEqual(["cancelled", "cancelled"]);
    await lib(session, "add", [1, 2]).result;
    expect(contents(ran)).toBe("");
  });
});
