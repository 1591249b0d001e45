/* What stays in a worker of the Node endpoint, and functions of the client: iterators, objects, callbacks. */
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { until } from "./testing/harness.ts";
import { CallbackArgument, MalformedAnswer, Kept, type TestResult, type TestSession } from "./testing/session-client.ts";
import { brief, contents, file, lib, startSession, useSessions } from "./testing/session-sandbox.ts";

useSessions();

/** A call of `sremote:object` where the object lives. */
async function act(session: TestSession, made: TestResult, fn: string, args: unknown[], options: object = {}): Promise<TestResult> {
  return session.call("sremote:object", fn, args, { on: made.worker, ...options }).result;
}

/** The object of a result. */
function kept(result: TestResult): Kept {
  if (!(result.value instanceof Kept)) throw new Error(`no object but ${JSON.stringify(result)}`);
  return result.value;
}

/** All items, one call each, and what was returned. */
async function drain(session: TestSession, made: TestResult): Promise<unknown[]> {
  const items: unknown[] = [];
  for (;;) {
    const { value } = await act(session, made, "next", [kept(made)]);
    const step = value as { done: boolean; value: unknown };
    items.push(step.value);
    if (step.done) return items;
  }
}

describe("iterators", () => {
  it.each(["numbers", "later_numbers"])("%s: one item at a time, and what the generator returned", async (fn) => {
    const session = await startSession({ workers: 2 });
    const closed = file("closed");
    const made = await lib(session, fn, [3, closed]).result;
    expect([kept(made).name, made.flags & 2]).toEqual(["iterator", 2]);
    expect(await drain(session, made)).toEqual([0, 1, 2, "end"]);
    expect(contents(closed)).toBe("closed");
    expect(brief(await act(session, made, "next", [kept(made)]))).toEqual(["not-run", "object-lost"]);
    const after = await lib(session, "pid", [], { on: made.worker }).result;
    expect(after.flags & 2).toBe(0);
  });

  it.each(["numbers", "later_numbers"])("%s: closing runs its finally", async (fn) => {
    const session = await startSession();
    const closed = file("closed");
    const made = await lib(session, fn, [3, closed]).result;
    await act(session, made, "next", [kept(made)]);
    expect(contents(closed)).toBe("");
    expect(brief(await act(session, made, "close", [kept(made)]))).toEqual(["value", undefined]);
    expect(contents(closed)).toBe("closed");
    expect(brief(await act(session, made, "next", [kept(made)]))).toEqual(["not-run", "object-lost"]);
  });

  it("releasing runs its finally too", async () => {
    const session = await startSession();
    const closed = file("closed");
    const made = await lib(session, "numbers", [3, closed]).result;
    await act(session, made, "next", [kept(made)]);
    const released = await act(session, made, "release", [[kept(made).json["id"]]]);
    expect([released.outcome, released.flags & 2]).toEqual(["value", 0]);
    expect(contents(closed)).toBe("closed");
  });

  it("an error in a generator is the call's, and ends it", async () => {
    const session = await startSession();
    const made = await lib(session, "failing").result;
    await act(session, made, "next", [kept(made)]);
    expect((await act(session, made, "next", [kept(made)])).error).toMatchObject({
      code: "raised",
      type: "RangeError",
      message: "in the generator",
    });
    expect(brief(await act(session, made, "next", [kept(made)]))).toEqual(["not-run", "object-lost"]);
  });

  it("a worker that holds one takes other calls, and is not ended in favour of another environment", async () => {
    const session = await startSession({ workers: 1 });
    const made = await lib(session, "numbers", [3]).result;
    expect((await lib(session, "add", [1, 2]).result).worker).toBe(made.worker);
    const other = lib(session, "pid", [], { env: [["SREMOTE_TEST_B", "1", false]] });
    expect(await drain(session, made)).toEqual([0, 1, 2, "end"]);
    expect((await other.result).worker).not.toBe(made.worker);
  });
});

describe("objects", () => {
  it("are kept where asked for, and are themselves in arguments", async () => {
    const session = await startSession({ workers: 2 });
    const made = await lib(session, "counter", [], { returns: "object" }).result;
    const counter = kept(made);
    expect([counter.name, counter.json["type"]]).toEqual(["object", "Counter"]);
    expect((await lib(session, "addTo", [counter, 5], { on: made.worker }).result).value).toBe(5);
    expect((await act(session, made, "call", [counter, "add", [1], {}])).value).toBe(6);
    expect((await act(session, made, "call", [counter, "add", [1], { extra: 10 }])).value).toBe(17);
    expect((await act(session, made, "get", [counter, "value"])).value).toBe(17);
    await act(session, made, "set", [counter, "value", 3]);
    expect((await act(session, made, "item", [counter, "value"])).value).toBe(3);
    await act(session, made, "setItem", [counter, "note", "x"]);
    expect((await act(session, made, "get", [counter, "note"])).value).toBe("x");
    await act(session, made, "deleteItem", [counter, "note"]);
    expect((await act(session, made, "get", [counter, "note"])).value).toBeUndefined();
    const items = await act(session, made, "get", [counter, "items"], { returns: "object" });
    expect((await act(session, made, "value", [kept(items)])).value).toEqual(["a", "b"]);
    expect(await drain(session, await act(session, made, "iterate", [counter]))).toEqual(["a", "b", undefined]);
    expect((await act(session, made, "call", [counter, "failing", [], {}])).error).toMatchObject({
      type: "RangeError",
      message: "in a method",
    });
    expect(brief(await act(session, made, "call", [counter, "absent", [], {}]))).toEqual(["not-run", "function-not-found"]);
    expect(brief(await act(session, made, "value", [counter]))).toEqual(["raised", "unserializable-result"]);
    expect(brief(await act(session, made, "absent", [counter]))).toEqual(["not-run", "function-not-found"]);
  });

  it("functions and maps too", async () => {
    const session = await startSession();
    const callee = await lib(session, "callee", [], { returns: "object" }).result;
    expect((await act(session, callee, "call", [kept(callee), null, [6, 7], {}])).value).toBe(42);
    const table = await lib(session, "table", [], { returns: "object" }).result;
    await act(session, table, "setItem", [kept(table), "y", 2]);
    await act(session, table, "deleteItem", [kept(table), "x"]);
    expect((await act(session, table, "item", [kept(table), "y"])).value).toBe(2);
    expect((await act(session, table, "value", [kept(table)])).value).toEqual(new Map([["y", 2]]));
  });

  it("are gone when released, when their lease is over, and with their worker", async () => {
    const session = await startSession();
    const make = (leaseMs?: number): Promise<TestResult> =>
      lib(session, "counter", [], { returns: "object", ...(leaseMs === undefined ? {} : { leaseMs }) }).result;
    const released = await make();
    await act(session, released, "release", [[kept(released).json["id"]]]);
    expect(brief(await act(session, released, "get", [kept(released), "value"]))).toEqual(["not-run", "object-lost"]);

    const leased = await make(1500);
    // Each use renews it.
    for (let n = 0; n < 4; n++) {
      await lib(session, "sleep", [500], { worker: "clock" }).result;
      expect((await act(session, leased, "get", [kept(leased), "value"])).value).toBe(0);
    }
    await lib(session, "sleep", [2000], { worker: "clock" }).result;
    expect(brief(await act(session, leased, "get", [kept(leased), "value"]))).toEqual(["not-run", "object-lost"]);

    const lost = await make();
    await lib(session, "exit", [0], { on: lost.worker }).result;
    expect(brief(await act(session, lost, "get", [kept(lost), "value"]))).toEqual(["not-run", "object-lost"]);
  });

  it("whose lease ended let their worker go for another environment", async () => {
    const session = await startSession({ workers: 1 });
    await lib(session, "counter", [], { returns: "object", leaseMs: 200 }).result;
    const other = await lib(session, "pid", [], { env: [["SREMOTE_TEST_B", "1", false]], queueMs: 5000 }).result;
    expect(other.outcome).toBe("value");
  });
});

describe("callbacks", () => {
  it("give what the client returned, or throw what it threw", async () => {
    const session = await startSession();
    const seen: unknown[] = [];
    const call = lib(session, "ask", [new CallbackArgument(0), 1, new Uint8Array([2])], {
      callbacks: [
        (...args) => {
          seen.push(args);
          return new Map([["a", 1n]]);
        },
      ],
    });
    expect((await call.result).value).toEqual(["answer", new Map([["a", 1n]])]);
    expect(seen).toEqual([[1, new Uint8Array([2])]]);
    const refuse = (): never => {
      throw new TypeError("not today");
    };
    expect((await lib(session, "caught", [new CallbackArgument(0)], { callbacks: [refuse] }).result).value).toEqual([
      "TypeError",
      "not today",
      true,
    ]);
    expect((await lib(session, "ask", [new CallbackArgument(0)], { callbacks: [refuse] }).result).error).toMatchObject({
      code: "raised",
      type: "TypeError",
      message: "not today",
    });
  });

  it("whose answer is malformed fail, and the function that has begun goes on", async () => {
    const session = await startSession();
    for (const members of [{}, { value: 1 }, { error: "text" }, { error: { name: 1, message: "x" } }]) {
      const call = lib(session, "ask", [new CallbackArgument(0)], { callbacks: [() => new MalformedAnswer(members)] });
      expect(brief(await call.result)).toEqual(["raised", "raised"]);
    }
  });

  it("may be open many at once, and be answered in any order", async () => {
    const session = await startSession();
    const open: (() => void)[] = [];
    const double = async (n: unknown): Promise<number> => {
      await new Promise<void>((done) => {
        open.push(done);
      });
      return Number(n) * 2;
    };
    const call = lib(session, "askMany", [new CallbackArgument(0), 20], { callbacks: [double] });
    await until("all asked", () => open.length === 20);
    for (const done of open.toReversed()) done();
    expect((await call.result).value).toEqual(Array.from({ length: 20 }, (_, n) => n * 2));
  });

  it("that nobody awaits are told, and do no harm", async () => {
    const session = await startSession();
    const seen: unknown[] = [];
    const call = lib(session, "tell", [new CallbackArgument(0), 3], { callbacks: [(n) => seen.push(n)] });
    const { worker } = await call.result;
    expect(seen).toEqual([0, 1, 2]);
    expect((await lib(session, "add", [1, 2]).result).worker).toBe(worker);
  });

  it("whose call is over before they are answered fail where they are waited for", async () => {
    const session = await startSession();
    const [module, said] = [`${file("late")}.mjs`, file("said")];
    writeFileSync(
      module,
      `import { writeFileSync } from "node:fs";
export const late = (ask, path) => { ask(1).catch((error) => writeFileSync(path, error.message)); return 1; };`,
    );
    const callbacks = [() => new Promise(() => undefined)];
    expect((await session.call(module, "late", [new CallbackArgument(0), said], { callbacks }).result).value).toBe(1);
    await until("the failure", () => contents(said) === "the call ended before the callback was answered");
  });

  it("answered with 8 MiB", async () => {
    const session = await startSession();
    const large = new Uint8Array(8_388_608).fill(3);
    const call = lib(session, "ask", [new CallbackArgument(0)], { callbacks: [() => large] });
    const { value } = await call.result;
    expect(Buffer.compare((value as [string, Uint8Array])[1], large)).toBe(0);
  });

  it("of a generator are asked by the calls that run it", async () => {
    const session = await startSession();
    const callbacks = [(n: unknown) => `answer ${String(n)}`];
    const made = await lib(session, "asking", [new CallbackArgument(0)], { callbacks }).result;
    const next = (): Promise<TestResult> => act(session, made, "next", [kept(made)], { callbacks });
    expect((await next()).value).toEqual({ done: false, value: "answer 1" });
    expect((await next()).value).toEqual({ done: false, value: "answer 2" });
    expect((await next()).value).toEqual({ done: true, value: undefined });
  });

  it("that are never answered end with the client's patience", async () => {
    const session = await startSession();
    const call = lib(session, "ask", [new CallbackArgument(0)], { callbacks: [() => new Promise(() => undefined)], idleMs: 300 });
    expect(brief(await call.result)).toEqual(["timeout", "timeout"]);
  });
});
