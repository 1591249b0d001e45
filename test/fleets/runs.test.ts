/* What is told of runs is so: that something has ended, with what status, and what one that does not begin waits for. */
import { chmod, copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type Connector, local, ssh } from "@sremote/connectors";
import { type Fleet, fleet, RemoteProcess } from "@sremote/fleet";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findProcesses } from "../../scripts/labs/processes.ts";
import { type Lab, startSshd } from "../../scripts/labs/sshd.ts";
import type { Account } from "../../scripts/labs/users.ts";
import { until } from "../../scripts/labs/wait.ts";
import { hostPath } from "../support/hosts.ts";

const labs: Lab[] = [];
const fleets: Fleet[] = [];
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sremote-runs-"));
  await chmod(directory, 0o755);
});
afterEach(async () => {
  await Promise.all(fleets.splice(0).map((each) => each.close()));
});
afterAll(async () => {
  for (const lab of labs) await lab.stop();
  await rm(directory, { recursive: true, force: true });
});

async function start(...config: string[]): Promise<(logger?: { warn(text: string): void }) => { nodes: Fleet; user: Account }> {
  const lab = await startSshd({ config: [`SetEnv PATH=${hostPath}`, ...config] });
  labs.push(lab);
  const user = await lab.addUser();
  return (logger) => {
    const place = { name: "node", address: lab.address, port: lab.port, username: user.name, privateKeyPath: lab.key.path };
    const quiet = { debug() {}, info() {}, warn() {}, error() {}, ...logger };
    const connect = (): Connector =>
      ssh({
        host: lab.address,
        port: lab.port,
        username: user.name,
        privateKeyPath: lab.key.path,
        knownHosts: lab.knownHosts,
        sshConfig: false,
      });
    const nodes = fleet([place], { connect, logger: quiet });
    fleets.push(nodes);
    return { nodes, user };
  };
}

const alive = async (seconds: number): Promise<number[]> =>
  // The program itself: the shells around it have its line among their arguments.
  (await findProcesses(({ command }) => command === `sleep ${seconds}`)).map(({ pid }) => pid);

describe("over a host with sessions enough", () => {
  let make: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    make = await start();
  });

  test.each([
    ["runs on behind the command that has ended", `sh -c "trap '' TERM; while :; do sleep 74001; done" > log 2>&1 & wait`, 74001],
    ["is stopped", "sleep 74002 > log 2>&1 & until grep -q sleep /proc/$!/comm; do :; done; kill -STOP $!; wait", 74002],
  ])("G14 what ignores SIGTERM and %s is ended with it, and told", async (_, script, seconds) => {
    const { nodes } = make();
    const run = nodes.run(script, { forceKillAfterDelay: "0.5" });
    await until("it runs", async () => (await alive(seconds)).length === 1);
    const [job] = (await run.kill()).jobs;
    expect([job!.reason, job!.signal, job!.forcedKill, job!.error, await alive(seconds)]).toEqual([
      "killed",
      "SIGTERM",
      true,
      undefined,
      [],
    ]);
  });

  test("what the account may not end is told to run still, and is not called killed", async () => {
    const asRoot = join(directory, "as-root");
    await copyFile("/usr/bin/setpriv", asRoot);
    await chmod(asRoot, 0o4755);
    const { nodes } = make();
    const run = nodes.run(`${asRoot} --reuid=0 --regid=0 --clear-groups sleep 74003; echo after`, {
      // Long enough for a busy machine to begin it.
      hostTimeout: "3",
      forceKillAfterDelay: "0.2",
    });
    await until("it runs", async () => (await alive(74003)).length === 1);
    const killed = nodes.run(`exec ${asRoot} --reuid=0 --regid=0 --clear-groups sleep 74004`, { forceKillAfterDelay: "0.2" });
    await until("it runs", async () => (await alive(74004)).length === 1);
    await killed.kill();
    const jobs = [...(await run).jobs, ...killed.jobs];
    const pids = [await alive(74003), await alive(74004)].flat();
    for (const pid of pids) process.kill(pid, "SIGKILL");
    expect(jobs.map(({ reason, ok, error }) => [reason, ok, error?.code])).toEqual([
      ["timeout", false, "permission-denied"],
      ["error", false, "permission-denied"],
    ]);
    for (const [index, { error }] of jobs.entries()) expect(error?.message).toContain(`it still runs there (pid ${pids[index]})`);
  });

  test("where nobody looks, whether SIGKILL was needed is not known", async () => {
    const { nodes } = make();
    const run = nodes.run("echo up; exec sleep 74005", { killOnDisconnect: false });
    await until("it runs, and this side knows", async () => run.jobs[0]!.stdout === "up\n" && (await alive(74005)).length === 1);
    const [job] = (await run.kill()).jobs;
    expect([job!.reason, job!.signal, job!.forcedKill]).toEqual(["killed", "SIGTERM", null]);
  });

  test("a script may be longer than a command line, and leaves nothing of it", async () => {
    const { nodes, user } = make();
    const body = `#${"x".repeat(99)}\n`.repeat(3000);
    const script = `${body}printf '%s %s %s' "$#" "\${sremote_script-none}" "$A"; cat; ls -a "$TMPDIR"; exit 3`;
    await nodes.run("mkdir tmp").orThrow();
    for (const watchdog of [true, false]) {
      const job = (await nodes.run(`export TMPDIR=~/tmp\n${script}`, { stdin: " in ", env: { A: "a" }, killOnDisconnect: watchdog }))
        .jobs[0]!;
      expect([job.stdout, job.exitCode, job.stderr]).toEqual(["0 none a in .\n..\n", 3, ""]);
    }
    const many = await nodes.run([
      "sh",
      "-c",
      'echo $# "$1"',
      "sh",
      ...Array.from({ length: 3000 }, (_, at) => `it's ${at}${"y".repeat(90)}`),
    ]);
    expect(many.jobs[0]!.stdout).toBe(`3000 it's 0${"y".repeat(90)}\n`);
    const left = (await readdir(tmpdir())).filter((name) => name.startsWith("sremote-script-"));
    expect([left, user.home.length > 0]).toEqual([[], true]);
  });

  test("each job can be waited for before its turn has come, and lasting commands say what the next one waits for", async () => {
    const warned: string[] = [];
    const { nodes } = make({ warn: (text) => void warned.push(text) });
    const single = nodes.run("echo x", { concurrency: 1 });
    expect(await Promise.all(single.jobs.map((job) => job.wait()))).toEqual([0]);
    const lasting = Array.from({ length: 8 }, () => nodes.run("exec sleep 74006"));
    await until("all eight run", async () => (await alive(74006)).length === 8);
    const ninth = nodes.run("echo never", { hostTimeout: "2.5" });
    await until("it says what it waits for", () => ninth.jobs[0]!.waitsFor !== undefined);
    expect(ninth.jobs[0]!.waitsFor).toMatch(/one of the 8 sessions .* \(sshd's MaxSessions\)/);
    const [job] = (await ninth).jobs;
    expect([job!.reason, job!.exitCode, job!.error?.code]).toEqual(["timeout", null, "timeout"]);
    expect(job!.error?.message).toMatch(/it had not started: it was waiting for .*MaxSessions/);
    expect(warned.find((text) => /not begun, as it waits for .*MaxSessions/.test(text))).toBeDefined();
    await Promise.all(lasting.map((run) => run.kill()));
    expect(await alive(74006)).toEqual([]);
  });
});

test("on a host with one session short commands run one after the other, and what needs two says so and costs no other", async () => {
  const { nodes } = (await start("MaxSessions 1"))();
  const out = async (run: ReturnType<Fleet["run"]>): Promise<string> => (await run).jobs.map(({ stdout }) => stdout).join();
  expect(await Promise.all([out(nodes.run("echo 1")), out(nodes.run("echo 2"))])).toEqual(["1\n", "2\n"]);
  const [job] = (await nodes.run("cat", { stdin: "in" })).jobs;
  expect([job!.reason, job!.error?.code, job!.exitCode]).toEqual(["error", "channel-failed", null]);
  expect(job!.error).toMatchObject({
    message: expect.stringContaining("MaxSessions") as string,
    hint: expect.stringContaining("unless `killOnDisconnect` is false") as string,
  });
  expect(await out(nodes.run("cat", { stdin: "in", killOnDisconnect: false }))).toBe("in");
  expect(await out(nodes.run("sleep 1.2; echo 3"))).toBe("3\n");
});

test("on a host with two sessions what reads input runs again and again, at once with others", async () => {
  const { nodes } = (await start("MaxSessions 2"))();
  for (let round = 0; round < 5; round++) expect((await nodes.run("cat", { stdin: `${round}` })).jobs[0]!.stdout).toBe(`${round}`);
  const both = await Promise.all(["a", "b"].map((stdin) => nodes.run("cat", { stdin })));
  expect(both.map(({ jobs }) => jobs[0]!.stdout)).toEqual(["a", "b"]);
});

test("G02 what the host's shell exits with before the command begins is no status of the command's", async () => {
  await using host = local();
  for (const options of [{}, { stdin: "in" }, { env: { A: "a" }, killOnDisconnect: false }]) {
    // A start-up file that reads takes the first line of what we send.
    const robbed: Connector = {
      ...host,
      async spawn(command, given) {
        const process = await host.spawn!(command, given);
        const stdin = new PassThrough();
        process.stdin.on("error", (error) => stdin.destroy(error)); // It may have ended before it read all.
        let first = true;
        stdin.on("data", (chunk: Buffer) => {
          const text = chunk.toString();
          process.stdin.write(first && /^[0-9a-f]{16}\n/.test(text) ? `other\n${text.slice(17)}` : chunk);
          first = false;
        });
        stdin.on("close", () => process.stdin.destroy()).on("finish", () => process.stdin.end());
        return {
          ...process,
          exit: process.exit,
          stdout: process.stdout,
          stderr: process.stderr,
          stdin,
          kill: (signal) => process.kill(signal),
          [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
        };
      },
    };
    const job = await new RemoteProcess(robbed, "echo never; exit 3", options).run();
    expect([job.reason, job.exitCode, job.error?.code, job.stdout]).toEqual(["error", null, "channel-failed", ""]);
    expect(job.error?.message).toContain("the command did not start");
  }
});
