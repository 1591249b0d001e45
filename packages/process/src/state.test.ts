import { ConnectError, OutcomeUnknownError, SremoteError } from "@sremote/protocol";
import { describe, expect, test } from "vitest";
import { idleState, nextState, type Phase, type ProcessEvent, type ProcessState, reasonOf } from "./state.ts";

const date = new Date(0);
const after = (...events: readonly ProcessEvent[]): ProcessState =>
  events.reduce((state, event) => nextState(state, event, () => date), idleState);
const exit: ProcessEvent = { type: "exit", exitCode: 3, signal: null };
const lost = new ConnectError("connection-lost", "lost");
const fail: ProcessEvent = { type: "fail", error: lost };
const [start, started, forced, reset]: ProcessEvent[] = [{ type: "start" }, { type: "started" }, { type: "forced" }, { type: "reset" }];
const kill: ProcessEvent = { type: "stop", cause: "killed" };
const late: ProcessEvent = { type: "stop", cause: "timeout" };

describe("a process", () => {
  test.each<[string, ProcessEvent[], Partial<ProcessState>]>([
    ["exits", [start!, started!, exit], { reason: "exit", exitCode: 3 }],
    ["is lost", [start!, started!, fail], { reason: "unreachable", exitCode: null, error: lost }],
    ["is not reached", [start!, fail], { reason: "unreachable" }],
    ["is killed, and exits as it likes", [start!, started!, kill, exit], { reason: "killed", exitCode: 3 }],
    ["is late, then killed: it was late", [start!, started!, late, kill, forced!, exit], { reason: "timeout", forcedKill: true }],
    ["is killed before its start", [kill], { reason: "killed", startDate: null }],
    ["is killed, and its end is not confirmed", [start!, started!, kill, fail], { reason: "killed", error: lost }],
    [
      "is killed while it starts",
      [start!, kill, { type: "fail", error: new SremoteError("cancelled", "x") }],
      { reason: "killed", error: undefined },
    ],
    ["is killed after its end", [start!, started!, exit, kill, forced!], { reason: "exit", forcedKill: false }],
  ])("that %s", (_, events, expected) => {
    expect(after(...events)).toMatchObject({ phase: "ended", endDate: date, ...expected });
  });

  test("is as new after a reset", () => {
    expect(after(start!, started!, kill, exit, reset!)).toEqual(idleState);
  });

  test("takes only what can happen to it, and every other event is a mistake", () => {
    const at: Record<Phase, ProcessEvent[]> = {
      idle: [],
      starting: [start!],
      running: [start!, started!],
      ending: [start!, started!, kill],
      ended: [start!, started!, exit],
    };
    const all = [start!, started!, kill, forced!, exit, fail, reset!];
    const taken = Object.entries(at).map(([phase, before]) => [
      phase,
      all
        .filter((event) => {
          try {
            after(...before, event);
            return true;
          } catch {
            return false;
          }
        })
        .map(({ type }) => type)
        .join(),
    ]);
    expect(Object.fromEntries(taken)).toEqual({
      idle: "start,stop,reset",
      starting: "started,stop,fail",
      running: "stop,exit,fail",
      ending: "started,stop,forced,exit,fail",
      ended: "stop,forced,reset",
    });
  });

  test("whose host is lost or silent is unreachable; whose command is refused is not", () => {
    for (const code of ["connect-refused", "connect-timeout", "host-key-unknown", "auth-failed", "connection-lost"] as const) {
      expect(reasonOf(new ConnectError(code, "x"))).toBe("unreachable");
    }
    expect(reasonOf(new OutcomeUnknownError("outcome-unknown", "x"))).toBe("unreachable");
    expect(reasonOf(new ConnectError("channel-failed", "x"))).toBe("error");
    expect(reasonOf(new SremoteError("closed", "x"))).toBe("error");
  });
});
