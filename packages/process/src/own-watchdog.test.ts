/* The watchdog that waits at the end of a command's own input. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { type Command, local, shell, shellText } from "@sremote/connectors";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { findProcesses, signalEach } from "../../../scripts/labs/processes.ts";
import { until } from "../../../scripts/labs/wait.ts";
import { gatedCommand } from "./gated-command.ts";
import { ownWatchdogScript } from "./watchdog-script.ts";
import { RemoteProcess } from "./remote-process.ts";

const shells: [string, ...string[]][] = [["dash"], ["bash"], ["busybox", "sh"]];
const started: ChildProcess[] = [];
afterEach(() => {
  signalEach(
    started.splice(0).flatMap(({ pid }) => (pid === undefined ? [] : [-pid])),
    "SIGKILL",
  );
});

interface Watched {
  readonly child: ChildProcess;
  readonly output: Promise<string>;
  readonly exit: Promise<unknown[]>;
  readonly tell: (line: string) => void;
}

/** As a host starts it: the leader of a group, with pipes. @param period in seconds */
function start([program, ...more]: readonly string[], command: Command, period = 60, path = process.env["PATH"]): Watched {
  const gated = gatedCommand(command, { FOR_THE_COMMAND: "a value" }, ownWatchdogScript(period));
  const child = spawn(program!, [...more, "-c", shellText(gated.command)], { detached: true, stdio: "pipe", env: { PATH: path } });
  started.push(child);
  child.stdin.on("error", () => undefined);
  child.stdin.write(gated.words);
  return { child, output: text(child.stdout), exit: once(child, "exit"), tell: (line) => void child.stdin.write(`${line}\n`) };
}

const running = async (number: number): Promise<number> => (await findProcesses(({ command }) => command === `sleep ${number}`)).length;
const ofGroup = async (leader: number): Promise<string[]> =>
  (await findProcesses(({ group }) => group === leader)).map(({ command }) => command);

describe.each(shells)("in %s", (...argv) => {
  const number = 73_000 + 100 * shells.findIndex(([name]) => name === argv[0]);

  test("the command has no other child, no other descriptor, nothing to read, and its variables", async () => {
    const script = `import os
print(sorted(n for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n)), os.read(0, 1))
try: os.wait()
except ChildProcessError: print("no child", os.environ["FOR_THE_COMMAND"])`;
    const alone = spawn("python3", ["-c", script], { stdio: ["ignore", "pipe", "inherit"], env: { FOR_THE_COMMAND: "a value" } });
    const { child, output, exit } = start(argv, ["python3", "-c", script]);
    const expected = await text(alone.stdout);
    expect(expected).toContain("no child a value");
    expect((await output).split("\n").slice(2).join("\n")).toBe(expected);
    expect(await exit).toEqual([0, null]);
    child.stdin!.destroy();
    await until("nothing is left of it", async () => (await ofGroup(child.pid!)).length === 0);
  });

  test("a script may wait for all that it has started", async () => {
    const { output } = start(argv, shell("true & wait; echo waited $?"));
    expect((await output).split("\n").slice(2)).toEqual(["waited 0", ""]);
  });

  test("G15 the end of its input ends all of it, also what ignores SIGTERM or has a group of its own", async () => {
    const { child, exit } = start(argv, shell(`trap '' TERM HUP; sleep ${number} & setsid sleep ${number} & wait; wait; sleep ${number}`));
    await until("both run", async () => (await running(number)) === 2);
    child.stdin!.destroy();
    expect(await exit).toEqual([null, "SIGKILL"]);
    await until("nothing is left", async () => (await running(number)) + (await ofGroup(child.pid!)).length === 0);
  });

  test("no sign of life ends it", async () => {
    const { child, exit, tell } = start(argv, shell(`sleep ${number + 1} & exec sleep ${number + 1}`), 0.4);
    for (let beat = 0; beat < 20; beat += 1) {
      await delay(100);
      tell("beat");
    }
    expect(await running(number + 1), "as long as there are signs of life, nothing happens").toBe(2);
    expect(await exit).toEqual([null, "SIGTERM"]);
    await until("nothing is left", async () => (await running(number + 1)) + (await ofGroup(child.pid!)).length === 0);
  });

  test("signals reach all of it", async () => {
    const { child, output, exit, tell } = start(
      argv,
      shell(`trap 'echo asked' TERM; setsid sleep ${number + 2} & while :; do wait; sleep 0.1; done`),
    );
    await until("it runs", async () => (await running(number + 2)) === 1);
    tell("TERM");
    await until("the other group has ended", async () => (await running(number + 2)) === 0);
    expect(child.exitCode).toBe(null);
    tell("KILL");
    expect(await exit).toEqual([null, "SIGKILL"]);
    expect(await output).toContain("asked");
    await until("nothing is left", async () => (await ofGroup(child.pid!)).length === 0);
  });

  test("signals that the command sends to its own group do not reach the watchdog", async () => {
    const { child, exit } = start(
      argv,
      shell(`trap '' HUP INT TERM USR1 USR2 ALRM; for s in HUP INT TERM USR1 USR2 ALRM; do kill -$s 0; done; exec sleep ${number + 3}`),
    );
    await until("it runs", async () => (await running(number + 3)) === 1);
    expect((await ofGroup(child.pid!)).length).toBeGreaterThan(2);
    child.stdin!.destroy();
    await exit;
    await until("nothing is left", async () => (await running(number + 3)) + (await ofGroup(child.pid!)).length === 0);
  });

  test("what the command leaves behind is left alone, and the watchdog leaves when it is told to", async () => {
    const { child, exit } = start(argv, shell(`sleep ${number + 4} > /dev/null 2>&1 &`));
    await exit;
    // The shell does not wait until what it has forked is another program.
    await until("what it leaves runs", async () => (await running(number + 4)) === 1);
    child.stdin!.destroy();
    await until("the watchdog has ended", async () => (await ofGroup(child.pid!)).length === 1);
    expect(await running(number + 4)).toBe(1);
    const other = start(argv, shell(`exec sleep ${number + 5}`));
    await until("it runs", async () => (await running(number + 5)) === 1);
    other.tell("bye");
    await until("it is alone", async () => (await ofGroup(other.child.pid!)).length === 1);
    expect(await running(number + 5)).toBe(1);
  });
});

test("without ps it finds the tree all the same", async () => {
  const path = await mkdtemp(join(tmpdir(), "sremote-watchdog-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  await symlink("/bin/sleep", join(path, "sleep"));
  const { child, exit } = start(["/bin/sh"], shell("/usr/bin/setsid /bin/sleep 73400 & exec /bin/sleep 73400"), 60, path);
  const both = async (): Promise<number> => (await findProcesses(({ command }) => command === "/bin/sleep 73400")).length;
  await until("both run", async () => (await both()) === 2);
  child.stdin!.write("KILL\n");
  await exit;
  await until("nothing is left", async () => (await both()) + (await ofGroup(child.pid!)).length === 0);
});

describe("a process on a connector", () => {
  test("that is killed while it starts ends, and its start is taken back or told", async () => {
    await using host = local();
    for (let round = 0; round < 20; round += 1) {
      const process = new RemoteProcess(host, "exec sleep 73501").start();
      await delay(round);
      await process.kill();
      expect(process).toMatchObject({ reason: "killed", error: undefined });
    }
    await until("nothing is left", async () => (await running(73_501)) === 0);
  });

  test("that was stopped can be ended", async () => {
    await using host = local();
    const process = new RemoteProcess(host, "exec sleep 73502", { forceKillAfterDelay: 10_000 }).start();
    await until("it runs", async () => (await running(73_502)) === 1);
    await until("it is known", () => process.state === "running");
    await process.sendSignal("SIGSTOP");
    await process.kill("SIGKILL");
    expect(process).toMatchObject({ reason: "killed", signal: "SIGKILL", error: undefined });
    expect(await running(73_502)).toBe(0);
  });

  test("is taken over by the shared watchdog when it has run for a second", async () => {
    await using host = local();
    const process = new RemoteProcess(host, "sleep 73503 & echo left").start();
    await process.expect("left");
    const watchdogs = (): Promise<unknown[]> =>
      findProcesses(({ command, parent }) => parent === global.process.pid && command.startsWith("/bin/sh -c exec 2>/dev/null"));
    await until("the other watchdog is there", async () => (await watchdogs()).length === 1);
    await until(
      "its own is gone",
      async () => (await findProcesses(({ command }) => command.includes("sleep 73503 & echo left"))).length === 0,
    );
    await process.kill();
    expect(process).toMatchObject({ reason: "killed", error: undefined });
    await until("nothing is left", async () => (await running(73_503)) === 0);
  });
});
