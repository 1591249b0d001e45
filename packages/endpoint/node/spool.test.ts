/* At most once, and how requests and replies travel, shown with the built endpoint: G01, G33. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isRunning, processIdentity } from "./host/identity.ts";
import { call, makeRequest, readReply, run, send, until } from "./testing/harness.ts";
import { sandbox, steps, newId, count, start, abandoned, useSandboxes } from "./testing/spool-sandbox.ts";

useSandboxes();

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

  it("a call that releases itself runs once", async () => {
    const id = newId();
    const file = join(sandbox.work, "releasing");
    const request = makeRequest(sandbox, "./effects.mjs", "effect", [file], { id, release: [id] });
    expect([(await send(sandbox, request)).value, (await send(sandbox, request)).value, count(file)]).toEqual(["done", "done", 1]);
  });

  it("a claimed call of which a file cannot be read is unknown, and one that nobody claimed did not run", async () => {
    const id = newId();
    const file = join(steps.work, "unreadable");
    const request = makeRequest(steps, "./effects.mjs", "effect", [file], { id });
    await run(steps.program, ["call", "--base", steps.base, "-", "-"], request, { env: { ...process.env, SREMOTE_KILL_AT: "claim" } });
    mkdirSync(join(steps.base, "calls", id, "reply"));
    expect((await send(steps, request)).outcome).toBe("unknown");
    rmSync(join(steps.base, "calls", id, "claim"));
    expect([(await send(steps, request)).outcome, count(file)]).toEqual(["not-run", 0]);
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

  it("G13 ends with the status of a full disk only where nothing ran", async () => {
    const file = join(sandbox.work, "undelivered");
    const request = makeRequest(sandbox, "./effects.mjs", "effect", [file]);
    const toFullDisk = (input: Uint8Array): number | null => {
      const command = ["-c", 'exec "$0" "$@" > /dev/full', process.execPath, sandbox.program, "call", "--base", sandbox.base, "-", "-"];
      return spawnSync("sh", command, { input }).status;
    };
    expect([toFullDisk(Buffer.from("no frame at all, but long enough")), toFullDisk(request), count(file)]).toEqual([98, 93, 1]);
    expect([(await send(sandbox, request)).value, count(file)]).toEqual(["done", 1]);
  });

  it("G03 keeps a reply where another request with its place cannot be read", async () => {
    const id = newId();
    const request = makeRequest(sandbox, "node:path", "join", ["kept"], { id });
    await send(sandbox, request);
    const path = join(sandbox.base, "calls", id, "reply");
    const damaged = Buffer.from(request);
    damaged[damaged.length - 1]! ^= 1;
    writeFileSync(join(sandbox.root, "damaged"), damaged);
    for (const question of [join(sandbox.root, "missing"), join(sandbox.root, "damaged")]) {
      const ran = await run(sandbox.program, ["call", "--base", sandbox.base, question, path]);
      expect([ran.status, ran.stderr.split("\n").length]).toEqual([93, 2]);
      expect(readReply(readFileSync(path)).value).toBe("kept");
    }
  });

  it("G01 waits for the endpoint that runs a call where it could start no process for it itself", async () => {
    const file = join(sandbox.work, "held");
    const cwd = join(sandbox.root, "passing");
    const request = makeRequest(sandbox, join(sandbox.work, "effects.mjs"), "linger", [file, 1000], { cwd });
    const first = send(sandbox, request);
    await until("the function to run", () => existsSync(`${file}.pid`));
    // In the place of the directory in which it runs.
    rmSync(cwd, { recursive: true });
    writeFileSync(cwd, "");
    expect([(await send(sandbox, request)).value, (await first).value, count(file)]).toEqual(["late", "late", 1]);
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

  it("a claim tells process, start, boot and namespace; a process that is only not reaped is dead", async () => {
    // sh becomes a program that never asks for the end of its child.
    const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
    const [said] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(said.toString());
    // A shell asks for it still.
    await until("sh to be another program", () => readFileSync(`/proc/${parent.pid}/cmdline`, "latin1") === "sleep\x0060\0");
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    const own = processIdentity(pid)!;
    expect(own).toBe(`${pid} ${fields[19]} ${boot} ${readlinkSync("/proc/self/ns/pid")}`);
    process.kill(pid, "SIGKILL");
    await until("the child to end", () => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1")));
    expect(isRunning(own)).toBe(false);
    parent.kill();
    await once(parent, "exit");
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
