/* How calls end, what they print and what they find around them, shown with the built endpoint. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Failure } from "@sremote/protocol";
import { describe, expect, it } from "vitest";
import { call, isThere, makeRequest, readReply, run, send, until, type CallOptions, type Ran } from "./testing/harness.ts";
import { lib, sandbox, useSandbox } from "./testing/library-sandbox.ts";

useSandbox();

/** Outcome, code, and signal or exit status. */
const end = async (
  fn: string,
  args: unknown[] = [],
  options: CallOptions = {},
): Promise<[string, Failure["code"] | undefined, number | string | undefined]> => {
  const reply = await lib(fn, args, options);
  return [reply.outcome, reply.error?.code, reply.signal ?? reply.exitCode];
};

describe("G24 each end is named", () => {
  it.each([0, 3, 255])("process.exit(%i)", async (status) => {
    const reply = await lib("exit", [status]);
    expect([reply.outcome, reply.error?.code, reply.exitCode]).toEqual(["killed", "exited", status]);
    expect(reply.stdout.content?.toString()).toBe("before\n");
  });

  it.each(["SIGKILL", "SIGSEGV", "SIGTERM"])("%s", async (name) => {
    expect(await end("signal", [name])).toEqual(["killed", "killed", name]);
  });

  it("process.abort()", async () => expect(await end("native")).toEqual(["killed", "killed", "SIGABRT"]));

  it("out of memory", async () => {
    const found = await end("hog", [], { env: [["NODE_OPTIONS", "--max-old-space-size=40", false]] });
    expect(found.slice(0, 2)).toEqual(["killed", "out-of-memory"]);
  });

  it("a limit of processor time", async () => {
    const request = makeRequest(sandbox, "./lib.mjs", "spin");
    writeFileSync(join(sandbox.root, "limited"), request);
    const ran = await run(
      "-c",
      [
        'ulimit -S -t 1; exec "$0" "$@"',
        process.execPath,
        sandbox.program,
        "call",
        "--base",
        sandbox.base,
        join(sandbox.root, "limited"),
        "-",
      ],
      undefined,
      { node: "/bin/sh" },
    );
    const reply = readReply(ran.stdout);
    expect([reply.outcome, reply.error?.code, reply.signal]).toEqual(["killed", "killed", "SIGXCPU"]);
    expect(reply.error?.hint).toContain("processor time");
  });

  it.each(["hang", "busy"])("the deadline passes in %s", async (fn) => {
    const reply = await lib(fn, [join(sandbox.work, "hanging")], { timeoutMs: 400 });
    expect([reply.outcome, reply.error?.code]).toEqual(["timeout", "timeout"]);
    expect(reply.ms).toBeLessThan(5000);
  });

  it("a value that comes after the deadline is not believed", async () => {
    const reply = await lib("yielding", [], { timeoutMs: 600 });
    expect([reply.outcome, reply.value]).toEqual(["timeout", undefined]);
  });

  it("one that ignores every polite signal is killed too", async () => {
    const file = join(sandbox.work, "stubborn");
    const reply = await lib("stubborn", [file], { timeoutMs: 600 });
    expect(reply.outcome).toBe("timeout");
    expect(isThere(Number(readFileSync(file, "utf8")))).toBe(false);
  });

  it.each(["SIGTERM", "SIGHUP", "SIGINT"] as const)("the endpoint gets %s: cancelled, stored, and the process gone", async (signal) => {
    const file = join(sandbox.work, `cancel-${signal}`);
    rmSync(file, { force: true });
    const request = makeRequest(sandbox, "./lib.mjs", "hang", [file]);
    let pid = 0;
    const running = send(sandbox, request, { onStart: (started) => (pid = started) });
    await until("a start", () => readIf(file) !== "");
    process.kill(pid, signal);
    expect([(await running).outcome, (await send(sandbox, request)).outcome]).toEqual(["cancelled", "cancelled"]);
    expect(isThere(Number(readIf(file)))).toBe(false);
  });

  it("a process that does not get as far as the function: not run", async () => {
    const reply = await lib("echo", [], { env: [["NODE_OPTIONS", "--no-such-option", false]] });
    expect([reply.outcome, reply.error?.code]).toEqual(["not-run", "endpoint-broken"]);
    expect(reply.error?.message).toContain("--no-such-option");
  });

  it("an endpoint that can open too little for the function's process: not run", async () => {
    const path = join(sandbox.work, "limited");
    const withFiles = (files: number): Promise<Ran> => {
      writeFileSync(path, `#!/bin/sh\nulimit -n ${files}\nexec "${process.execPath}" "$@"\n`, { mode: 0o700 });
      return run(sandbox.program, ["call", "--base", sandbox.base, "-", "-"], makeRequest(sandbox, "./lib.mjs", "echo"), { node: path });
    };
    const isReplied = ({ status, stdout }: Ran): boolean => status === 0 && readReply(stdout).outcome === "value";
    let [few, enough] = [20, 52];
    let fewest: Ran | undefined;
    while (enough - few > 1) {
      const files = (few + enough) >> 1;
      const ran = await withFiles(files);
      if (isReplied(ran)) enough = files;
      else [few, fewest] = [files, ran];
    }
    const { outcome, error } = readReply(fewest!.stdout);
    expect([outcome, error?.code, error?.message]).toEqual(["not-run", "endpoint-broken", expect.stringContaining("EMFILE")]);
  });

  it("scribbling on the private channel harms only that call", async () => {
    const reply = await lib("descriptor");
    expect(["killed", "raised"]).toContain(reply.outcome);
  });
});

function readIf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

describe("output", () => {
  it("of the console, streams and child processes, in order", async () => {
    const reply = await lib("print");
    expect([reply.stdout.content?.toString(), reply.stderr.content?.toString()]).toEqual(["console\nstream child\n", "problem\n"]);
  });

  it("of a program that opens /dev/stdout and /dev/stderr", async () => {
    const reply = await lib("toDevice");
    expect([reply.value, reply.stdout.content?.toString(), reply.stderr.content?.toString()]).toEqual([0, "out\n", "err\n"]);
  });

  it("G31 byte for byte", async () => {
    const reply = await lib("bytes");
    expect(reply.stdout.content?.equals(Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256)))).toBe(true);
    expect(reply.stderr.content?.equals(Buffer.of(0, 255, 0))).toBe(true);
  });

  it("up to 8 MiB together in the reply, else in files, and beyond the limit counted", async () => {
    const half = 4_194_304;
    const inside = await lib("much", [half]);
    expect([inside.stdout.content?.length, inside.stderr.content?.length]).toEqual([half, half]);
    const beside = await lib("much", [half + 1]);
    expect(beside.stdout).toMatchObject({ bytes: half + 1, truncated: false, content: undefined });
    expect(readFileSync(join(sandbox.base, "calls", beside.id, "stdout"), "latin1")).toBe("o".repeat(half + 1));
    for (const [limit, size] of [
      [999, 1000],
      [1000, 1000],
      [1001, 1000],
      [0, 5],
    ] as const) {
      const cut = await lib("much", [size], { outputLimit: limit });
      expect(cut.stdout).toMatchObject({ bytes: size, truncated: limit < size });
      expect(cut.stdout.content?.toString()).toBe("o".repeat(Math.min(limit, size)));
    }
  });

  it("of handlers of the event exit", async () => {
    expect((await lib("atExit")).stdout.content?.toString()).toBe("goodbye\n");
  });
});

describe("the end of a call", () => {
  it("does not wait for open servers and timers", async () => {
    const reply = await lib("open");
    expect([reply.value, reply.ms < 5000]).toEqual(["open", true]);
  });

  it.each(["leave", "background"])("%s: about a second for processes that are left, then they are killed", async (fn) => {
    const reply = await lib(fn, [60]);
    expect(reply.ms).toBeGreaterThan(900);
    expect(reply.ms).toBeLessThan(8000);
    await until("the process gone", () => !isThere(Number(reply.value)));
  });
});

describe("surroundings", () => {
  it("variables are set before the process starts, only if unset where so asked", async () => {
    const env: CallOptions["env"] = [
      ["SREMOTE_TEST_A", "a", false],
      ["HOME", "/elsewhere", true],
      ["NODE_OPTIONS", "--title=renamed", false],
    ];
    expect((await lib("environment", ["SREMOTE_TEST_A"], { env })).value).toBe("a");
    expect((await lib("environment", ["HOME"], { env })).value).toBe(process.env["HOME"]);
    expect((await call(sandbox, "node:process", "default.emitWarning", ["x"], { env })).error).toBeUndefined();
  });

  it("path is appended to PATH", async () => {
    expect((await lib("environment", ["PATH"], { path: ["/one", "/two"] })).value).toBe(`${process.env["PATH"]}:/one:/two`);
  });

  it("cwd is made when missing, private; a file in its place is refused", async () => {
    const cwd = join(sandbox.root, "made/deep");
    expect((await call(sandbox, "node:process", "cwd", [], { cwd })).value).toBe(cwd);
    const refused = await call(sandbox, "node:process", "cwd", [], { cwd: join(sandbox.work, "lib.mjs") });
    expect([refused.outcome, refused.error?.code, refused.error?.stage]).toEqual(["not-run", "not-a-file", "setup"]);
  });

  it.each(["", "relative"])("a home directory named %j is not believed", async (HOME) => {
    const request = makeRequest(sandbox, "node:process", "cwd", []);
    const reply = await send(sandbox, request, { env: { ...process.env, HOME } });
    expect(reply.host.home).toBe(userInfo().homedir);
  });

  it("loginEnv loads what login files set, whatever they print", async () => {
    const home = join(sandbox.root, "home");
    mkdirSync(home, { recursive: true });
    const shell = join(sandbox.root, "shell");
    writeFileSync(join(home, ".profile"), 'echo "welcome <"; export FROM_LOGIN="a > b"; export PATH="$PATH:/from/login"');
    writeFileSync(shell, "");
    const request = makeRequest(sandbox, "./lib.mjs", "environment", ["FROM_LOGIN"], { loginEnv: true, env: [["OTHER", "1", false]] });
    const reply = await send(sandbox, request, { env: { ...process.env, HOME: home } });
    expect(reply.value).toBe("a > b");
  });

  it("loginEnv loads it also where login files have the shell print each command", async () => {
    const home = join(sandbox.root, "traced");
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, ".profile"), "export FROM_LOGIN=traced; exec 2>&1; set -x");
    const request = makeRequest(sandbox, "./lib.mjs", "environment", ["FROM_LOGIN"], { loginEnv: true });
    const reply = await send(sandbox, request, { env: { ...process.env, HOME: home } });
    expect(reply.value).toBe("traced");
  });
});

it("nothing of a call is left running", async () => {
  await lib("echo");
  const left = spawn("sh", ["-c", `grep -l "${sandbox.program}" /proc/[0-9]*/cmdline 2>/dev/null | grep -v "/proc/$$/" || true`], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const parts: Buffer[] = [];
  left.stdout.on("data", (part: Buffer) => parts.push(part));
  await new Promise((resolve) => left.on("close", resolve));
  const pids = Buffer.concat(parts)
    .toString()
    .split("\n")
    .filter(Boolean)
    .map((path) => Number(path.split("/")[2]));
  expect(pids.filter((pid) => pid !== left.pid && isThere(pid))).toEqual([]);
});
