/* What calls can do over a session, in both runtimes, on this machine; nightly over SSH as well. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Call, RemoteClient, type RemoteIterable, RemoteObject } from "@sremote/client";
import { RemoteExecError } from "@sremote/protocol";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { isAlive } from "../../scripts/labs/processes.ts";
import { until } from "../../scripts/labs/wait.ts";
import { hostKinds, stopSshd, type TestHost, withRuntimes } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { rejection } from "../support/rejection.ts";
import { writeModules } from "./module.ts";

afterAll(stopSshd);

// Over ssh test/sessions/faults.test.ts tries calls of each kind, with the link whole and cut.
const live = hostKinds.filter(({ name }) => name === "local" || (isNightly && name === "ssh"));
const each = withRuntimes(live);

describe.each(each)("a session of $name", ({ kind, runtime }) => {
  let host: TestHost;
  let client: RemoteClient;
  let lab: string;

  beforeEach(async () => {
    host = await kind.start();
    lab = (await writeModules(host.home))[runtime];
    client = new RemoteClient(host.connector, { runtime, pwdDir: "lab", workers: 2 });
  });

  afterEach(async () => {
    await client.close();
    await host[Symbol.asyncDispose]();
  });

  test("keeps a process warm between calls, and gives a fresh one where that is asked for", async () => {
    const first = (await client.doRemoteCall<number>(lab, "pid")).value;
    expect((await client.doRemoteCall(lab, "pid")).value).toBe(first);
    const alone = (await client.doRemoteCall(lab, "pid", [], { isolation: "call" })).value;
    expect(alone).not.toBe(first);
    expect((await client.doRemoteCall(lab, "pid", [], { isolation: "call" })).value).not.toBe(alone);
    expect((await client.doRemoteCall(lab, "pid")).value).toBe(first);
  });

  test("pins calls of one worker name to one process", async () => {
    const first = await client.call(lab, "remember", [1], { workerName: "state" });
    await client.call(lab, "remember", [9], { workerName: "other" });
    const second = await client.call(lab, "remember", [2], { workerName: "state" });
    expect([first.value, second.value]).toEqual([[1], [1, 2]]);
  });

  test("runs as many calls at once as it has workers, and the others after them", async () => {
    const calls = Array.from({ length: 6 }, () => client.call<number>(lab, "pid"));
    const naps = Array.from({ length: 2 }, () => client.call(lab, "nap", [0.3]));
    const pids = await Promise.all(calls.map((call) => call.value));
    expect(new Set(pids).size).toBeLessThanOrEqual(2);
    expect(await Promise.all(naps.map((call) => call.value))).toEqual([0.3, 0.3]);
  });

  test("gives output with the result, in order and complete", async () => {
    for (let round = 0; round < 20; round++) {
      const { value, stdout } = await client.doRemoteCall(lab, "say", [`a${round}`, "b"]);
      expect([value, stdout]).toEqual([2, `a${round}\nb\n`]);
    }
  });

  test("gives output live", async () => {
    const call = client.call(lab, "tick", [3, 0.2]);
    const seen: string[] = [];
    for await (const line of call.stdout) {
      seen.push(line);
      if (seen.length === 1) await expect(Promise.race([call, Promise.resolve("running")])).resolves.toBe("running");
    }
    expect(seen).toEqual(["tick 0", "tick 1", "tick 2"]);
    expect((await call).stdout).toBe("");
  });

  test("passes output on to a sink, discards it, or cuts it at a limit and says so", async () => {
    const chunks: Uint8Array[] = [];
    const teed = await client.call(lab, "say", ["one", "two"], {
      stdout: { write: (chunk: Uint8Array) => void chunks.push(Uint8Array.from(chunk)) },
    });
    expect([Buffer.concat(chunks).toString(), teed.stdout]).toEqual(["one\ntwo\n", "one\ntwo\n"]);
    const discarded = await client.call(lab, "loud", [100, 1000], { stdout: "discard" });
    expect([discarded.stdout, discarded.output.stdout.total, discarded.output.stdout.truncated]).toEqual(["", 100_000, false]);
    const cut = await client.call(lab, "loud", [1000, 1000], { outputLimit: 2500 });
    expect([cut.stdout.length, cut.output.stdout.total, cut.output.stdout.truncated]).toEqual([2500, 1_000_000, true]);
  });

  test("names how a function's process ended, and goes on", async () => {
    const exited = await rejection(client.doRemoteCall(lab, "die", ["exit"]));
    expect(exited).toMatchObject({ code: "exited", exitCode: 3, outcome: "killed" });
    const left = await rejection(client.doRemoteCall(lab, "die", ["sysexit"]));
    expect(left).toMatchObject({ code: "exited", exitCode: 4, outcome: "killed" });
    const killed = await rejection(client.doRemoteCall(lab, "die", ["9"]));
    expect(killed).toMatchObject({ code: "killed", signal: "SIGKILL", outcome: "killed" });
    expect((await client.doRemoteCall(lab, "add", [1, 2])).value).toBe(3);
  });

  test("G14 cancels a function that runs, and one that waits for its turn", async () => {
    const running = [client.call(lab, "spin"), client.call(lab, "nap", [60])];
    const waiting = client.call(lab, "effect", [join(host.home, "ran")]);
    for (const call of running) call.catch(() => undefined);
    await waiting.cancel();
    expect(await rejection(waiting)).toMatchObject({ code: "cancelled", outcome: "cancelled" });
    await Promise.all(running.map((call) => call.cancel()));
    for (const call of running) expect(await rejection(call)).toMatchObject({ code: "cancelled", outcome: "cancelled" });
    expect((await client.doRemoteCall(lab, "add", [1, 2])).value).toBe(3);
    await expect(readFile(join(host.home, "ran"))).rejects.toThrow("ENOENT");
  });

  test("G24 keeps run, queue and idle deadlines apart", async () => {
    // Deadlines count from the call: that the session starts is none of what is measured.
    await client.doRemoteCall(lab, "add", [1, 2]);
    const late = await rejection(client.doRemoteCall(lab, "spin", [], { timeout: 300 }));
    expect(late).toMatchObject({ code: "timeout", outcome: "timeout", stage: "call" });
    const naps = [client.call(lab, "nap", [3]), client.call(lab, "nap", [3])];
    const queued = await rejection(client.doRemoteCall(lab, "add", [1, 2], { queueTimeout: 200 }));
    expect(queued).toMatchObject({ code: "timeout", outcome: "not-run", stage: "queue" });
    for (const nap of naps) await nap.cancel();
    const idle = await rejection(client.doRemoteCall(lab, "nap", [60], { idleTimeout: 300 }));
    expect(idle).toMatchObject({ code: "timeout", outcome: "timeout" });
    // What prints is not idle.
    expect((await client.doRemoteCall(lab, "tick", [6, 0.2], { idleTimeout: 1000 })).stdout).toContain("tick 5");
  });

  test.each(["count", "acount"])("iterates a generator (%s) one item at a time, and closes it when the loop is left", async (name) => {
    const items: unknown[] = [];
    for await (const item of client.call(lab, name, [4]).items()) items.push(item);
    expect(items).toEqual([0, 1, 2, 3]);
    const log = join(host.home, "log");
    for await (const item of client.call(lab, name, [1_000_000, log]).items()) if (item === 2) break;
    expect(await readFile(log, "utf8")).toBe("closed\n");
  });

  test("makes items only when they are wanted, and gives what a generator returns", async () => {
    const call = client.call<RemoteIterable<number>>(lab, "count", [3]);
    const { value: items } = await call;
    expect(await items.next()).toEqual({ done: false, value: 0 });
    const lines = call.stdout.lines();
    expect((await lines.next()).value).toBe("making 0");
    const more = lines.next();
    await client.doRemoteCall(lab, "add", [1, 2]);
    await expect(Promise.race([more, Promise.resolve("nothing yet")])).resolves.toBe("nothing yet");
    expect(await items.next()).toEqual({ done: false, value: 1 });
    expect((await more).value).toBe("making 1");
    await items.next();
    expect(await items.next()).toEqual({ done: true, value: "all" });
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });

  test("throws what a generator raises where it is iterated", async () => {
    const seen: unknown[] = [];
    const loop = async (): Promise<void> => {
      for await (const item of client.call(lab, "breaks", [2])) seen.push(item);
    };
    expect(await rejection(loop())).toMatchObject({ code: "raised", message: expect.stringContaining("broken after 2") });
    expect(seen).toEqual([0, 1]);
  });

  test("lets a function call back", async () => {
    const seen: [number, number][] = [];
    const { value } = await client.call(lab, "progress", [
      (at: number, of: number) => {
        seen.push([at, of]);
        return at * 10;
      },
      3,
    ]);
    expect([value, seen]).toEqual([
      30,
      [
        [0, 3],
        [1, 3],
        [2, 3],
      ],
    ]);
    const bytes = await client.call(lab, "ask", [async (data: Uint8Array) => data.toReversed(), Uint8Array.of(1, 2, 3)]);
    expect(bytes.value).toEqual(["answer", Uint8Array.of(3, 2, 1)]);
    expect((await client.call(lab, "ask_in_thread", [(from: string) => `hello ${from}`])).value).toEqual(["hello thread"]);
  });

  test("carries the error of a callback to the function, and back to its owner", async () => {
    const own = new TypeError("no good");
    const error = await rejection(
      client.call(lab, "ask", [
        () => {
          throw own;
        },
      ]),
    );
    expect(error).toBeInstanceOf(RemoteExecError);
    expect(error).toMatchObject({ code: "raised", message: expect.stringContaining("no good") });
    expect((error as Error).cause).toBe(own);
  });

  test("keeps objects on the host", async () => {
    const { value: counter } = await client.call(lab, "counter", [5], { returns: "object" });
    await using held = counter;
    expect(held).toBeInstanceOf(RemoteObject);
    expect(held.type).toContain("Counter");
    const up = await held.call<number>("up", [2]);
    expect([up.value, up.stdout]).toEqual([7, "up by 2\n"]);
    expect(await held.get("value")).toBe(7);
    await held.set("value", 3);
    expect((await client.call(lab, "value_of", [held])).value).toBe(3);
    expect(await held.item("a")).toBe(1);
    await held.setItem("b", [1, 2]);
    expect(await held.item("b")).toEqual([1, 2]);
    const items: unknown[] = [];
    for await (const item of held) items.push(item);
    expect(items).toEqual([0, 1, 2]);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a program without types may do
    expect(await rejection(held.get(5 as unknown as string))).toMatchObject({ code: "invalid-argument" });
    expect(await rejection(held.set("", 1))).toMatchObject({ code: "invalid-argument" });
    await held.release();
    expect(await rejection(held.get("value"))).toMatchObject({ code: "object-lost", outcome: "not-run" });
  });

  test("forgets an object whose lease is over, and says so", async () => {
    const { value: counter } = await client.call(lab, "counter", [5], { returns: "object", objectTimeout: 200 });
    expect(await counter.get("value")).toBe(5);
    await client.doRemoteCall(lab, "nap", [0.5]);
    expect(await rejection(counter.get("value"))).toMatchObject({ code: "object-lost" });
  });

  test("releases an object where it is, also while another worker is free", async () => {
    const { value: counter } = await client.call(lab, "counter", [5], { returns: "object", workerName: "releasing" });
    await client.doRemoteCall(lab, "nap", [0]);
    await counter.release();
    expect(await rejection(counter.get("value"))).toMatchObject({ code: "object-lost", outcome: "not-run" });
  });

  test("loses objects with their process, and says so", async () => {
    const { value: counter } = await client.call(lab, "counter", [5], { returns: "object", workerName: "mine" });
    await rejection(client.doRemoteCall(lab, "die", ["9"], { workerName: "mine" }));
    expect(await rejection(counter.get("value"))).toMatchObject({ code: "object-lost", outcome: "not-run" });
  });

  test("takes the result of a call as an argument before that has ended", async () => {
    const three = client.call<number>(lab, "add", [1, 2]);
    const six = client.call<number>(lab, "add", [three, 3]);
    const twelve = client.call<number>(lab, "add", [six, 6]);
    expect(await Promise.all([three.value, six.value, twelve.value])).toEqual([3, 6, 12]);
    // One that has gone out before is waited for.
    expect((await client.call(lab, "add", [three, 10])).value).toBe(13);
    const failing = client.call(lab, "fail", ["broken"]);
    const after = rejection(client.call(lab, "echo", [failing]));
    expect(await rejection(failing)).toMatchObject({ code: "raised" });
    expect(await after).toMatchObject({ code: "dependency-failed", outcome: "not-run" });
  });

  test("is an object that can be awaited, with an id", async () => {
    const call = client.call(lab, "add", [1, 2]);
    expect(call).toBeInstanceOf(Call);
    const result = await call;
    expect(result).toMatchObject({ value: 3, callId: call.id });
    expect(call.id).toMatch(/^[0-9a-f]{32}$/);
  });

  test("G31 gives output that is no text byte for byte", async () => {
    const { output } = await client.call(runtime === "python" ? "os" : "node:fs", runtime === "python" ? "write" : "writeSync", [
      1,
      Uint8Array.of(0, 255, 10, 0, 128),
    ]);
    expect([...output.stdout.bytes]).toEqual([0, 255, 10, 0, 128]);
  });

  test("G15 leaves no process behind when the client closes, whatever was running", async () => {
    const pids = [(await client.doRemoteCall<number>(lab, "pid")).value, (await client.doRemoteCall<number>(lab, "child", [60])).value];
    const running = rejection(client.call(lab, "spin"));
    await client.doRemoteCall(lab, "add", [1, 2]);
    await client.close();
    expect(await running).toMatchObject({ code: "closed" });
    // The child's parent ended with it, so that its own end is told to whoever adopts it.
    for (const pid of pids) await until(`process ${pid} to end`, () => !isAlive(pid));
  });
});
