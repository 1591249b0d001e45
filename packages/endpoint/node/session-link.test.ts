/* Links of a session of the Node endpoint: lost, damaged, resumed, silent; and what is left when its supervisor or its client is gone. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { encodePacket, packetKinds, sessionLimits } from "@sremote/protocol";
import { describe, expect, it } from "vitest";
import { isNightly } from "../../../test/support/nightly.ts";
import { isThere, until } from "./testing/harness.ts";
import { CallbackArgument } from "./testing/session-client.ts";
import { brief, contents, file, lib, processesOf, startSession, useSessions, written } from "./testing/session-sandbox.ts";

useSessions();

const socketsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

describe("G03 a lost link", () => {
  it.each(isNightly ? [1, 2, 7] : [1, 7])("is resumed after each %i packets with nothing lost and nothing twice", async (every) => {
    const session = await startSession({ workers: 2 });
    await session.welcomed;
    const effects = file("effects");
    const calls = Array.from({ length: 40 }, (_, n) => lib(session, "append", [effects, `${n} `], { worker: "one" }));
    const large = lib(session, "first", [new Uint8Array(3_000_000).fill(9)]);
    const talking = lib(session, "slowly", [file("talk"), 300, 500], { worker: "talker" });
    const asking = lib(session, "askMany", [new CallbackArgument(0), 50], { worker: "asker", callbacks: [(n) => Number(n) + 1] });
    session.cutting = { every, times: 20, done: 0 };
    const results = await Promise.all([...calls, large, talking, asking].map(({ result }) => result));
    expect(session.cutting.done).toBe(20);
    expect(results.map(({ outcome }) => outcome)).toEqual(results.map(() => "value"));
    expect(contents(effects)).toBe(Array.from({ length: 40 }, (_, n) => `${n} `).join(""));
    expect(results[40]!.value).toEqual(new Uint8Array(3_000_000).fill(9));
    expect(talking.stdout).toBe(Array.from({ length: 300 }, (_, n) => String(n % 10).repeat(500)).join(""));
    expect(results[42]!.value).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    expect((await lib(session, "add", [1, 2]).result).value).toBe(3);
  });

  it("with calls made and ended meanwhile", async () => {
    const session = await startSession();
    await session.welcomed;
    const ended = file("ended");
    const call = lib(session, "append", [ended, "done"]);
    session.cut();
    const late = lib(session, "add", [1, 2]);
    await session.resume();
    expect([(await call.result).value, (await late.result).value]).toEqual(["done", 3]);
    expect(contents(ended)).toBe("done");
  });

  it("that the client made up for has no lease any more; the next one has a whole lease again", async () => {
    const session = await startSession({ leaseMs: 1200 });
    const { worker } = await lib(session, "add", [1, 2]).result;
    session.cut();
    await session.resume();
    await sleep(1400); // the lease itself
    const { value, worker: after } = await lib(session, "add", [2, 2]).result;
    expect([value, after]).toEqual([4, worker]);
    session.cut();
    expect(await session.exited).toBe(0);
  });

  it("taken for alive is dropped when the client comes anew", async () => {
    const session = await startSession();
    await lib(session, "add", [1, 2]).result;
    const old = session.link!;
    session.link = undefined;
    await session.resume();
    await until("the old link ended", () => old.output.readableEnded || old.output.destroyed);
    expect((await lib(session, "add", [2, 2]).result).value).toBe(4);
    old.input.destroy();
  });

  it("a damaged packet breaks the link, not the session", async () => {
    const session = await startSession();
    await lib(session, "add", [1, 2]).result;
    const linkEnded = session.linkEnded;
    const [packet] = encodePacket(packetKinds.ping, 0, [new Uint8Array(8)]);
    packet![5] = 77;
    session.write([packet!]);
    const call = lib(session, "add", [3, 4]);
    await linkEnded;
    await session.resume();
    expect((await call.result).value).toBe(7);
  });

  it.each<[string, Uint8Array[]]>([
    ["a kind that only hosts send", encodePacket(packetKinds.pong, 0, [new Uint8Array(8)])],
    ["a counted kind that only hosts send", encodePacket(packetKinds.stdout, 1, [new Uint8Array(8)])],
    ["a second hello", encodePacket(packetKinds.hello, 0, [])],
    ["a proof that nobody asked for", encodePacket(packetKinds.proof, 0, [])],
    ["a credit as hosts give it", encodePacket(packetKinds.credit, 1, [new Uint8Array(4)])],
    ["a second opening of a stream", encodePacket(packetKinds.open, 2, [new Uint8Array(2)])],
  ])("%s breaks the link, not the session, and is not counted", async (_what, packet) => {
    const session = await startSession();
    await lib(session, "add", [1, 2]).result;
    const goOn = file("go");
    const waiting = lib(session, "until", [goOn]);
    expect(waiting.stream).toBe(2);
    const { linkEnded } = session;
    session.write(packet);
    await linkEnded;
    await session.resume();
    writeFileSync(goOn, "");
    expect((await waiting.result).value).toBe("seen");
    expect((await lib(session, "add", [3, 4]).result).value).toBe(7);
  });

  it("a client that is silent for four intervals is given up; one that pings is not", async () => {
    const session = await startSession({ heartbeatMs: 100 });
    await session.welcomed;
    const pinging = setInterval(() => session.sendUncounted(packetKinds.ping, new Uint8Array(8)), 50);
    await lib(session, "sleep", [1000]).result;
    expect(session.link!.output.readableEnded).toBe(false);
    clearInterval(pinging);
    const silentSince = performance.now();
    await session.linkEnded;
    expect(performance.now() - silentSince).toBeGreaterThan(300);
    await session.resume();
    expect((await lib(session, "add", [1, 2]).result).value).toBe(3);
  });

  it("while it is lost at most 4 MiB are kept, and the function waits; then all arrives", async () => {
    const session = await startSession();
    await session.welcomed;
    const progress = file("progress");
    session.isSilent = true;
    const call = lib(session, "slowly", [progress, 200, 100_000], { holdsCredit: true });
    session.giveCredit(call, 100_000_000);
    await written(progress);
    session.cut();
    const rss = (): number => Number(/VmRSS:\s+(\d+)/.exec(contents(`/proc/${session.child.pid}/status`))![1]) * 1024;
    let before = "";
    await until("the function standing still", () => {
      const now = contents(progress);
      const isStill = now === before && Number(now) > 20;
      before = now;
      return isStill;
    });
    expect(Number(contents(progress)) * 100_000).toBeLessThan(sessionLimits.unacknowledged + 2_000_000);
    expect(rss()).toBeLessThan(200_000_000);
    session.isSilent = false;
    await session.resume();
    expect((await call.result).value).toBe(200);
    expect(call.stdout.length).toBe(20_000_000);
  });
});

describe("who may come", () => {
  it("another protocol is refused before anything runs (G21)", async () => {
    const session = await startSession({ protocol: 2 });
    const ran = file("ran");
    lib(session, "append", [ran, "1"]);
    expect(await session.exited).toBe(0);
    expect([session.bye, contents(ran)]).toEqual(["protocol-mismatch", ""]);
  });
});

describe("G15 nothing is left", () => {
  it("after the lease: workers, their children, the supervisor", async () => {
    const session = await startSession({ leaseMs: 300 });
    const started = file("hang");
    await lib(session, "background").result;
    lib(session, "hang", [started]);
    await written(started);
    const cutAt = performance.now();
    session.cut();
    expect(await session.exited).toBe(0);
    expect(performance.now() - cutAt).toBeGreaterThan(290);
    await until("all gone", () => processesOf(session).length === 0);
    expect(isThere(Number(contents(started)))).toBe(false);
  });

  it("what resists SIGTERM when the lease is over is killed", async () => {
    const session = await startSession({ leaseMs: 0 });
    const started = file("stubborn");
    lib(session, "stubborn", [started]);
    await written(started);
    session.cut();
    expect(await session.exited).toBe(0);
    await until("all gone", () => processesOf(session).length === 0);
  });

  it.each(["SIGKILL", "SIGSEGV"] as const)("after %s of the supervisor, whatever its workers do", async (signal) => {
    const session = await startSession({ workers: 2 });
    const [busy, stubborn] = [file("busy"), file("stubborn")];
    await lib(session, "background").result;
    lib(session, "busy", [busy]);
    lib(session, "stubborn", [stubborn]);
    await Promise.all([written(busy), written(stubborn)]);
    process.kill(session.child.pid!, signal);
    expect(await session.exited).toBe(signal);
    await until("all gone", () => processesOf(session).length === 0);
    const { attach } = await session.welcomed;
    await until("the directory gone", () => !existsSync(dirname(attach)));
  });

  it("a watcher that somebody ended is replaced", async () => {
    const session = await startSession();
    await lib(session, "sleep", [1100]).result; // Only one that ends at once is not started again.
    const isWatcher = (pid: number): boolean => contents(`/proc/${pid}/cmdline`).includes("sremote-watcher");
    const [watcher] = processesOf(session).filter(isWatcher);
    process.kill(watcher!, "SIGKILL");
    await until("another watcher", () => processesOf(session).some((pid) => pid !== watcher && isWatcher(pid)));
    const started = file("busy");
    lib(session, "busy", [started]);
    await written(started);
    process.kill(session.child.pid!, "SIGKILL");
    await until("all gone", () => processesOf(session).length === 0);
  });

  it("where the watcher was killed too, the next session removes the directory", async () => {
    const session = await startSession();
    await lib(session, "add", [1, 2]).result;
    const { attach } = await session.welcomed;
    const live = await startSession();
    await live.welcomed;
    for (const pid of processesOf(session)) process.kill(pid, "SIGKILL");
    await session.exited;
    const next = await startSession();
    await next.welcomed;
    await until("the directory gone", () => !existsSync(dirname(attach)));
    expect((await lib(live, "add", [1, 2]).result).value).toBe(3);
    live.cut();
    await live.resume();
    expect((await lib(live, "add", [2, 2]).result).value).toBe(4);
  });

  it("bye ends calls under way at once", async () => {
    const session = await startSession({ workers: 2 });
    const started = file("stubborn");
    lib(session, "stubborn", [started]);
    await written(started);
    const from = performance.now();
    expect(await session.end()).toBe(0);
    expect(performance.now() - from).toBeLessThan(2000);
    await until("all gone", () => processesOf(session).length === 0);
  });

  it.each(["bye", "SIGTERM", "SIGINT"] as const)("%s: no process that nobody takes note of", async (how) => {
    const session = await startSession({ workers: 2 });
    const pids = [(await lib(session, "pid").result).value, (await lib(session, "pid", [], { worker: "named" }).result).value];
    const running = processesOf(session);
    expect(running).toEqual(expect.arrayContaining(pids));
    if (how === "bye") await session.end();
    else process.kill(session.child.pid!, how);
    expect(await session.exited).toBe(0);
    // Not even as a zombie, which only the supervisor or the first process of the host could have waited for.
    expect(running.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });

  it("G40 of hundreds of calls of all kinds: no descriptor, process or directory", async () => {
    const session = await startSession({ workers: 2 });
    await lib(session, "add", [1, 2]).result;
    await lib(session, "print").result;
    const mixed = (n: number): Promise<unknown> => {
      if (n % 10 === 3) return lib(session, "fail", ["x"]).result;
      if (n % 25 === 7) return lib(session, "exit", [1]).result;
      if (n % 20 === 9) return lib(session, "pid", [], { isolation: "call" }).result;
      if (n % 20 === 11) return lib(session, "print").result;
      return lib(session, "echo", [n]).result;
    };
    for (let n = 0; n < 100; n++) await mixed(n);
    const before = socketsOf(session.child.pid!);
    await Promise.all(Array.from({ length: 300 }, (_, n) => mixed(n)));
    expect(brief(await lib(session, "add", [1, 2]).result)).toEqual(["value", 3]);
    await until("no more processes than workers", () => processesOf(session).length <= 4);
    await until("no more descriptors than before", () => socketsOf(session.child.pid!) <= before + 8);
    const { attach } = await session.welcomed;
    expect(readdirSync(dirname(attach)).length).toBeLessThanOrEqual(3);
  });
});

it("a session whose client never says hello ends with its input", async () => {
  const session = await startSession({ omitsHello: true });
  session.child.stdin!.end();
  expect(await session.exited).toBe(0);
});
