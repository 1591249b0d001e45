/* exec, run, push, pull and sync: the real command, from source, against this machine. */
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../../scripts/labs/wait.ts";
import { type CommandHome, commandHome } from "../../../test/support/command.ts";
import { withoutMatches } from "./copy.ts";

let home: CommandHome;
beforeAll(async () => {
  home = await commandHome();
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

test("exec passes on input, both outputs and the exit status, byte for byte", async () => {
  const script = String.raw`cat; printf 'err\377' >&2; exit 3`;
  const { exitCode, stdout, stderr } = await home.startWith("in\0put", "exec", "local", script).end;
  expect(exitCode).toBe(3);
  expect(stdout).toEqual(Buffer.from("in\0put"));
  expect(stderr).toBe("err\ufffd");
});

test("exec takes one text for a script and several for a program and its arguments", async () => {
  expect(await home.output("exec", "local", "echo $((1 + 1))")).toBe("2\n");
  expect(await home.output("exec", "local", "echo", "$((1 + 1))")).toBe("$((1 + 1))\n");
  expect(await home.output("exec", "local", "printf", "%s|", "-n", "--json")).toBe("-n|--json|");
  expect(await home.output("exec", "local", "--cwd", "/", "--env", "A=b c", 'echo "$PWD $A"')).toBe("/ b c\n");
});

test("exec ends with 128 and the number of the signal, and 255 where no command ran", async () => {
  expect((await home.run("exec", "local", "kill -9 $$")).exitCode).toBe(137);
  const { exitCode, stderr } = await home.run("exec", "-F", "none", "127.0.0.1:1", "true");
  expect(exitCode).toBe(255);
  expect(stderr).toMatch(/nothing listens/);
  expect((await home.run("exec", "local", "--timeout", "300ms", "sleep 60")).exitCode).toBe(255);
});

test("exec ends what runs when it is interrupted, and when the reader of its output has gone", async () => {
  const pids = join(home.directory, "pids");
  const { child, end } = home.start("exec", "local", `echo $$ >> ${pids}; echo begun; sleep 60`);
  await once(child.stdout, "data");
  child.kill("SIGINT");
  expect((await end).exitCode).toBe(130);
  const endless = home.start("exec", "local", `echo $$ >> ${pids}; exec yes`);
  await once(endless.child.stdout, "readable");
  endless.child.stdout.destroy();
  expect(await endless.end).toMatchObject({ exitCode: 141, stderr: "" });
  const isGone = (pid: string): boolean => {
    try {
      return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return true;
    }
  };
  const started = readFileSync(pids, "utf8").trim().split("\n");
  expect(started).toHaveLength(2);
  await until("both to end", () => started.every(isGone));
});

test("eval prints what the code prints and the value of its last expression, or its text where it cannot travel", async () => {
  expect(await home.output("eval", "local", "print(1)\nx = 20\nx * 2 + 2")).toBe("1\n42\n");
  expect(await home.output("eval", "local", "object")).toBe("<class 'object'>\n");
  expect((await home.startWith("import sys\nsys.version_info.major", "eval", "local", "-").end).stdout.toString()).toBe("3\n");
  const { exitCode, stdout, stderr } = await home.run("eval", "local", "print('before')\n1 / 0");
  expect(stdout.toString()).toBe("before\n");
  expect(stderr).toMatch(/ZeroDivisionError[^]*<snippet 1>:2 [^]*1 \/ 0/);
  expect(exitCode).toBe(1);
  expect(JSON.parse(await home.output("eval", "local", "--json", "2 ** 64"))).toMatchObject({ value: { $bigint: "18446744073709551616" } });
});

test("map gives a line of JSON for each line of input, in their order, and ends with the first failure", async () => {
  const good = await home.startWith('[1, 2]\n\n"abc"\nplain\n', "map", "local", "builtins.len").end;
  expect(good).toMatchObject({ exitCode: 0, stderr: "" });
  expect(good.stdout.toString()).toBe("2\n3\n5\n");
  const spread = await home.startWith("[2, 10]\n[3, 3]\n", "map", "local", "builtins.pow", "--spread", "--kw", "mod=7").end;
  expect(spread.stdout.toString()).toBe("2\n6\n");
  const bad = await home.startWith("4\n-1\n9\n", "map", "local", "math.sqrt").end;
  expect(bad.stderr).toMatch(/item 1.*math domain error/);
  expect(bad.exitCode).toBe(1);
});

test("ship puts code on the host, and tells the line where it does not compile", async () => {
  const path = join(home.directory, "shipped.py");
  writeFileSync(path, "x = 1\n");
  expect(await home.output("ship", "local", path)).toMatch(/^local: shipped, 1 file, [0-9a-f]{64}\n$/);
  writeFileSync(path, "def broken(:\n");
  const { exitCode, stderr } = await home.run("ship", "local", path);
  expect(stderr).toMatch(/shipped\.py[^]*1/);
  expect(exitCode).not.toBe(0);
});

test("map --settled goes on after an item that fails", async () => {
  const { exitCode, stdout } = await home.startWith("4\n-1\n9\n", "map", "local", "math.sqrt", "--settled").end;
  expect(
    stdout
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toMatchObject([
    { index: 0, value: 2 },
    { index: 1, error: { code: "raised" } },
    { index: 2, value: 3 },
  ]);
  expect(exitCode).toBe(1);
});

test("--ship makes code of this machine importable in call, map and eval", async () => {
  const code = join(home.directory, "own");
  mkdirSync(code);
  writeFileSync(join(code, "tools.py"), "def double(n):\n    print('doubling')\n    return 2 * n\n");
  const ship = ["--ship", join(code, "tools.py")];
  expect(await home.output("call", ...ship, "local", "tools.double", "21")).toBe("doubling\n42\n");
  expect(await home.output("eval", ...ship, "local", "import tools; tools.double(2)")).toBe("doubling\n4\n");
  const mapped = await home.startWith("1\n2\n", "map", "--ship", `own=${code}`, "local", "own.tools.double").end;
  expect(mapped.stdout.toString()).toBe("2\n4\n");
  expect(mapped.stderr).toBe("doubling\ndoubling\n");
  expect((await home.run("call", "--ship", "/nowhere/at/all.py", "local", "x.y")).exitCode).toBe(10);
});

test("run prints lines with the host's name, and tells on standard error how it went", async () => {
  const { exitCode, stdout, stderr } = await home.run("run", "local", "echo {{{host}}}; echo more; exit 4");
  expect(stdout.toString()).toBe("local: local\nlocal: more\n");
  expect(stderr).toMatch(/local: exit status 4\n.*1\/1 done: 0 ok, 1 failed/);
  expect(exitCode).toBe(1);
});

test("run --json prints a document for each host; a host that cannot be reached makes it 5", async () => {
  const { exitCode, stdout } = await home.run("run", "--json", "-F", "none", "local,127.0.0.1:1", "echo hi");
  const documents = stdout
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  expect(documents).toMatchObject([
    { host: "local", reason: "exit", exitCode: 0, stdout: "hi\n", stderr: "" },
    { reason: "unreachable", exitCode: null, error: { code: "connect-refused" } },
  ]);
  expect(exitCode).toBe(5);
});

test("run --gather prints equal outputs once", async () => {
  const { stdout } = await home.run("run", "--gather", "local", "echo one; echo two");
  expect(stdout.toString()).toBe("local: one\nlocal: two\n");
});

test("push, pull and sync copy, leave out what is excluded, and tell beforehand what they would do", async () => {
  const here = join(home.directory, "tree");
  mkdirSync(join(here, "sub/__pycache__"), { recursive: true });
  writeFileSync(join(here, "a.py"), "a");
  writeFileSync(join(here, "sub/b.py"), "b");
  writeFileSync(join(here, "sub/__pycache__/b.pyc"), "c");
  const list = (name: string): string[] => (readdirSync(join(home.directory, name), { recursive: true }) as string[]).toSorted();

  expect((await home.run("push", "local", here, "~/copies/", "--exclude", "__pycache__")).exitCode).toBe(0);
  expect(list("copies")).toEqual(["tree", "tree/a.py", "tree/sub", "tree/sub/b.py"]);
  expect((await home.run("pull", "local", "copies/tree/a.py", join(home.directory, "back/"))).exitCode).toBe(0);
  expect(list("back")).toEqual(["local", "local/a.py"]);

  writeFileSync(join(home.directory, "copies/tree/extra"), "x");
  const planned = await home.run("sync", "local", here, "copies/tree", "--delete", "--exclude", "*.pyc", "--dry-run");
  expect(planned.stdout.toString()).toMatch(/^- extra$/m);
  expect(list("copies/tree")).toContain("extra");
  expect((await home.run("sync", "local", here, "copies/tree", "--delete", "--exclude", "*.pyc")).exitCode).toBe(0);
  expect(list("copies/tree")).not.toContain("extra");
});

test.each<[string, RegExp, string[]]>([
  ["no command", /missing required argument 'COMMAND'/, ["exec", "local"]],
  ["an unknown option before the command", /unknown option '--nope'/, ["run", "local", "--nope", "true"]],
  ["no number of hosts", /--concurrency must be a whole number/, ["run", "local", "--concurrency", "many", "true"]],
  ["no duration", /--host-timeout must be a positive duration/, ["run", "local", "--host-timeout", "soon", "true"]],
  ["no node set", /HOSTS|\]/, ["run", "node[1-", "true"]],
  ["a password in HOSTS", /HOSTS must be .* without passwords(?![^]*s3cret)/, ["run", "me:s3cret@host", "true"]],
  ["no destination", /a source and a destination are needed/, ["push", "local", "only"]],
])("%s is wrong usage", async (_what, says, args) => {
  const { exitCode, stdout, stderr } = await home.run(...args);
  expect(stderr).toMatch(says);
  expect(exitCode).toBe(2);
  expect(stdout).toEqual(Buffer.alloc(0));
});

test("a pattern without a slash matches names at every depth, one with a slash whole paths", () => {
  const isLeft = withoutMatches([".git", "*.pyc", "build/cache/", "/top"]);
  const paths = [".git", "a/.git", "a/x.pyc", "build/cache", "a/build/cache", "top", "a/top", "x.py", "git"];
  expect(paths.filter(isLeft)).toEqual(["a/build/cache", "a/top", "x.py", "git"]);
});
