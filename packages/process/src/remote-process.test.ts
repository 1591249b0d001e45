/* Processes on real hosts: this machine, and sshd's by two connectors. */
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { local, openssh, ssh } from "@sremote/connectors";
import { memory } from "@sremote/connectors/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProcesses } from "../../../scripts/labs/processes.ts";
import { type Lab, startSshd } from "../../../scripts/labs/sshd.ts";
import { until } from "../../../scripts/labs/wait.ts";
import { closingOpened } from "../../../test/support/opened.ts";
import { RemoteProcess } from "./remote-process.ts";

let lab: Lab;
let user: string;
beforeAll(async () => {
  lab = await startSshd();
  user = (await lab.addUser()).name;
});
afterAll(() => lab?.stop());

const destination = (): Parameters<typeof openssh>[0] & object => ({
  host: lab.address,
  port: lab.port,
  username: user,
  privateKeyPath: lab.key.path,
  knownHosts: lab.knownHosts,
  sshConfig: false,
});
const open = closingOpened();

/** Commands whose line ends with a number that no other test uses. */
const running = async (number: number): Promise<number> => (await findProcesses(({ command }) => command === `sleep ${number}`)).length;

describe.each([
  ["local", () => open(local())],
  ["ssh", () => open(ssh(destination()))],
  ["openssh", () => open(openssh(destination()))],
] as const)("a process over %s", (kind, connect) => {
  test("G02 tells its exit status, 255 included, and both of its outputs", async () => {
    const process = new RemoteProcess(connect(), "echo out; echo err >&2; exit 255");
    expect([process.state, process.ok, process.exitCode]).toEqual(["idle", true, null]);
    await process.run();
    expect(process).toMatchObject({ state: "ended", reason: "exit", exitCode: 255, signal: null, ok: false, error: undefined });
    expect([process.stdout, process.stderr]).toEqual(["out\n", "err\n"]);
    expect(process.endDate!.getTime()).toBeGreaterThanOrEqual(process.startDate!.getTime());
  });

  test("G08 G31 takes any argument as it is, and gives back any bytes", async () => {
    const odd = ["a b", "$HOME `id` $(id)", "'\"\\", "*\n;", "\udcff\udc80é"];
    const process = await new RemoteProcess(connect(), ["printf", "%s\\0", ...odd]).run();
    const expected = Buffer.concat(
      odd.map((each) => (each.startsWith("\udcff") ? Buffer.from([0xff, 0x80, 0xc3, 0xa9, 0]) : Buffer.from(`${each}\0`))),
    );
    expect(Buffer.from(process.output.bytes("stdout"))).toEqual(expected);
  });

  test("takes input while it runs, and is expected to say something", async () => {
    const process = new RemoteProcess(connect(), 'while read -r l; do echo "got $l"; done; echo end', { stdin: true }).start();
    await process.write("one\n");
    expect(await process.expect([/never/, /got (\w+)\n/])).toEqual({
      index: 1,
      text: "got one\n",
      groups: ["got one\n", "one"],
      before: "",
    });
    await process.write("two\n");
    expect(await process.expect("two")).toMatchObject({ before: "got ", text: "two" });
    expect(await process.expect("three", { timeout: 20 })).toBeNull();
    await process.endInput();
    expect(await process.expect("three")).toBeNull();
    expect(await process.wait()).toBe(0);
  });

  test("G14 killed ends with everything below it, also what left its group and ignores SIGTERM", async () => {
    const number = { local: 70101, ssh: 70102, openssh: 70103 }[kind];
    const script = `trap '' TERM; setsid sleep ${number} & (sleep ${number} & sleep ${number}); echo`;
    const process = new RemoteProcess(connect(), script, { forceKillAfterDelay: "0.3" }).start();
    await until("all three run", async () => (await running(number)) === 3);
    await process.kill();
    expect(process).toMatchObject({ reason: "killed", exitCode: null, signal: "SIGKILL", forcedKill: true, ok: true, error: undefined });
    expect(await running(number)).toBe(0);
  });

  test("keeps the status it exits with when it is asked to end", async () => {
    const process = new RemoteProcess(connect(), "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done").start();
    await process.expect("ready");
    await process.kill();
    expect(process).toMatchObject({ reason: "killed", exitCode: 7, forcedKill: false });
  });

  test("is ended at its deadline", async () => {
    const process = await new RemoteProcess(connect(), "echo so far; exec sleep 70110", { timeout: 1500 }).run();
    expect(process).toMatchObject({ reason: "timeout", exitCode: null, signal: "SIGTERM", ok: false, stdout: "so far\n" });
    expect(await running(70110)).toBe(0);
  });

  test("G11 that nobody reads waits, and loses nothing", async () => {
    const process = new RemoteProcess(connect(), "head -c 30000000 /dev/zero; echo done >&2", { output: "live" }).start();
    const before = global.process.memoryUsage().arrayBuffers;
    const chunks = process.chunks();
    let bytes = (await chunks.next()).value!.bytes.length;
    // What was not asked for is on its way at most as far as buffers reach.
    expect(process.ended).toBe(false);
    expect(global.process.memoryUsage().arrayBuffers - before).toBeLessThan(16_000_000);
    let said = "";
    for await (const chunk of chunks) {
      if (chunk.stream === "stdout") bytes += chunk.bytes.length;
      else said += Buffer.from(chunk.bytes).toString();
    }
    expect([bytes, said, process.exitCode, process.truncated]).toEqual([30_000_000, "done\n", 0, false]);
  });

  test("has an id of its own, which it keeps when it is reset", async () => {
    const [one, other] = [new RemoteProcess(connect(), "true", { name: "a" }), new RemoteProcess(connect(), "true", { name: "a" })];
    const { id } = one;
    expect(id).toMatch(/^a-\d+$/);
    expect(other.id).not.toBe(id);
    await one.run();
    expect((await one.reset()).id).toBe(id);
  });

  test("can be started again after a reset", async () => {
    const process = new RemoteProcess(connect(), "echo once");
    const seen: string[] = [];
    for (const event of ["start", "end", "reset"] as const) process.on(event, () => void seen.push(event));
    process.on("line", ({ text }) => void seen.push(text));
    expect(() => process.start().start()).toThrow(/^start cannot be called: the process is /);
    await process.wait();
    await process.reset();
    expect(process).toMatchObject({ state: "idle", startDate: null, stdout: "" });
    await process.run();
    expect([process.stdout, seen.join()]).toEqual(["once\n", "start,once,end,reset,start,once,end"]);
  });
});

describe("a terminal", () => {
  test("is not looked for by starting programs where there is none: hosts have thousands of starts", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sremote-stty-"));
    try {
      await writeFile(join(directory, "stty"), `#!/bin/sh\ntouch ${directory}/asked\n`, { mode: 0o755 });
      const here = open(local({ env: { PATH: `${directory}:${process.env["PATH"]!}` } }));
      await new RemoteProcess(here, "true").run();
      await expect(stat(join(directory, "asked"))).rejects.toThrow("ENOENT");
      await new RemoteProcess(here, "stty").run();
      expect((await stat(join(directory, "asked"))).isFile(), "it would have been this one").toBe(true);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test.each([
    ["ssh", () => open(ssh(destination()))],
    ["openssh", () => open(openssh(destination()))],
  ] as const)("G36 over %s is there if asked for, of the size asked for, and not otherwise", async (_, connect) => {
    const script = "stty size 2>/dev/null || echo none; echo err >&2; exit 9";
    const without = await new RemoteProcess(connect(), script).run();
    expect([without.stdout, without.stderr, without.exitCode]).toEqual(["none\n", "err\n", 9]);
    const process = await new RemoteProcess(connect(), script, { pty: { rows: 33, columns: 99 } }).run();
    expect([process.stdout, process.stderr, process.exitCode]).toEqual(["33 99\r\nerr\r\n", "", 9]);
    const asked = new RemoteProcess(connect(), "stty -echo; printf 'password: '; read -r p; echo; echo got $p; cat", {
      pty: true,
      stdin: true,
    }).start();
    await asked.expect("password: ");
    await asked.write("secret\n");
    await asked.expect("got secret");
    await asked.endInput();
    expect([await asked.wait(), asked.stdout.split("secret").length]).toEqual([0, 2]);
  });

  test("is refused where there is none", async () => {
    const process = await new RemoteProcess(open(local()), "true", { pty: true }).run();
    expect(process).toMatchObject({ reason: "error", error: { code: "unsupported" }, exitCode: null });
  });
});

describe("a process", () => {
  test("of a connector without live processes has its output at its end, and can be ended", async () => {
    const host = open(memory({ acceptsStdin: false }));
    const process = await new RemoteProcess(host, "echo out; echo err >&2; exit 3").run();
    expect(process).toMatchObject({ reason: "exit", exitCode: 3, stdout: "out\n", stderr: "err\n" });
    const endless = new RemoteProcess(host, "exec sleep 70120").start();
    await until("it runs", async () => (await running(70120)) === 1);
    await endless.kill();
    expect(endless).toMatchObject({ reason: "killed", exitCode: null });
    await until("it is gone", async () => (await running(70120)) === 0);
    expect(await new RemoteProcess(host, "cat", { stdin: true }).run()).toMatchObject({ reason: "error", error: { code: "unsupported" } });
  });

  test("keeps so much of its output, and tells that there was more", async () => {
    const options = { outputLimit: 1000 };
    const process = await new RemoteProcess(open(local()), "seq 1 1000; echo x >&2", options).run();
    expect([process.stdout.length, process.stderr, process.truncated, process.output.total("stdout")]).toEqual([1000, "x\n", true, 3893]);
    const lines = new RemoteProcess(open(local()), "seq 1 1000", options).start().lines();
    expect((await Array.fromAsync(lines)).map(({ text }) => text)).toEqual(Array.from({ length: 1000 }, (_, index) => String(index + 1)));
  });

  test("is taken from in parts, and has its lines cut where they end", async () => {
    const process = new RemoteProcess(open(local()), "printf 'a\\r\\nb'; read -r x; printf 'c\\n\\nlast'", { stdin: true }).start();
    await process.expect("b");
    expect(process.readNew()).toBe("a\r\nb");
    expect(process.readNew()).toBe("");
    await process.write("\n");
    await process.wait();
    expect(process.readNew()).toBe("c\n\nlast");
    expect((await Array.fromAsync(process)).map(({ text }) => text)).toEqual(["a", "bc", "", "last"]);
  });

  test("whose reader fails is ended, and says so", async () => {
    const process = new RemoteProcess(open(local()), "echo a; exec sleep 70130");
    process.on("line", () => {
      throw new Error("full");
    });
    await process.run();
    expect(process).toMatchObject({ reason: "error", error: { code: "cancelled", message: expect.stringContaining("full") } });
    expect(await running(70130)).toBe(0);
  });

  test("that is killed although nobody reads it ends all the same, and tells that output was dropped", async () => {
    const process = new RemoteProcess(open(local()), "exec yes", { output: "live" }).start();
    await process.chunks().next();
    await until("its reader has more than it takes", () => process.output.total() > 1 << 20);
    await process.kill();
    expect(process).toMatchObject({ reason: "killed", truncated: true });
  });

  test("killed or aborted before its start is never started", async () => {
    const process = await new RemoteProcess(open(local()), "true").kill();
    expect(process).toMatchObject({ state: "ended", reason: "killed", startDate: null, ok: true });
    const late = new RemoteProcess(open(local()), "true", { signal: AbortSignal.abort() });
    expect(late.state).toBe("ended");
    const control = new AbortController();
    const endless = new RemoteProcess(open(local()), "exec sleep 70140", { signal: control.signal }).start();
    await until("it runs", () => endless.state === "running");
    control.abort();
    await endless.wait();
    expect(endless.reason).toBe("killed");
  });

  test("whose host cannot be reached, or who cannot be started, is told apart from one that failed", async () => {
    const nobody = open(ssh({ ...destination(), port: 1, knownHosts: lab.knownHosts }));
    expect(await new RemoteProcess(nobody, "true").run()).toMatchObject({ reason: "unreachable", error: { code: "connect-refused" } });
    const wrong = open(ssh({ ...destination(), username: "nobody-of-that-name" }));
    expect(await new RemoteProcess(wrong, "true").run()).toMatchObject({ reason: "unreachable", error: { code: "auth-failed" } });
    const nowhere = open(local({ cwd: "/nonexistent" }));
    expect(await new RemoteProcess(nowhere, "true").run()).toMatchObject({ reason: "error", error: { code: "channel-failed" } });
    expect(await new RemoteProcess(open(local()), ["no-such-program"]).run()).toMatchObject({ reason: "exit", exitCode: 127 });
  });

  test("is placed: directory, processors, priority", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sremote-it's a "));
    try {
      const script = "pwd; taskset -pc $$ | sed 's/.*: //'; chrt -p $$ | sed 's/.*: //'";
      const process = await new RemoteProcess(open(local()), script, { cwd: directory, cpu: [1], realtime: 7 }).run();
      expect(process.stdout).toBe(`${directory}\n1\nSCHED_FIFO\n7\n`);
      const wrong = await new RemoteProcess(open(local()), "echo ran", { cwd: `${directory}/none` }).run();
      expect([wrong.stdout, wrong.exitCode]).toEqual(["", 1]);
      expect(() => new RemoteProcess(local(), "x", { cpu: "1; id" })).toThrow(/^options\.cpu must be/);
      expect(() => new RemoteProcess(local(), "x", { realtime: 100 })).toThrow(/^options\.realtime must be/);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("tells the log how it ended, with the middle of long output left out", async () => {
    const messages: string[] = [];
    const write = (level: string) => (message: string) => void messages.push(`${level} ${message}`);
    const logger = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
    const options = { name: "node1", logger, outputInLog: 4 };
    await new RemoteProcess(open(local()), "echo 123456; exit 3", options).run();
    await new RemoteProcess(open(local()), "exit 3", { ...options, ignore: ["exit"] }).run();
    expect(messages).toEqual(["warn node1: exit status 3\n12\n[...]\n6\n", "debug node1: exit status 3"]);
  });

  test("waits no longer than it is told, and is ended then if it is told", async () => {
    const process = new RemoteProcess(open(local()), "exec sleep 70150");
    await expect(process.wait()).rejects.toThrow(/^wait cannot be called before start\(\)/);
    process.start();
    expect(await process.wait({ timeout: 20 })).toBeNull();
    expect(process.ended).toBe(false);
    await process.wait({ timeout: 20, kill: true });
    expect(process.reason).toBe("timeout");
  });

  test("refuses what it cannot run", () => {
    expect(() => new RemoteProcess(local(), "")).toThrow(/^command must be/);
    expect(() => new RemoteProcess(local(), ["a", "b\0"])).toThrow(/^command must be/);
    expect(() => new RemoteProcess(local(), "x", { timeout: "soon" })).toThrow(/^options\.timeout must be/);
    // @ts-expect-error wrong argument
    expect(() => new RemoteProcess(undefined, "x")).toThrow(/^on must be/);
  });
});
