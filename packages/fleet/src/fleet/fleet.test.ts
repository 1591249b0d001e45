/* Fleets on real sshd: many addresses, and hosts in trouble among them. */
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { type Connector, local, openssh, ssh } from "@sremote/connectors";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { isNightly } from "../../../../test/support/nightly.ts";
import { type LabHost, type ManyHosts, startManyHosts } from "../../../../scripts/labs/many-hosts.ts";
import { findProcesses } from "../../../../scripts/labs/processes.ts";
import { until } from "../../../../scripts/labs/wait.ts";
import { Host } from "../host/index.ts";
import { Report } from "../report/index.ts";
import { allOf, each, firstOf, parallel, type Run, RunError, sequence } from "../run/index.ts";
import { asLocalName } from "@sremote/transfer";
import type { Fleet } from "./fleet.ts";
import { fleet } from "./make-fleet.ts";
import type { FleetOptions } from "./options.ts";

let many: ManyHosts;
let directory: string;
beforeAll(async () => {
  many = await startManyHosts({ count: 8, own: 1, dead: 2, holes: 1, slow: 1, wrong: 1 });
  directory = await mkdtemp(join(tmpdir(), "sremote-fleet-"));
});
afterAll(async () => {
  await many?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const opened: Fleet[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  const left = (): ReturnType<typeof findProcesses> => findProcesses(({ uid }) => uid === many.account.uid);
  await until("nothing of the user is left", async () => (await left()).length === 0);
});

const kinds = ["ssh", "openssh"] as const;
/** What the connector does, which its own suites show of the other one. */
const ofConnectors = isNightly ? kinds : (["ssh"] as const);
const connect =
  (timeout = 20_000, kind: (typeof kinds)[number] = "ssh") =>
  (host: Host): Connector => {
    const options = { ...host.sshOptions(), knownHosts: many.knownHosts, sshConfig: false };
    return kind === "ssh"
      ? ssh({ ...options, connectTimeout: timeout })
      : openssh({ ...options, hostKey: "strict", connectTimeout: timeout });
  };
const quiet = { logLevel: "silent" } as const;
const named = (pattern: RegExp): LabHost[] => many.hosts.filter(({ name }) => pattern.test(name));

function open(pattern: RegExp, options: FleetOptions = {}): Fleet {
  const made = fleet(named(pattern), { ...quiet, connect: connect(), ...options });
  opened.push(made);
  return made;
}
/** This machine under several names. */
function openLocal(names: string, options: FleetOptions = {}): Fleet {
  const made = fleet(names, { ...quiet, connect: () => local({ cwd: directory }), ...options });
  opened.push(made);
  return made;
}
const running = async (number: number): Promise<number> => (await findProcesses(({ command }) => command === `sleep ${number}`)).length;

describe("a run on many hosts", () => {
  test.each(kinds)(
    "G02 G04 G34 gives one result for each host: those that failed, could not be reached, or show a wrong key delay and spoil none, over %s",
    async (kind) => {
      const hosts = open(/./, { retries: 0, connect: connect(4000, kind) });
      const run = hosts.run("if [ {{{name}}} = node3 ]; then echo bad; exit 255; fi; echo fine");
      const seen = (await Array.fromAsync(run.completed())).map(({ host }) => host!.name);
      const done = await run;
      expect(seen.toSorted()).toEqual(hosts.hosts.names.toSorted());
      expect(seen.indexOf("hole1"), "no other waits for the silent one").toBeGreaterThanOrEqual(12);
      expect([done.ok, String(done.failed), String(done.unreachable)]).toEqual([false, "node3", "dead[1-2],hole1,wrong1"]);
      expect(String(done.succeeded)).toBe("node[1-2,4-8],own1,slow1");
      const codes = Object.fromEntries(
        done.jobs.filter(({ error }) => error !== undefined).map(({ host, error }) => [host!.name, error!.code]),
      );
      expect(codes).toEqual({
        dead1: "connect-refused",
        dead2: "connect-refused",
        hole1: "connect-timeout",
        wrong1: "host-key-changed",
      });
      expect(done.stats()).toMatchObject({
        numProcesses: 14,
        started: 14,
        ended: 14,
        ok: 9,
        unreachable: 4,
        errors: 0,
        nonZeroExitCodes: 1,
      });
      expect([done.worst, done.exitCodes.length]).toEqual([255, 14]);
      expect(done.format()).toMatch(/^node\[1-2,4-8\],own1,slow1: fine\ndead\[1-2\],hole1,wrong1:\nnode3: bad\n$/);
      const error = await run.orThrow().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(RunError);
      expect(String(error)).toMatch(/5 of 14 failed$/);
      expect(error).toMatchObject({
        details: expect.stringMatching(/^dead\[1-2\]: unreachable: nothing listens[^]*^node3: exit status 255$/m) as string,
      });
    },
  );

  test("is done again where it failed, where hosts were not there, or by choice, with the command of each host", async () => {
    const hosts = openLocal("a[1-4]");
    const marks = hosts.hosts.names.map((name) => join(directory, `again-${name}`));
    const first = hosts.run("[ {{{name}}} != a1 ] && [ -e {{mark}} ] || { touch {{mark}}; echo {{{index}}}; exit 1; }", {
      lists: { mark: marks },
    });
    expect((await first).worst).toBe(1);
    const second = first.rerun();
    expect(String((await second).failed)).toBe("a1");
    const third = await second.rerun("failed");
    expect(third.jobs.map(({ stdout, host }) => [host!.name, stdout])).toEqual([["a1", "0\n"]]);
    expect(() => second.rerun("unreachable")).toThrow(/^which selects no job of this run/);
    expect((await second.rerun(({ host }) => host!.name === "a4")).ok).toBe(true);
  });

  test("G08 puts values in as one word, or whole as an argument, and refuses what does not fit before anything runs", async () => {
    const hosts = openLocal("a[1-2]");
    const odd = ["$(id) 'x'", '; rm -rf "/"'];
    const script = await hosts.run("printf '%s|' {{odd}} {{{name}}}", { lists: { odd } });
    expect(script.jobs.map(({ stdout }) => stdout)).toEqual([`${odd[0]}|a1|`, `${odd[1]}|a2|`]);
    const plain = await hosts.run(["printf", "%s", "{{odd}} of {{{name}}}"], { lists: { odd } });
    expect(plain.jobs.map(({ stdout }) => stdout)).toEqual([`${odd[0]} of a1`, `${odd[1]} of a2`]);
    const raw = await hosts.run("echo {{two}}", { lists: { two: ["a  b"] }, substitution: "raw" });
    expect(raw.jobs[0]!.stdout).toBe("a b\n");
    const own = await hosts.run(each(["echo one", ["echo", "{{{index}}}", "; id"]]));
    expect(own.jobs.map(({ stdout }) => stdout)).toEqual(["one\n", "1 ; id\n"]);
    const made = await hosts.run(({ name }, index) =>
      index === 0 ? ["printf", "%s", `${name} {{{name}}} $HOME`] : `printf %s '{{none}}'`,
    );
    expect(made.jobs.map(({ stdout }) => stdout)).toEqual(["a1 {{{name}}} $HOME", "{{none}}"]);
    expect(made.name).toBe("run");
    const env = { WHO: "{{{name}}} of {{odd}} \\{{", PLAIN: "x" };
    const set = await hosts.run('printf "%s|%s" "$WHO" "$PLAIN"', { env, lists: { odd } });
    expect(set.jobs.map(({ stdout }) => stdout)).toEqual([`a1 of ${odd[0]} {{|x`, `a2 of ${odd[1]} {{|x`]);
    expect(() => hosts.run("x", { env: { A: "{{none}}" } })).toThrow(/^options\.env\.A must use known names/);
    expect(() => hosts.run("x", { env: { A: "{{nul}}" }, lists: { nul: ["\0"] } })).toThrow(
      /^options\.env\.A must be a string without NUL/,
    );
    expect(() => hosts.run(each(["echo"]))).toThrow(/^command must be a list with a command for each of 2 hosts, not 1/);
    expect(() => hosts.run([] as never)).toThrow(/^command must be a script, or a list of a program/);
    expect(() => hosts.run(["echo", 3 as never])).toThrow(/^command must be a script, or a list of a program/);
    expect(() => hosts.run(() => undefined as never)).toThrow(/^command must be a script, or a list of a program/);
    expect(() => hosts.run((async () => "true") as never)).toThrow(/^command must be a function that returns a command, not a promise/);
    expect(() => each("echo" as never)).toThrow(/^commands must be a list/);
    expect(() => hosts.run("{{nothing}}")).toThrow(/^command must use known names/);
    expect(() => hosts.run("x", { concurrency: 0 })).toThrow(/^options\.concurrency must be/);
    expect(() => hosts.run("x", { stdin: 3 as never })).toThrow(/^options\.stdin must be/);
  });

  test("G34 is iterated by line as they come, one slow host holds up no other", async () => {
    const hosts = openLocal("a[1-3]");
    const run = hosts.run("echo first; [ {{{index}}} != 1 ] || read x; echo second >&2", { stdin: true });
    const lines: string[] = [];
    for await (const { host, stream, text, job } of run) {
      lines.push(`${host} ${stream} ${text}`);
      // The slow one goes on when all others have said everything.
      if (lines.filter((line) => !line.startsWith("a2 ")).length === 4 && !job.ended) await run.jobs[1]!.write("\n").catch(() => undefined);
    }
    expect(lines.toSorted()).toEqual(["a1", "a2", "a3"].flatMap((name) => [`${name} stderr second`, `${name} stdout first`]));
    expect(lines.at(-1)).toBe("a2 stderr second");
  });

  test("has at most so many hosts at work, over all of it", async () => {
    const hosts = openLocal("a[1-12]", { concurrency: 3 });
    const log = join(directory, "concurrency");
    const run = hosts.run(`echo + >> ${log}; sleep 0.05; echo - >> ${log}`);
    expect((await run).ok).toBe(true);
    const both = parallel([
      hosts.run(`echo + >> ${log}; sleep 0.02; echo - >> ${log}`),
      hosts.run(`echo + >> ${log}; sleep 0.02; echo - >> ${log}`),
    ]);
    expect((await both).jobs).toHaveLength(24);
    let now = 0;
    const counts = (await readFile(log, "utf8"))
      .trim()
      .split("\n")
      .map((sign) => (now += sign === "+" ? 1 : -1));
    expect([Math.max(...counts), counts.length]).toEqual([3, 72]);
  });

  test("has one deadline for all, those included whose turn has not come", async () => {
    const hosts = openLocal("a[1-3]", { concurrency: 1 });
    const done = await hosts.run("exec sleep 72001", { timeout: 300 });
    expect(done.jobs.map(({ reason, startDate }) => [reason, startDate !== null])).toEqual([
      ["timeout", true],
      ["timeout", false],
      ["timeout", false],
    ]);
    expect(await running(72_001)).toBe(0);
    const waited = hosts.run("exec sleep 72002", { concurrency: 3 });
    expect(await waited.wait({ timeout: 100 })).toEqual([null, null, null]);
    await waited.wait({ timeout: 1, kill: true });
    expect(waited.result.jobs.map(({ reason }) => reason)).toEqual(["timeout", "timeout", "timeout"]);
    const late = await hosts.run("exec sleep 72003", { hostTimeout: 100 });
    expect(late.jobs.map(({ reason, startDate }) => [reason, startDate !== null])).toEqual(
      Array.from({ length: 3 }, () => ["timeout", true]),
    );
  });

  test.each(ofConnectors)("G14 is killed on all its hosts, with everything below, over %s", async (kind) => {
    const hosts = open(/^node/, { connect: connect(undefined, kind) });
    const run = hosts.run("setsid sleep 72010 & sleep 72010");
    await until("all run", async () => (await running(72_010)) === 16);
    const done = await run.kill();
    expect([done.ok, done.jobs.every(({ reason }) => reason === "killed"), await running(72_010)]).toEqual([true, true, 0]);
    await using disposed = hosts.run("sleep 72011");
    await until("all run", async () => (await running(72_011)) === 8);
    expect(disposed.ended).toBe(false);
    const more = hosts.run("sleep 72012");
    await until("all run", async () => (await running(72_012)) === 8);
    await hosts.close();
    expect([await running(72_012), more.ended]).toEqual([0, true]);
    expect((await hosts.run("true")).jobs[0]).toMatchObject({ reason: "error", error: { code: "closed" } });
  });

  test.each(ofConnectors)("G18 keeps one connection for each host, however much runs there, over %s", async (kind) => {
    const hosts = open(/^node1$/, { connect: connect(undefined, kind) });
    const runs = Array.from({ length: 25 }, (_, index) => hosts.run(`echo ${index} $SSH_CONNECTION`));
    const outputs = await Promise.all(runs.map(async (run) => (await run).jobs[0]!.stdout));
    const [, connection] = outputs[0]!.split(/ (.*)/s);
    expect(connection).toMatch(/^127\.0\.\d/);
    expect(outputs).toEqual(runs.map((_, index) => `${index} ${connection}`));
  });

  test("tries again, after a pause, hosts that did not answer in time, and so often only", async () => {
    let attempts = 0;
    const passing = (host: Host): Connector => {
      const real = connect(300)(host);
      return new Proxy(real, {
        get: (target, name) => {
          if (name === "status") attempts += 1;
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      });
    };
    const hosts = open(/^hole1$/, { connect: passing, retries: 1 });
    expect((await hosts.run("true")).jobs[0]).toMatchObject({ reason: "unreachable", error: { code: "connect-timeout" } });
    expect(attempts).toBe(2);
    const dead = open(/^dead1$/, { connect: passing });
    await dead.run("true");
    expect(attempts, "where nobody listens, once").toBe(3);
  });

  test("goes elsewhere, too: prefixed lines to a stream, and a file for each host", async () => {
    const hosts = openLocal("a[1-2]");
    let written = "";
    const stream = new Writable({
      highWaterMark: 1,
      write: (chunk: Buffer, _, done) => {
        written += chunk.toString();
        setImmediate(done);
      },
    });
    const logDir = join(directory, "logs");
    for (let round = 0; round < 2; round += 1) await hosts.run("printf 'x\\ny\\377'; printf z >&2", { tee: stream, logDir });
    expect(
      written
        .split("\n")
        .toSorted()
        .filter((line) => line.startsWith("a1: ")),
    ).toEqual(["a1: x", "a1: x", "a1: y\ufffd", "a1: y\ufffd", "a1: z", "a1: z"]);
    const log = await readFile(join(logDir, "a2.log"));
    expect([log.length, log.includes(0xff), ((await stat(join(logDir, "a2.log"))).mode & 0o777).toString(8)]).toEqual([10, true, "600"]);
    expect([asLocalName("../../etc/x"), asLocalName("me@[::1]:22"), asLocalName("é")]).toEqual([
      "%2E.%2F..%2Fetc%2Fx",
      "me@%5B::1%5D:22",
      "%C3%A9",
    ]);
    const unwritable = await hosts.run("echo x; exec sleep 72020", { logDir: "/etc/passwd/none" });
    expect(unwritable.jobs.map(({ reason }) => reason)).toEqual(["error", "error"]);
  });

  test("of no hosts has ended at once", async () => {
    const none = fleet([], quiet);
    expect((await none.run("true")).jobs).toEqual([]);
    expect((await parallel([])).ok).toBe(true);
    expect((await sequence([])).ok).toBe(true);
  });

  test("calls back, and is taken from in parts", async () => {
    const hosts = openLocal("a[1-2]");
    const events: string[] = [];
    const run = hosts.run("echo hi", { autoStart: false });
    run.on("start", ({ host }) => void events.push(`start ${host!.name}`));
    run.on("line", ({ host, text }) => void events.push(`${host} ${text}`));
    run.on("end", ({ host }) => void events.push(`end ${host!.name}`));
    run.on("over", () => void events.push("over"));
    await new Promise((resolve) => setImmediate(resolve));
    expect([run.state, events]).toEqual(["idle", []]);
    await run.start();
    expect(events.filter((event) => event.includes("a1"))).toEqual(["start a1", "a1 hi", "end a1"]);
    expect(events.at(-1)).toBe("over");
    expect(run.readNew()).toEqual([
      ["a1", "hi\n"],
      ["a2", "hi\n"],
    ]);
    expect(run.readNew()).toEqual([]);
  });
});

describe("runs of runs", () => {
  const say = (hosts: Fleet, log: string, word: string, more = ""): Run => hosts.run(`echo ${word} >> ${log}; ${more}`);
  const read = async (log: string): Promise<string[]> => (await readFile(log, "utf8")).trim().split("\n");

  test("one after the other: what fails stops the others, or does not", async () => {
    const hosts = openLocal("a[1-2]");
    const log = join(directory, "sequence");
    const stopped = sequence([say(hosts, log, "1"), say(hosts, log, "2", "exit {{{index}}}"), say(hosts, log, "3")]);
    expect((await stopped).ok).toBe(false);
    expect(await read(log)).toEqual(["1", "1", "2", "2"]);
    expect(stopped.jobs.map(({ state }) => state)).toEqual(["ended", "ended", "ended", "ended", "idle", "idle"]);
    const all = sequence([say(hosts, log, "4", "false"), say(hosts, log, "5")], { onError: "continue" });
    await all;
    expect((await read(log)).slice(4)).toEqual(["4", "4", "5", "5"]);
    const again = await stopped.rerun();
    expect(again.jobs.map(({ host }) => host!.name)).toEqual(["a2"]);
    expect(
      new Report([stopped, all])
        .output({ color: false })
        .split("\n")
        .filter((line) => line.startsWith("Total")),
    ).toHaveLength(1);
  });

  test("functions make the next part of what came before, for each host its own way", async () => {
    const hosts = openLocal("a[1-3]");
    let between = 0;
    const chains = Array.from(hosts, (one) =>
      sequence([
        one.run("echo {{{name}}}"),
        async () => void (between += 1),
        ([first]) => one.run(`echo ${first!.jobs[0]!.stdout.trim()} again`),
      ]),
    );
    const run = parallel(chains);
    const lines = (await Array.fromAsync(run)).map(({ text }) => text);
    expect(lines.toSorted()).toEqual(["a1", "a1 again", "a2", "a2 again", "a3", "a3 again"]);
    expect([between, (await run).jobs.length]).toEqual([3, 6]);
    await expect(sequence([async () => (await hosts.run("true")) as never])).rejects.toThrow(
      /^runs must be functions that return a Run, not a promise of one/,
    );
  });

  test("killed, one does not go on with the next", async () => {
    const hosts = openLocal("a1");
    const log = join(directory, "killed");
    const run = sequence([say(hosts, log, "1", "exec sleep 72030"), () => say(hosts, log, "2"), say(hosts, log, "3")], {
      onError: "continue",
    });
    await until("it runs", async () => (await running(72_030)) === 1);
    await run.kill();
    expect([await read(log), run.ended, await running(72_030)]).toEqual([["1"], true, 0]);
    const late = await sequence([hosts.run("exec sleep 72031"), hosts.run("true")], { timeout: 150 });
    expect(late.jobs.map(({ reason }) => reason)).toEqual(["timeout", "timeout"]);
  });

  test("are made of runs that have not begun", async () => {
    const hosts = openLocal("a1");
    const begun = hosts.run("true");
    await begun;
    expect(() => sequence([begun])).toThrow(/^runs must be Runs that have not started/);
    const part = hosts.run("true");
    await parallel([part]);
    expect(() => parallel([part])).toThrow(/^runs must be/);
  });

  test("are waited for: the first, or all, not longer than so long", async () => {
    const hosts = openLocal("a1");
    const quick = hosts.run("true");
    const endless = hosts.run("exec sleep 72040");
    expect(await firstOf([endless, quick])).toEqual([quick]);
    expect(await allOf([endless, quick], { timeout: 50 })).toEqual([quick]);
    expect(await allOf([quick])).toEqual([quick]);
    expect(await firstOf([])).toEqual([]);
    for (const wrong of [undefined, null, 3, [null], [{}]]) {
      const error = await firstOf(wrong as unknown as []).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "invalid-argument", message: "runs must be a list of Runs" });
    }
  });
});
