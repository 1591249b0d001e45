/* What is in the way of the spool, shown with the built endpoint: G07, G13, G19, G40. */
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
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { call, isThere, makeRequest, makeSandbox, run, send, until } from "./testing/harness.ts";
import { sandbox, steps, newId, callFiles, count, start, age, withTinyDisk, useSandboxes } from "./testing/spool-sandbox.ts";

useSandboxes();

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

  it("writes no output through a link that stands in its place", async () => {
    const id = newId();
    const victim = join(sandbox.root, "victim");
    writeFileSync(victim, "untouched");
    const directory = join(sandbox.base, "calls", id);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    symlinkSync(victim, join(directory, "stdout"));
    const reply = await call(sandbox, "./effects.mjs", "speak", ["stdout"], { id });
    expect([reply.value, readFileSync(victim, "utf8")]).toEqual(["spoken", "untouched"]);
    expect(reply.stdout).toMatchObject({ bytes: 5, truncated: true });
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

  it("a reply that cannot be written where it is wanted: not the status which says that nothing ran, and it is kept", async () => {
    await withTinyDisk(0, async (base) => {
      const request = makeRequest(sandbox, "./effects.mjs", "large", [100_000]);
      const ran = await run(sandbox.program, ["call", "--base", sandbox.base, "-", join(base, "reply")], request);
      expect([ran.status, readdirSync(base)]).toEqual([93, []]);
      expect((await send(sandbox, request)).value).toBe("v".repeat(100_000));
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
    // The first endpoint's: that it is there again shows how far the second one got.
    const reserve = join(steps.base, "calls", id, "reserve");
    rmSync(reserve);
    let pid = 0;
    const waiting = run(steps.program, ["call", "--base", steps.base, "-", "-"], request, { onStart: (started) => (pid = started) });
    // It starts a child before it reserves space, and has none any more once it waits.
    const children = (): string => readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
    await until("waiting", () => existsSync(reserve) && children() === "");
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
    const [old, young, older] = [newId(), newId(), newId()];
    for (const id of [old, young, older]) await call(at, "./effects.mjs", "large", [1], { id });
    for (const name of [".", ...callFiles(at, old)]) age(join(base, "calls", old, name), 25);
    for (const name of [".", ...callFiles(at, young)]) age(join(base, "calls", young, name), 23);
    await call(at, "./effects.mjs", "large", [1]);
    expect(existsSync(join(base, "calls", old))).toBe(true);
    age(join(base, "swept"), 2);
    await call(at, "./effects.mjs", "large", [1]);
    expect([existsSync(join(base, "calls", old)), existsSync(join(base, "calls", young))]).toEqual([false, true]);
    // After a clock that was wrong, too: the last sweep seems to be one of tomorrow.
    for (const name of [".", ...callFiles(at, older)]) age(join(base, "calls", older, name), 25);
    age(join(base, "swept"), -25);
    await call(at, "./effects.mjs", "large", [1]);
    expect(existsSync(join(base, "calls", older))).toBe(false);
  });
});
