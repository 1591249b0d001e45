/* Workers of the Node endpoint that hold objects leave room for calls of other environments. SESSION.md, "Route". */
import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { until } from "./testing/harness.ts";
import type { Kept, TestResult, TestSession } from "./testing/session-client.ts";
import { brief, contents, file, lib, processesOf, startSession, useSessions, written } from "./testing/session-sandbox.ts";

useSessions();

const place = (name: string): { env: [string, string, boolean][] } => ({ env: [["PLACE", name, false]] });

/** Objects of one environment, each in a worker of its own: the calls that make them wait for each other, since a fast one might take the worker of another. */
async function hold(session: TestSession, count: number, route: { env?: [string, string, boolean][] } = {}): Promise<TestResult[]> {
  const meeting = file(`meeting-${randomUUID()}`);
  mkdirSync(meeting);
  const make = (): Promise<TestResult> => lib(session, "counterOf", [meeting, count], { ...route, returns: "object" }).result;
  const held = await Promise.all(Array.from({ length: count }, make));
  expect(new Set(held.map(({ worker }) => worker)).size).toBe(count);
  return held;
}

async function release(session: TestSession, { value, worker }: TestResult): Promise<unknown> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it was asked for as an object
  const { id } = (value as Kept).json;
  return (await session.call("sremote:object", "release", [[id]], { on: worker }).result).outcome;
}

const workersOf = (session: TestSession): number =>
  processesOf(session).filter((pid) => pid !== session.child.pid && !contents(`/proc/${pid}/cmdline`).includes("sremote-watcher")).length;

describe("workers that hold objects", () => {
  it("leave room for other environments and for releases; what was started beside them ends", async () => {
    const session = await startSession({ workers: 2 });
    const held = await hold(session, 2);
    const extra = (await lib(session, "pid", [], place("a")).result).value;
    expect((await lib(session, "add", [1, 2]).result).value).toBe(3);
    expect((await lib(session, "pid", [], place("a")).result).value).toBe(extra);
    expect(workersOf(session)).toBe(3);
    for (const each of held) expect(await release(session, each)).toBe("value");
    await until("no more workers than asked for", () => workersOf(session) <= 2);
  });

  it("refuse a call with the reason where everything holds something, and nothing runs that could let go", async () => {
    const session = await startSession({ workers: 2 });
    const held = [...(await hold(session, 2)), ...(await hold(session, 2, place("a")))];
    const { outcome, error } = await lib(session, "pid", [], place("b")).result;
    expect([outcome, error?.code, error?.stage]).toEqual(["not-run", "limit-exceeded", "queue"]);
    expect(error?.message).toContain("hold objects or generators");
    expect((await lib(session, "add", [1, 2]).result).value).toBe(3);
    // One runs: it may let something go, so the call waits.
    const [began, go] = [file("began"), file("go")];
    const running = lib(session, "until", [go], { on: held[0]!.worker });
    const waiting = lib(session, "append", [began, "b"], place("b"));
    expect(await release(session, held[3]!)).toBe("value");
    await waiting.result;
    expect(contents(began)).toBe("b");
    lib(session, "append", [go, "1"], place("b"));
    expect((await running.result).value).toBe("seen");
  });

  it("count generators that nobody takes", async () => {
    const session = await startSession({ workers: 1 });
    await lib(session, "numbers", [3]).result;
    expect(brief(await lib(session, "add", [1, 2], place("a")).result)).toEqual(["value", 3]);
  });

  it("let no more calls run at once than there are workers", async () => {
    const session = await startSession({ workers: 1 });
    await hold(session, 1);
    const [began, go, after] = [file("began"), file("go"), file("after")];
    const first = lib(session, "hang", [began], place("a"));
    await written(began);
    const second = lib(session, "append", [after, "1"], place("b"));
    // A call of the environment that has a free worker does not wait behind it.
    expect((await lib(session, "append", [go, "1"]).result).value).toBe("1");
    expect(contents(after)).toBe("");
    session.cancel(first);
    await second.result;
    expect(contents(after)).toBe("1");
  });
});
