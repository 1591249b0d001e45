/* Calls over a session of the Node endpoint: values, errors, output, credit. */
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { sessionLimits } from "@sremote/protocol";
import { describe, expect, it } from "vitest";
import { until } from "./testing/harness.ts";
import { brief, contents, file, lib, sandbox, startSession, useSessions } from "./testing/session-sandbox.ts";

useSessions();

describe("a session", () => {
  it("says where it runs, and writes nothing to the host's disk", async () => {
    const session = await startSession();
    const welcome = await session.welcomed;
    expect(welcome.host).toMatchObject({ runtime: "node", version: process.versions.node, pid: session.child.pid, base: sandbox.base });
    expect(welcome.host.endpoint).toMatch(/^[0-9a-f]{64}$/);
    expect((await lib(session, "pid").result).value).not.toBe(session.child.pid);
    expect(welcome.attach).toMatch(/^\/dev\/shm\/sremote-/);
    expect(readdirSync(sandbox.root)).not.toContain("base");
  });

  it.each([
    ["node:path", "basename", ["/a/b"], "b"],
    ["path", "posix.basename", ["/a/b"], "b"],
    ["node:buffer", "Buffer.from", ["hi"], Uint8Array.of(104, 105)],
    ["node:url", "URL", ["http://a.example/b"], new URL("http://a.example/b")],
  ])("%s %s", async (module, fn, args, expected) => {
    const session = await startSession();
    expect(brief(await session.call(module, fn, args).result)).toEqual(["value", expected]);
  });

  it("G30 values come back exactly, keyword arguments as one object", async () => {
    const session = await startSession();
    const values = [
      -0,
      NaN,
      2n ** 63n,
      "\ud800",
      JSON.parse('{"__proto__":1}'),
      new Map([[[1], new Set(["a"])]]),
      new Date(1),
      undefined,
      null,
    ];
    expect((await lib(session, "echo", values).result).value).toEqual(values);
    expect((await lib(session, "echo", [1], { kwargs: { a: 2 } }).result).value).toEqual([1, { a: 2 }]);
    expect(brief(await lib(session, "nothing").result)).toEqual(["value", undefined]);
  });

  it("errors have type, message, frames; results that cannot travel name the path; each costs only its call", async () => {
    const session = await startSession();
    const { worker, error, usage } = await lib(session, "fail", ["no"]).result;
    expect(error).toMatchObject({
      code: "raised",
      stage: "call",
      type: "RangeError",
      message: "no",
      frames: [{ file: sandbox.lib, function: "fail" }],
    });
    expect(usage?.maxRssBytes).toBeGreaterThan(10_000_000);
    expect((await lib(session, "nested").result).error).toMatchObject({ code: "unserializable-result", path: "return.items[1].handler" });
    expect(brief(await session.call("absent", "f").result)).toEqual(["not-run", "module-not-found"]);
    expect(brief(await session.call("node:os", "hostnam").result)).toEqual(["not-run", "function-not-found"]);
    expect(brief(await lib(session, "add", [1, 2], { modules: { "not-there": null } }).result)).toEqual(["not-run", "module-missing"]);
    expect((await lib(session, "pid").result).worker).toBe(worker);
  });

  it("modules stay loaded, and see no trace of how their process was started", async () => {
    const session = await startSession();
    expect([(await lib(session, "counted").result).value, (await lib(session, "counted").result).value]).toEqual([1, 2]);
    const types = ["undefined", "undefined", "undefined", "undefined", "object", "object"];
    expect((await lib(session, "globals").result).value).toEqual([...types, 2, 0]);
  });

  it("the default working directory is the home directory, and no worker is kept from its environment", async () => {
    const session = await startSession({ env: { SREMOTE_NODE_OPTIONS: "--title=renamed" } });
    expect((await lib(session, "where").result).value).toEqual([process.env["HOME"], sandbox.base]);
    expect((await lib(session, "environment", ["NODE_OPTIONS"]).result).value).toBe("--title=renamed");
  });
});

describe("output", () => {
  it("of console, streams and child processes comes in order, and before the result", async () => {
    const session = await startSession();
    const call = lib(session, "print");
    expect(brief(await call.result)).toEqual(["value", "done"]);
    expect([call.stdout, call.stderr]).toEqual(["console\nstream child\n", "problem\n"]);
    expect(call.events.indexOf("result")).toBe(call.events.length - 1);
  });

  it("of many calls is told apart, whatever each leaves behind in time", async () => {
    const session = await startSession();
    for (let n = 0; n < 30; n++) {
      const call = lib(session, "much", [n * 1000]);
      expect((await call.result).value).toBe(n * 1000);
      expect([call.stdout.length, call.stderr.length]).toEqual([n * 1000, n * 1000]);
    }
  });

  it("of a program that opens /dev/stdout, and byte for byte (G31)", async () => {
    const session = await startSession();
    const device = lib(session, "toDevice");
    expect([(await device.result).value, device.stdout, device.stderr]).toEqual([0, "out\n", "err\n"]);
    const bytes = lib(session, "bytes");
    await bytes.result;
    expect(Buffer.concat(bytes.output.stdout)).toEqual(Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256)));
    expect(Buffer.concat(bytes.output.stderr)).toEqual(Buffer.of(0, 255, 0));
  });

  it("comes while the function runs", async () => {
    const session = await startSession();
    const [progress, go] = [file("progress"), file("go")];
    const call = lib(session, "slowly", [progress, 1, 3]);
    const waiting = lib(session, "until", [go]);
    await until("output", () => call.stdout === "000");
    await call.result;
    await lib(session, "append", [go, "1"], { worker: "other" }).result;
    expect((await waiting.result).value).toBe("seen");
  });

  it("without credit the function waits, and nothing is lost", async () => {
    const session = await startSession();
    const progress = file("progress");
    const call = lib(session, "slowly", [progress, 1000, 1000], { holdsCredit: true });
    const sent = (): number => call.stdout.length;
    await until("the credit used up", () => sent() === sessionLimits.outputCredit);
    // Another call gets through meanwhile, and tells that the function stands still.
    const other = await lib(session, "add", [1, 2], { worker: "other" }).result;
    expect(other.value).toBe(3);
    expect(sent()).toBe(sessionLimits.outputCredit);
    expect(Number(contents(progress))).toBeLessThan(700);
    session.giveCredit(call, 1_000_000);
    expect((await call.result).value).toBe(1000);
    expect(call.stdout).toBe(Array.from({ length: 1000 }, (_, index) => String(index % 10).repeat(1000)).join(""));
  });

  it("a result waits for the credit of what was printed before it, even when the process is gone", async () => {
    const session = await startSession();
    const call = lib(session, "much", [300_000], { holdsCredit: true, isolation: "call" });
    await until(
      "the credit used up",
      () => call.stdout.length === sessionLimits.outputCredit && call.stderr.length === sessionLimits.outputCredit,
    );
    expect(call.events).not.toContain("result");
    session.giveCredit(call, 100_000, 100_000);
    expect((await call.result).value).toBe(300_000);
    expect([call.stdout.length, call.stderr.length]).toEqual([300_000, 300_000]);
  });

  it("that is muted is counted, not sent, and told before the result", async () => {
    const session = await startSession();
    const call = lib(session, "much", [1_000_000], { holdsCredit: true });
    session.mute(call);
    expect((await call.result).value).toBe(1_000_000);
    expect(call.totals).toEqual([1_000_000, 1_000_000]);
    expect(call.events.slice(-2)).toEqual(["totals", "result"]);
    const half = lib(session, "much", [500_000], { holdsCredit: true });
    session.mute(half, 1);
    await until("stderr's credit used up", () => half.stderr.length === sessionLimits.outputCredit);
    session.mute(half, 2);
    await half.result;
    expect([half.totals, half.stderr.length]).toEqual([[500_000, 500_000], sessionLimits.outputCredit]);
  });

  it("G11 300 MB to a slow reader, in bounded memory of the supervisor", async () => {
    const session = await startSession();
    await lib(session, "print").result;
    const rss = (): number => Number(/VmHWM:\s+(\d+)/.exec(contents(`/proc/${session.child.pid}/status`))![1]) * 1024;
    const before = rss();
    const call = lib(session, "flood", [300_000_000], { holdsCredit: true });
    let received = 0;
    const reading = async (): Promise<void> => {
      while (received < 300_000_000) {
        await until("output", () => call.output.stdout.length > 0);
        const bytes = call.output.stdout.splice(0).reduce((sum, { length }) => sum + length, 0);
        session.packets.length = 0;
        received += bytes;
        session.giveCredit(call, bytes * 20);
      }
    };
    await Promise.all([reading(), call.result]);
    expect(received).toBe(300_000_000);
    expect(rss() - before).toBeLessThan(64 * 1024 * 1024);
  });

  it("of a process that a call left behind is not taken for the next call's", async () => {
    const session = await startSession();
    const left = lib(session, "leave", ["late words"]);
    const { worker } = await left.result;
    const next = lib(session, "release");
    expect((await next.result).worker).toBe(worker); // the same process, with other pipes
    const last = lib(session, "sleep", [100, "slept"]);
    expect((await last.result).value).toBe("slept");
    expect([left.stdout, next.stdout, last.stdout]).toEqual(["", "", ""]);
    expect((await lib(session, "print").result).value).toBe("done");
  });

  it("between calls belongs to nobody", async () => {
    const session = await startSession();
    await lib(session, "ticking").result;
    const before = (await lib(session, "ticks").result).value as number;
    await lib(session, "sleep", [100], { worker: "other" }).result;
    const call = lib(session, "ticks");
    const after = (await call.result).value as number;
    expect(after).toBeGreaterThan(before + 10);
    // What is printed as it begins and ends may come with it, and nothing of long before.
    for (const line of call.stdout.split("\n").slice(0, -1)) expect(Number(line)).toBeGreaterThan((before + after) / 2);
  });
});

const isRoot = process.geteuid?.() === 0;
if (!isRoot) process.stdout.write("left out, since it needs root: a host without /dev/shm\n");

describe.runIf(isRoot)("on a host where nothing can be kept in memory", () => {
  const node = (): string => {
    const script = file("no-memory");
    writeFileSync(
      script,
      `#!/bin/sh\nunset XDG_RUNTIME_DIR\nexec unshare -m sh -c 'mount -t tmpfs -o ro none /dev/shm; exec "$0" "$@"' "${process.execPath}" "$@"\n`,
    );
    chmodSync(script, 0o700);
    return script;
  };

  it("output goes through sockets, and a worker that left a process behind is replaced", async () => {
    const session = await startSession({ node: node() });
    expect((await session.welcomed).attach.startsWith(`${tmpdir()}/sremote-`)).toBe(true);
    const call = lib(session, "print");
    expect([(await call.result).value, call.stdout, call.stderr]).toEqual(["done", "console\nstream child\n", "problem\n"]);
    const left = await lib(session, "leave", ["late words"]).result;
    const next = lib(session, "much", [100_000]);
    expect((await next.result).worker).not.toBe(left.worker);
    expect([next.stdout.length, next.stderr.length]).toEqual([100_000, 100_000]);
    session.cut();
    await session.resume();
    expect((await lib(session, "add", [1, 2]).result).value).toBe(3);
  });

  it("one that keeps an object is not", async () => {
    const session = await startSession({ node: node() });
    const { worker } = await lib(session, "counter", [], { returns: "object" }).result;
    expect((await lib(session, "print", [], { on: worker }).result).value).toBe("done");
    expect((await lib(session, "add", [1, 2], { on: worker }).result).value).toBe(3);
  });
});

describe("large arguments and results", () => {
  it("64 MiB each way, with the supervisor's memory bounded and other calls in between", async () => {
    const session = await startSession({ workers: 2 });
    const rss = (): number => Number(/VmHWM:\s+(\d+)/.exec(contents(`/proc/${session.child.pid}/status`))![1]) * 1024;
    await lib(session, "add", [1, 2]).result;
    const before = rss();
    const bytes = new Uint8Array(67_108_864).fill(7);
    const call = lib(session, "first", [bytes]);
    const small = Array.from({ length: 10 }, async () => (await lib(session, "add", [1, 2]).result).value);
    expect(await Promise.all(small)).toEqual(Array.from({ length: 10 }, () => 3));
    const { value } = await call.result;
    expect(Buffer.compare(value as Uint8Array, bytes)).toBe(0);
    expect(call.credited).toBeGreaterThan(60_000_000);
    expect(rss() - before).toBeLessThan(100_000_000);
  });

  it("a result beyond the limit of a frame fails only its call", async () => {
    const session = await startSession();
    const result = await session.call("node:buffer", "Buffer.alloc", [2 ** 30 + 1]).result;
    expect(brief(result)).toEqual(["raised", "limit-exceeded"]);
    expect(brief(await lib(session, "add", [1, 2]).result)).toEqual(["value", 3]);
  });
});
