import { hostLimits } from "@sremote/protocol";
import { describe, expect, it } from "vitest";
import { OpenAsks, SessionAsks } from "./open-asks.ts";

const { asks, askBytes } = hostLimits;

describe("G20 callbacks that a host asks for", () => {
  it("may be so many in all calls of a session together, and no more until answers are sent", () => {
    const all = new SessionAsks();
    const calls = [new OpenAsks(all), new OpenAsks(all)];
    for (let at = 0; at < asks; at += 1) expect(calls[at % 2]!.add(10)).toBeUndefined();
    expect(calls[0]!.add(10)).toMatch(/takes no answers: 4097 of them/);
    calls[1]!.answered(10);
    expect(calls[0]!.add(10)).toMatch(/4098/);
    calls[1]!.sent();
    expect(all.count).toBe(asks + 1);
    calls[0]!.end();
    calls[1]!.end();
    expect([all.count, all.bytes]).toEqual([0, 0]);
  });

  it("may each be of any size alone in their call, and share a limit where a call has several", () => {
    const all = new SessionAsks();
    const [one, other, third] = [new OpenAsks(all), new OpenAsks(all), new OpenAsks(all)];
    expect(one.add(10 * askBytes)).toBeUndefined();
    expect(other.add(askBytes - 1)).toBeUndefined();
    expect(other.add(1)).toBeUndefined();
    expect(third.add(1)).toBeUndefined();
    expect(third.add(0)).toMatch(/takes no answers/);
    other.answered(askBytes - 1);
    expect(third.add(1)).toBeUndefined();
    expect(one.add(0)).toMatch(/takes no answers/);
  });
});
