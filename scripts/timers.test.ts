/*
 * Timers of Node take a time beyond 24.8 days (2^31 ms) for one that is over at once. So whatever somebody else chose goes through a DeadlineTimer, and a bare timer
 * has a number of ours: a literal, a constant of the program, or the smaller of something and one of these. This reads all sources, and compares.
 */
import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

/** What stands elsewhere, and why it is no outside number. */
const known: Readonly<Record<string, readonly string[]>> = {
  // The one place that splits long times.
  "packages/protocol/src/deadline-timer.ts": ["step"],
  // From call/limits.ts, which has constants only.
  "packages/client/src/call/invocation.ts": ["milliseconds"],
  // Refused beyond 2^31 by client-options.ts.
  "packages/client/src/session/session.ts": ["this.options.heartbeat"],
  // An attempt to take a session up again: a third of the lease, which is refused beyond 2^31.
  "packages/client/src/session/resume.ts": ["Math.ceil(Math.min(timeout, left))"],
  // Its callers back off by constants; what a service asks for is refused beyond `longestRetryAfter`.
  "packages/connectors/src/back-off.ts": ["milliseconds"],
  // First connections begin within half a second.
  "packages/fleet/src/fleet/connections.ts": ["Math.random() * spread"],
  "packages/connectors/src/ssh/channel-queue.ts": ["this.#forgetAfter"],
  // The endpoint's own, by its constants.
  "packages/endpoint/node/session/output-relay.ts": ["within"],
  "packages/endpoint/node/run/process-control.ts": ["grace", "2 * grace"],
  "packages/endpoint/node/spool/supervise.ts": ["duration"],
  "packages/endpoint/node/spool/audience.ts": ["audienceTimes.look"],
  "packages/endpoint/node/spool/call.ts": ["wait"],
  // Both are the smaller of what was asked for and `longestTimer`.
  "packages/endpoint/node/session/link.ts": ["duration"],
};

interface Timer {
  file: string;
  time: string;
}

/** The arguments of a call that begins there, at its opening bracket. */
function argumentsAt(text: string, open: number): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = open + 1;
  for (let at = open; at < text.length; at++) {
    const character = text[at]!;
    if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) depth--;
    if (depth === 0 || (depth === 1 && character === ",")) {
      found.push(text.slice(from, at).trim());
      from = at + 1;
    }
    if (depth === 0) break;
  }
  return found.filter((each) => each !== "");
}

/** Which argument of each is the time. */
const timers = { setTimeout: 1, setInterval: 1, delay: 0, "AbortSignal.timeout": 0 } as const;

const numbers = /^(export )?const (\[[\w, ]+\]|\w+)(?:: \w+)? = [\d_[]/gm;

function bareTimers(file: string, source: string, exported: ReadonlySet<string> = new Set()): Timer[] {
  const text = source.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
  const own = [...text.matchAll(numbers)].flatMap((found) => found[2]!.match(/\w+/g)!);
  const imported = [...text.matchAll(/^import [^;]*?\{([^}]*)\}/gm)].flatMap((found) => found[1]!.match(/\w+/g) ?? []);
  const constants = new Set([...own, ...imported.filter((name) => exported.has(name))]);
  const isOurs = (time: string): boolean => {
    const smaller = /^Math\.min\((.*)\)$/.exec(time);
    if (smaller !== null) return argumentsAt(`(${smaller[1]!})`, 0).some(isOurs);
    const names = time.replaceAll(/Math\.\w+/g, "").match(/[#\w.]*[a-zA-Z]\w*/g) ?? [];
    return names.every((name) => constants.has(name));
  };
  const found: Timer[] = [];
  for (const { 1: name, index, 0: all } of text.matchAll(/(?<![\w.])(setTimeout|setInterval|delay|AbortSignal\.timeout)\(/g)) {
    const time = argumentsAt(text, index + all.length - 1)[timers[name as keyof typeof timers]];
    if (time !== undefined && !isOurs(time)) found.push({ file, time });
  }
  return found;
}

const sources = globSync(["packages/*/src/**/*.ts", "packages/endpoint/node/**/*.ts"]).filter(
  (file) => !/\.test\.ts$|\/(?:testing|generated|dist)\//.test(file),
);

describe("timers", () => {
  test("no bare timer has a number that somebody else chose", () => {
    expect(sources.length).toBeGreaterThan(300);
    const texts = sources.map((file) => readFileSync(file, "utf8"));
    const exported = new Set(
      texts.flatMap((text) => [...text.matchAll(numbers)].flatMap((found) => (found[1] === undefined ? [] : found[2]!.match(/\w+/g)!))),
    );
    const found = sources.flatMap((file, index) => bareTimers(file, texts[index]!, exported));
    expect(found.filter(({ file, time }) => !known[file]?.includes(time))).toEqual([]);
    const unused = Object.entries(known).flatMap(([file, times]) =>
      times.filter((time) => !found.some((each) => each.file === file && each.time === time)),
    );
    expect(unused, "exceptions that are not needed any more").toEqual([]);
  });

  test("an option, a sum with one, and a parameter are found; constants and what they bound are not", () => {
    const text = `const grace = 5;\nconst [a, b] = [1, 2];\nsetTimeout(() => f(1, 2), options.timeout);\nsetTimeout(f, grace + left);
      setInterval(f, period);\nAbortSignal.timeout(limit);\nsetTimeout(f, 2 * grace);\nsetTimeout(f, Math.min(left, grace));\nsetTimeout(f, b);\nawait delay(10);`;
    expect(bareTimers("x", text).map(({ time }) => time)).toEqual(["options.timeout", "grace + left", "period", "limit"]);
  });
});
