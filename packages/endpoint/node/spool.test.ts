/* What the spool promises, shown with the built endpoint: G01, G07, G13, G19, G33, G40. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, isThere, makeRequest, makeSandbox, readReply, run, send, until, type Reply, type Sandbox } from "./testing/harness.ts";

const effects = `
import { appendFileSync, writeFileSync } from "node:fs";
export const effect = (file) => { appendFileSync(file, "x"); return "done"; };
export const linger = async (file, ms) => { appendFileSync(file, "x"); writeFileSync(file + ".pid", String(process.pid)); await new Promise((r) => setTimeout(r, ms)); return "late"; };
export const speak = (name) => { process[name].write("words"); return "spoken"; };
export const large = (size) => "v".repeat(size);
`;

if (process.geteuid?.() !== 0) process.stdout.write("left out, since they need root: directories of others, full disks\n");

let sandbox: Sandbox;
let steps: Sandbox;
beforeAll(async () => {
  sandbox = await makeSandbox();
  steps = await makeSandbox(new URL("testing/steps.ts", import.meta.url).pathname);
  for (const each of [sandbox, steps]) writeFileSync(join(each.work, "effects.mjs"), effects);
});
afterAll(() => {
  sandbox[Symbol.dispose]();
  steps[Symbol.dispose]();
});

const newId = (): string => Array.from({ length: 32 }, () => Math.floor(Math.random() * 16).toString(16)).join("");
const callFiles = (at: Sandbox, id: string): string[] => readdirSync(join(at.base, "calls", id));
const count = (file: string): number => (existsSync(file) ? readFileSync(file, "utf8").length : 0);

/** Field 22 of /proc/PID/stat of this process. */
const start = (): string =>
  readFileSync(`/proc/${process.pid}/stat`, "latin1")
    .replace(/^.*\) /s, "")
    .split(" ")[19]!;

const age = (path: string, hours: number): void => utimesSync(path, Date.now() / 1000 - hours * 3600, Date.now() / 1000 - hours * 3600);

/** A tiny file system with the given number of free bytes, filled up but for them. */
function withTinyDisk<T>(free: number, use: (base: string) => Promise<T>): Promise<T> {
  const at = join(sandbox.root, `disk-${newId()}`);
  mkdirSync(at, { mode: 0o700 });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", at]);
  mkdirSync(join(at, "base"), { mode: 0o700 });
  writeFileSync(join(at, "filler"), Buffer.alloc(1_048_576 - free));
  return use(join(at, "base")).finally(() => {
    execFileSync("umount", [at]);
    rmSync(at, { recursive: true });
  });
}

/** A call whose endpoint died after it took the claim, which is changed then; the reply to a second try. */
async function abandoned(claim: (own: string) => string): Promise<Reply> {
  const id = newId();
  const request = makeRequest(steps, "./effects.mjs", "large", [1], { id });
  await run(steps.program, ["call", "--base", steps.base, "-", "-"], request, { env: { ...process.env, SREMOTE_KILL_AT: "claim" } });
  const path = join(steps.base, "calls", id, "claim");
  writeFileSync(path, claim(readFileSync(path, "utf8")));
  return send(steps, request);
}

describe("G01 an id executes at most once", () => {
  const dying = {
    read: "value",
    directory: "value",
    digest: "value",
    reserve: "value",
    claim: "unknown",
    started: "unknown",
    ended: "unknown",
    stored: "value",
    delivered: "value",
  };

  it.each(Object.entries(dying))("killed after %s, tried again: %s", async (step, outcome) => {
    const file = join(steps.work, `count-${step}`);
    const request = makeRequest(steps, "./effects.mjs", "effect", [file]);
    const first = await run(steps.program, ["call", "--base", steps.base, "-", "-"], request, {
      env: { ...process.env, SREMOTE_KILL_AT: step },
    });
    expect(first.signal).toBe("SIGKILL");
    const second = await send(steps, request);
    expect(second.outcome).toBe(outcome);
    if (outcome === "value") {
      expect(second.value).toBe("done");
      expect(count(file)).toBe(1);
    } else {
      expect(second.error?.code).toBe("outcome-unknown");
      expect(count(file)).toBeLessThanOrEqual(1);
    }
    const third = await send(steps, request);
    expect([third.outcome, third.value]).toEqual([second.outcome, second.value]);
    expect(count(file)).toBeLessThanOrEqual(1);
  });

  it("eight racing endpoints run it once and all get its reply", async () => {
    const file = join(sandbox.work, "race");
    const request = makeRequest(sandbox, "./effects.mjs", "linger", [file, 100]);
    const replies = await Promise.all(Array.from({ length: 8 }, () => send(sandbox, request)));
    expect(replies.map((reply) => reply.value)).toEqual(Array.from({ length: 8 }, () => "late"));
    expect(new Set(replies.map((reply) => reply.host.pid)).size).toBe(1);
    expect(count(file)).toBe(1);
  });

  it("the same id with another request is a conflict, and the first reply stays", async () => {
    const id = newId();
    const first = await call(sandbox, "./effects.mjs", "large", [3], { id });
    const other = await call(sandbox, "./effects.mjs", "large", [4], { id });
    expect([other.outcome, other.error?.code]).toEqual(["not-run", "call-conflict"]);
    expect(readReply(readFileSync(join(sandbox.base, "calls", id, "reply"))).value).toBe(first.value);
  });
});

describe("the carriage", () => {
  it("takes a request from a file, removes it, and puts the reply where asked and into the spool", async () => {
    const id = newId();
    const request = join(sandbox.root, "request");
    const reply = join(sandbox.root, "reply");
    writeFileSync(request, makeRequest(sandbox, "node:path", "join", ["a", "b"], { id }));
    const ran = await run(sandbox.program, ["call", "--base", sandbox.base, request, reply]);
    expect([ran.status, ran.stdout.length, ran.stderr]).toEqual([0, 0, ""]);
    expect(readReply(readFileSync(reply)).value).toBe("a/b");
    expect(readFileSync(join(sandbox.base, "calls", id, "reply")).equals(readFileSync(reply))).toBe(true);
    expect(statSync(reply).mode & 0o777).toBe(0o600);
    expect(existsSync(request)).toBe(false);
  });

  it("reads one frame from a standard input that stays open", async () => {
    const reply = await send(sandbox, makeRequest(sandbox, "node:path", "join", ["a"]), { keepInputOpen: true });
    expect(reply.value).toBe("a");
  });

  it("answers a request that is missing or no frame, with an id of zeros", async () => {
    for (const [path, code] of [
      [join(sandbox.root, "nowhere"), "no-such-file"],
      [sandbox.program, "protocol-error"],
    ] as const) {
      const ran = await run(sandbox.program, ["call", "--base", sandbox.base, path, "-"]);
      const reply = readReply(ran.stdout);
      expect([ran.status, reply.outcome, reply.error?.code, reply.id]).toEqual([0, "not-run", code, "0".repeat(32)]);
    }
    expect(existsSync(sandbox.program)).toBe(true);
  });

  it("G21 refuses another protocol version before anything runs", async () => {
    const file = join(sandbox.work, "mismatch");
    const reply = await call(sandbox, "./effects.mjs", "effect", [file], { protocol: 2 });
    expect([reply.outcome, reply.error?.code]).toEqual(["not-run", "protocol-mismatch"]);
    expect(count(file)).toBe(0);
  });

  it("says with a status and one line that the reply could not be delivered, and keeps it", async () => {
    const id = newId();
    const request = makeRequest(sandbox, "node:path", "join", ["kept"], { id });
    const ran = await run(sandbox.program, ["call", "--base", sandbox.base, "-", join(sandbox.root, "no", "such", "place")], request);
    expect(ran.status).toBe(93);
    expect(ran.stderr).toMatch(/^sremote-endpoint: the reply cannot be delivered: [^\n]+\n$/);
    expect((await send(sandbox, request)).value).toBe("kept");
  });
});

describe("G07 files are private and planted directories refused", () => {
  it("makes directories 0700 and files 0600 under any umask", async () => {
    for (const mask of ["000", "022", "077"]) {
      const base = join(sandbox.root, `mask-${mask}`);
      const id = newId();
      const request = join(sandbox.root, "masked");
      writeFileSync(request, makeRequest(sandbox, "node:path", "join", ["a"], { id }));
      execFileSync("sh", ["-c", `umask ${mask}; exec "$0" "$@"`, process.execPath, sandbox.program, "call", "--base", base, request, "-"]);
      for (const directory of [base, join(base, "calls"), join(base, "calls", id)]) expect(statSync(directory).mode & 0o777).toBe(0o700);
      for (const name of readdirSync(join(base, "calls", id))) expect(statSync(join(base, "calls", id, name)).mode & 0o777).toBe(0o600);
    }
  });

  const planted: Record<string, (path: string) => void> = {
    "another user's directory": (path) => {
      mkdirSync(path, { mode: 0o700 });
      chownSync(path, 65534, 65534);
    },
    "a directory that others may write to": (path) => {
      mkdirSync(path);
      chmodSync(path, 0o777);
    },
    "a symbolic link to a directory": (path) => {
      mkdirSync(`${path}-real`, { mode: 0o700 });
      symlinkSync(`${path}-real`, path);
    },
    "a file": (path) => writeFileSync(path, ""),
  };

  describe.skipIf(process.geteuid?.() !== 0)("as root, who can make directories of others", () => {
    it.each(Object.keys(planted))("refuses %s as BASE, calls or the call's", async (kind) => {
      for (const level of ["", "calls", "calls/ID"]) {
        const id = newId();
        const base = join(sandbox.root, `planted-${id}`);
        const path = join(base, level.replace("ID", id));
        mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
        planted[kind]!(path);
        const file = join(sandbox.work, `planted-${id}`);
        const reply = await send({ ...sandbox, base }, makeRequest(sandbox, "./effects.mjs", "effect", [file], { id }));
        expect([reply.outcome, reply.error?.code]).toEqual(["not-run", "unsafe-directory"]);
        expect(reply.error?.message).toContain(path);
        expect(count(file)).toBe(0);
        const installed = await run(sandbox.program, ["install", "--base", base, sandbox.program]);
        if (level === "") expect([installed.status, installed.stderr.split("\n").length]).toEqual([97, 2]);
      }
    });
  });
});

describe.skipIf(process.geteuid?.() !== 0)("G13 a full disk is reported as such", () => {
  it("nothing runs when there is no room for a reply", async () => {
    await withTinyDisk(24_576, async (base) => {
      const file = join(sandbox.work, "full");
      const request = makeRequest(sandbox, "./effects.mjs", "effect", [file]);
      const reply = await send({ ...sandbox, base }, request);
      expect([reply.outcome, reply.error?.code]).toEqual(["not-run", "disk-full"]);
      expect(count(file)).toBe(0);
      rmSync(join(base, "..", "filler"));
      expect((await send({ ...sandbox, base }, request)).value).toBe("done");
    });
  });

  it("a reply larger than the room is delivered whole; what is stored says that the disk was full", async () => {
    await withTinyDisk(200_000, async (base) => {
      const id = newId();
      const request = makeRequest(sandbox, "./effects.mjs", "large", [500_000], { id });
      const first = await send({ ...sandbox, base }, request);
      expect(String(first.value).length).toBe(500_000);
      const again = await send({ ...sandbox, base }, request);
      expect([again.outcome, again.error?.code, again.error?.stage]).toEqual(["raised", "disk-full", "result"]);
      expect(readdirSync(join(base, "calls", id)).filter((name) => name.startsWith("."))).toEqual([]);
    });
  });

  it("output that does not fit is counted, cut, and marked as cut", async () => {
    await withTinyDisk(300_000, async (base) => {
      writeFileSync(join(sandbox.work, "loud.mjs"), `export const loud = (n) => { process.stdout.write("o".repeat(n)); return n; };`);
      const reply = await send({ ...sandbox, base }, makeRequest(sandbox, "./loud.mjs", "loud", [2_000_000]));
      expect(reply.value).toBe(2_000_000);
      expect(reply.stdout).toMatchObject({ bytes: 2_000_000, truncated: true });
    });
  });

  it("a reply that cannot be written where it is wanted: status 98", async () => {
    await withTinyDisk(0, async (base) => {
      const request = makeRequest(sandbox, "./effects.mjs", "large", [100_000]);
      const ran = await run(sandbox.program, ["call", "--base", sandbox.base, "-", join(base, "reply")], request);
      expect([ran.status, readdirSync(base)]).toEqual([98, []]);
    });
  });
});

describe("what is in the way after the claim", () => {
  it.each(["stdout", "stderr"])("a link planted as %s is not followed; the value comes, the output is marked as cut", async (name) => {
    const id = newId();
    const victim = join(sandbox.work, `victim-${name}`);
    writeFileSync(victim, "precious");
    mkdirSync(join(sandbox.base, "calls", id), { recursive: true, mode: 0o700 });
    symlinkSync(victim, join(sandbox.base, "calls", id, name));
    const request = makeRequest(sandbox, "./effects.mjs", "speak", [name], { id });
    for (const reply of [await send(sandbox, request), await send(sandbox, request)]) {
      expect(reply.value).toBe("spoken");
      expect(reply[name as "stdout"]).toMatchObject({ bytes: 5, truncated: true });
    }
    expect(readFileSync(victim, "utf8")).toBe("precious");
  });

  it.runIf(process.geteuid?.() === 0)("a claimed call is unknown, not refused, when a retry finds the disk full", async () => {
    await withTinyDisk(300_000, async (base) => {
      const request = makeRequest(steps, "./effects.mjs", "large", [1]);
      await run(steps.program, ["call", "--base", base, "-", "-"], request, { env: { ...process.env, SREMOTE_KILL_AT: "claim" } });
      const directory = join(base, "calls", readdirSync(join(base, "calls"))[0]!);
      rmSync(join(directory, "reserve"));
      // One page is left for names.
      expect(() => writeFileSync(join(base, "..", "more"), Buffer.alloc(1 << 20))).toThrow(/ENOSPC/);
      const reply = await send({ ...steps, base }, request);
      expect([reply.outcome, reply.error?.code]).toEqual(["unknown", "outcome-unknown"]);
    });
  });

  it("an endpoint that only waits for another's reply ends with SIGTERM", async () => {
    const id = newId();
    const request = makeRequest(steps, "./effects.mjs", "large", [1], { id });
    await run(steps.program, ["call", "--base", steps.base, "-", "-"], request, { env: { ...process.env, SREMOTE_KILL_AT: "claim" } });
    const path = join(steps.base, "calls", id, "claim");
    writeFileSync(path, readFileSync(path, "utf8").replace(/^\d+ \d+/, `${process.pid} ${start()}`));
    let pid = 0;
    const waiting = run(steps.program, ["call", "--base", steps.base, "-", "-"], request, { onStart: (started) => (pid = started) });
    // It has no child any more once it waits; before the claim it has one.
    const children = (): string => readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
    await until("a child", () => children() !== "");
    await until("waiting", () => children() === "" && existsSync(join(steps.base, "calls", id, "reserve")));
    process.kill(pid, "SIGTERM");
    expect((await waiting).signal).toBe("SIGTERM");
  });
});

describe("G19 a damaged request never runs", () => {
  it("every byte of a request of 4 KiB flipped", { timeout: 240_000 }, async () => {
    // One endpoint for each byte would take many minutes: a program of the same modules reads all of them.
    const tester = await makeSandbox(new URL("testing/damage.ts", import.meta.url).pathname);
    try {
      const request = makeRequest(tester, "./effects.mjs", "effect", ["y".repeat(3900)]);
      expect(request.length).toBeGreaterThanOrEqual(4000);
      const file = join(tester.root, "request");
      writeFileSync(file, request);
      const ran = await run(tester.program, [file]);
      expect(ran.stderr).toBe("");
      const found: { whole: string; flipped: Record<string, number>; cut: Record<string, number> } = JSON.parse(ran.stdout.toString());
      expect(found.whole).toBe("call");
      expect(Object.keys(found.flipped).toSorted()).toEqual(
        ["limit-exceeded", "protocol-error", "protocol-mismatch"].filter((code) => code in found.flipped),
      );
      expect(Object.values(found.flipped).reduce((sum, n) => sum + n, 0)).toBe(request.length);
      expect(found.cut).toEqual({ "protocol-error": request.length });
    } finally {
      tester[Symbol.dispose]();
    }
  });

  it("the endpoint itself, with a byte of each part flipped and with its end missing", async () => {
    const file = join(sandbox.work, "damaged");
    const request = makeRequest(sandbox, "./effects.mjs", "effect", [file]);
    const damaged = [0, 4, 5, 6, 8, 12, 20, 24, 40, request.length - 1].map((at) => {
      const copy = Buffer.from(request);
      copy[at]! ^= 1;
      return copy;
    });
    for (const bytes of [...damaged, request.subarray(0, request.length - 1), request.subarray(0, 10), Buffer.alloc(0)]) {
      const reply = await send(sandbox, bytes);
      expect([reply.outcome, reply.id]).toEqual(["not-run", "0".repeat(32)]);
    }
    expect(count(file)).toBe(0);
  });

  it("a stored reply that was damaged is recognised by its reader", async () => {
    const id = newId();
    const request = makeRequest(sandbox, "./effects.mjs", "large", [10], { id });
    await send(sandbox, request);
    const path = join(sandbox.base, "calls", id, "reply");
    const bytes = readFileSync(path);
    bytes[bytes.length - 10]! ^= 1;
    writeFileSync(path, bytes);
    await expect(send(sandbox, request)).rejects.toThrow(/checksum/);
  });
});

describe("G33 a reused pid or a reboot is never read as running", () => {
  it.each([
    ["another start time", (own: string) => own.replace(/^\d+ \d+/, `${process.pid} 1`)],
    ["another boot", (own: string) => own.replace(/^\d+ \d+ \S+/, `${process.pid} ${start()} 00000000-0000-0000-0000-000000000000`)],
    ["a pid that is not there", (own: string) => own],
    ["no content", () => ""],
    ["nonsense", () => "once upon a time"],
  ])("a claim with %s: the outcome is unknown, at once", async (_name, claim) => {
    const reply = await abandoned(claim);
    expect([reply.outcome, reply.error?.code]).toEqual(["unknown", "outcome-unknown"]);
  });

  it("a claim of a process that lives: its reply is waited for", async () => {
    const id = newId();
    const file = join(steps.work, "living");
    const request = makeRequest(steps, "./effects.mjs", "large", [1], { id });
    await run(steps.program, ["call", "--base", steps.base, "-", "-"], request, { env: { ...process.env, SREMOTE_KILL_AT: "claim" } });
    const path = join(steps.base, "calls", id, "claim");
    writeFileSync(path, readFileSync(path, "utf8").replace(/^\d+ \d+/, `${process.pid} ${start()}`));
    let ended = false;
    const waiting = send(steps, request).finally(() => {
      ended = true;
    });
    const other = await call(steps, "./effects.mjs", "large", [2]);
    expect(ended).toBe(false);
    const answer = await run(steps.program, ["call", "--base", `${steps.base}-2`, "-", file], request);
    expect(answer.status).toBe(0);
    execFileSync("mv", [file, join(steps.base, "calls", id, "reply")]);
    expect((await waiting).value).toBe("v");
    expect(other.value).toBe("vv");
  });
});

describe("tidiness", () => {
  it("G40 leaves nothing but what the call's directory is for, and nothing after its release", async () => {
    const id = newId();
    await call(sandbox, "./effects.mjs", "large", [1], { id });
    expect(callFiles(sandbox, id).toSorted()).toEqual(["claim", "digest", "reply", "stderr", "stdout"]);
    const next = newId();
    await call(sandbox, "./effects.mjs", "large", [1], { id: next, release: [id] });
    expect(existsSync(join(sandbox.base, "calls", id))).toBe(false);
    expect(existsSync(join(sandbox.base, "calls", next))).toBe(true);
  });

  it("does not remove a call that still runs", async () => {
    const id = newId();
    const file = join(sandbox.work, "running");
    const running = call(sandbox, "./effects.mjs", "linger", [file, 600], { id });
    await until("a start", () => count(file) === 1);
    await call(sandbox, "./effects.mjs", "large", [1], { release: [id] });
    expect((await running).value).toBe("late");
    expect(isThere(Number(readFileSync(`${file}.pid`, "utf8")))).toBe(false);
  });

  it("sweeps the directories of cancelled calls and of dead endpoints when their day is over, and no running call's", async () => {
    const base = join(sandbox.root, "swept-others");
    const at = { ...sandbox, base };
    const [cancelled, dead, running] = [newId(), newId(), newId()];
    const ageAll = (id: string): void => [...callFiles(at, id), "."].forEach((name) => age(join(base, "calls", id, name), 25));
    const file = (id: string): string => join(sandbox.work, `at-${id}`);
    const begin = (id: string, ms: number, onStart?: (pid: number) => void): Promise<unknown> =>
      run(sandbox.program, ["call", "--base", base, "-", "-"], makeRequest(at, "./effects.mjs", "linger", [file(id), ms], { id }), {
        onStart,
      });
    for (const [id, signal] of [
      [cancelled, "SIGTERM"],
      [dead, "SIGKILL"],
    ] as const) {
      let pid = 0;
      const ended = begin(id, 60_000, (started) => (pid = started));
      await until("a start", () => existsSync(`${file(id)}.pid`));
      process.kill(pid, signal);
      // With the endpoint killed the function goes on and holds nothing of it; ended here by hand.
      if (signal === "SIGKILL") process.kill(Number(readFileSync(`${file(id)}.pid`, "utf8")), "SIGKILL");
      await ended;
    }
    const still = begin(running, 4000);
    await until("a start", () => existsSync(`${file(running)}.pid`));
    for (const id of [cancelled, dead, running]) ageAll(id);
    age(join(base, "swept"), 2);
    await call(at, "./effects.mjs", "large", [1]);
    expect([cancelled, dead, running].map((id) => existsSync(join(base, "calls", id)))).toEqual([false, false, true]);
    await still;
    expect(callFiles(at, running)).toContain("reply");
  });

  it("sweeps what is older than a day, at most once in an hour", async () => {
    const base = join(sandbox.root, "swept");
    const at = { ...sandbox, base };
    const [old, young] = [newId(), newId()];
    await call(at, "./effects.mjs", "large", [1], { id: old });
    await call(at, "./effects.mjs", "large", [1], { id: young });
    for (const name of [".", ...callFiles(at, old)]) age(join(base, "calls", old, name), 25);
    for (const name of [".", ...callFiles(at, young)]) age(join(base, "calls", young, name), 23);
    await call(at, "./effects.mjs", "large", [1]);
    expect(existsSync(join(base, "calls", old))).toBe(true);
    age(join(base, "swept"), 2);
    await call(at, "./effects.mjs", "large", [1]);
    expect([existsSync(join(base, "calls", old)), existsSync(join(base, "calls", young))]).toEqual([false, true]);
  });
});
