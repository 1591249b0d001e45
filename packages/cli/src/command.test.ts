/* The real command, from source, against this machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../../scripts/labs/wait.ts";
import { type CommandHome, commandHome } from "../../../test/support/command.ts";

const sample = String.raw`
import datetime, os, pathlib, signal, sys, time

def speak():
    os.write(1, b"out\x00\xff\n")
    os.write(2, b"err\n")
    return {"n": 2**64, "raw": b"\x00\xff", "when": datetime.datetime(2026, 11, 22, 8, 0, tzinfo=datetime.timezone.utc), "nan": float("nan")}

def raw():
    return b"\x00\xff\n"

def nothing():
    print("said")

def fail():
    os.write(1, b"before\xff\n")
    print("warned", file=sys.stderr)
    raise ValueError("no such luck")

def echo(*args, **kwargs):
    return [args, kwargs]

def leave():
    sys.exit(255)

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def wait(mark, seconds=60):
    try:
        pathlib.Path(mark).write_text("began")
        time.sleep(seconds)
    except KeyboardInterrupt:
        pathlib.Path(mark + ".interrupted").write_text("")
        raise

def long():
    return "x" * (1 << 21)

def count(n):
    for i in range(n):
        print("making", i)
        yield {"i": i}

def forever():
    while True:
        yield "x" * 1000

def flood():
    while True:
        print("x" * 1000)

def announce(mark):
    print("begun", flush=True)
    wait(mark)

class Shape:
    @staticmethod
    def sides():
        return 4
`;

/** The working directory of a call stands first on Python's module search path; here it is the home directory with sample.py. */
const own = ["call", "local", "--cwd", "."];

let home: CommandHome;
beforeAll(async () => {
  home = await commandHome({
    "sample.py": sample,
    "lib.mjs": "export const twice = (n, { plus = 0 } = {}) => 2 * n + plus;\nexport default { twice };\n",
  });
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

test("prints the value and nothing else, and ends with 0", async () => {
  expect(await home.output("call", "local", "os.getenv", "HOME")).toBe(`${home.directory}\n`);
  expect(await home.output("call", "local", "math.hypot", "3", "4")).toBe("5\n");
  expect(await home.output("call", "local", "pathlib:Path.home")).toBe(`${home.directory}\n`);
  expect(await home.output(...own, "sample:Shape.sides")).toBe("4\n");
});

test("passes on both outputs byte for byte, before the value", async () => {
  const { exitCode, stdout, stderr } = await home.run(...own, "sample.speak");
  expect(exitCode).toBe(0);
  expect(stdout.subarray(0, 6)).toEqual(Buffer.from("out\0\xff\n", "latin1"));
  expect(stdout.subarray(6).toString()).toContain("18446744073709551616n");
  expect(stderr).toBe("err\n");
});

test("writes bytes raw into a pipe and nothing for None", async () => {
  expect((await home.run(...own, "sample.raw")).stdout).toEqual(Buffer.from("\0\xff\n", "latin1"));
  expect(await home.output(...own, "sample.nothing")).toBe("said\n");
});

test("arguments are JSON where they can be, keywords too, and all strings with -s", async () => {
  const call = async (...args: string[]): Promise<unknown> => {
    const { value } = JSON.parse(await home.output(...own, "sample.echo", "--json", ...args)) as { value: unknown };
    return value;
  };
  expect(await call("1", "x", "[true]", "9007199254740993", "--kw", "k={}", "--kw", "s=a=b")).toEqual([
    [1, "x", [true], { $bigint: "9007199254740993" }],
    { k: {}, s: "a=b" },
  ]);
  expect(await call("-s", "1", "null", "--kw", "k=2")).toEqual([["1", "null"], { k: "2" }]);
  expect(await call("-5", "--", "--not-an-option", "-x")).toEqual([[-5, "--not-an-option", "-x"], {}]);
});

test("--json prints one document in which everything has a form", async () => {
  const document = JSON.parse(await home.output(...own, "sample.speak", "--json")) as Record<string, unknown>;
  expect(document).toMatchObject({
    value: {
      n: { $bigint: "18446744073709551616" },
      raw: { $bytes: "AP8=" },
      when: { $date: "2026-11-22T08:00:00.000Z" },
      nan: { $number: "NaN" },
    },
    stdout: { $bytes: Buffer.from("out\0\xff\n", "latin1").toString("base64") },
    stderr: "err\n",
    host: { runtime: "python", home: home.directory },
  });
  expect(document).toHaveProperty("usage.wallMs");
});

test("--json tells an error in the same way, and people read it on stderr", async () => {
  const { exitCode, stdout, stderr } = await home.run(...own, "sample.fail", "--json");
  const { error } = JSON.parse(stdout.toString()) as { error: unknown };
  expect(error).toMatchObject({
    code: "raised",
    exitCode: 1,
    stdout: { $bytes: "YmVmb3Jl/wo=" },
    stderr: "warned\n",
    remote: { type: "ValueError" },
  });
  expect(stderr).toContain("ValueError: no such luck");
  expect(exitCode).toBe(1);
});

test("an exception ends with 1, after what was printed, with the remote traceback and no local stack", async () => {
  const { exitCode, stdout, stderr } = await home.run(...own, "sample.fail");
  expect(exitCode).toBe(1);
  expect(stdout).toEqual(Buffer.from("before\xff\n", "latin1"));
  expect(stderr).toMatch(/^warned\nsremote: sample\.fail raised ValueError: no such luck\n/);
  expect(stderr).toContain('raise ValueError("no such luck")');
  expect(stderr).not.toMatch(/^\s+at /m);
});

test("--debug adds the local stack", async () => {
  const { stderr } = await home.run("--debug", ...own, "sample.fail");
  expect(stderr).toMatch(/^\s+at .*\/packages\/client\//m);
});

test("Node: modules, paths, default exports, keywords", async () => {
  expect(await home.output("call", "local", "node:path.join", "a", "b")).toBe("a/b\n");
  expect(await home.output("call", "local", "node:path:posix.join", "a", "b")).toBe("a/b\n");
  expect(await home.output("call", "local", "./lib.mjs:twice", "4", "--kw", "plus=1", "--node")).toBe("9\n");
  expect(await home.output("call", "local", "./lib.mjs:default.twice", "4", "--node")).toBe("8\n");
});

test("environment, working directory, interpreter and base directory can be chosen", async () => {
  expect(await home.output("call", "local", "os.getenv", "COLOUR", "--env", "COLOUR=a=b", "--env", "OTHER=1")).toBe("a=b\n");
  expect(await home.output("call", "local", "os.getcwd", "--cwd", "work/here")).toBe(`${home.directory}/work/here\n`);
  expect(await home.output("call", "local", "os.getenv", "SREMOTE_BASE", "--sremote-dir", "elsewhere")).toBe(
    `${home.directory}/elsewhere\n`,
  );
  expect(await home.output("call", "local", "platform.python_version", "--python", "/usr/bin/python3")).toMatch(/^3\.\d+\.\d+\n$/);
});

test("a call repeated with the same id is answered, not run again", async () => {
  const id = "0123456789abcdef0123456789abcdef";
  expect(await home.output("call", "local", "os.getenv", "HOME", "--id", id)).toBe(`${home.directory}\n`);
  const { exitCode, stderr } = await home.run("call", "local", "os.getenv", "HOME", "--id", "short");
  expect(exitCode).toBe(2);
  expect(stderr).toContain("32 lower-case hex digits");
});

test.each<[string, number, RegExp, string[]]>([
  ["no command", 2, /Usage: sremote/, []],
  ["an unknown command", 2, /unknown command 'cal'/, ["cal", "local"]],
  ["no host", 2, /missing required argument 'HOST'/, ["call"]],
  ["an unknown option", 2, /unknown option '--nod'/, ["call", "local", "os.getenv", "--nod"]],
  ["a function without a module", 2, /FUNCTION must be MODULE\.FUNCTION/, ["call", "local", "getenv"]],
  ["a keyword without a value", 2, /--kw must be NAME=VALUE/, ["call", "local", "os.getenv", "--kw", "key"]],
  ["no duration", 2, /--timeout must be a positive duration/, ["call", "local", "os.getenv", "--timeout", "soon"]],
  ["a variable that no shell takes", 2, /options\.env\.1A must be a name/, ["call", "local", "os.getenv", "--env", "1A=x"]],
  ["a hostile host", 2, /destination must have a host name without a leading dash/, ["call", "--", "-oProxyCommand=x", "os.getenv"]],
  ["a password in HOST", 2, /HOST must be .* without a password(?![^]*s3cret)/, ["call", "me:s3cret@host", "os.getenv"]],
  ["options of SSH for local", 2, /HOST is local, which takes no SSH options/, ["call", "local", "os.getenv", "-p", "22"]],
  ["no port", 2, /--port must be a number/, ["call", "host", "os.getenv", "-p", "x"]],
  ["no host key policy", 2, /--host-key must be strict, accept-new/, ["call", "host", "os.getenv", "--host-key", "any"]],
  ["nothing to install", 2, /PACKAGES is missing: name at least one package/, ["install", "local"]],
  ["a branch without a repository", 2, /--branch needs --git/, ["install", "local", "x", "--branch", "b"]],
  ["wrong arguments of the function", 2, /getenv/, ["call", "local", "os.getenv"]],
  ["no module", 3, /no module 'nowhere'[^]*sremote install local PACKAGE/, ["call", "local", "nowhere.run"]],
  ["a class written with a dot", 3, /pathlib:Path\.…/, ["call", "local", "pathlib.Path.home"]],
  ["an object written with a dot", 3, /sremote install local PACKAGE`[^]*sys:stdin\.…/, ["call", "local", "sys.stdin.read"]],
  ["no function", 3, /near names: getenv/, ["call", "local", "os.getenvv", "X"]],
  ["no interpreter", 4, /hint: .*--python/, ["call", "local", "os.getcwd", "--python", "/nowhere/python3"]],
  ["no directory", 4, /--sremote-dir/, ["bootstrap", "local", "--sremote-dir", "/proc/nowhere"]],
  ["nothing listens", 5, /nothing listens/, ["call", "127.0.0.1:1", "os.getcwd", "-F", "none"]],
  ["no such name", 5, /does not resolve/, ["call", "host.invalid", "os.getcwd", "-F", "none"]],
  ["too slow", 7, /did not end within 300 ms/, [...own, "sample.wait", "slow", "--timeout", "300ms"]],
  ["sys.exit", 8, /sample\.leave/, [...own, "sample.leave"]],
  ["killed", 8, /SIGKILL/, [...own, "sample.die"]],
])("%s ends with %i", async (_what, status, says, args) => {
  const { exitCode, stdout, stderr } = await home.run(...args);
  expect(stderr).toMatch(says);
  expect(exitCode).toBe(status);
  expect(stdout).toEqual(Buffer.alloc(0));
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s ends the function on the host first, then the command with %i", async (signal, status) => {
  const mark = join(home.directory, `mark-${signal}`);
  const { child, end } = home.start(...own, "sample.wait", mark);
  await until("the function to begin", () => existsSync(mark), 20_000);
  child.kill(signal);
  const { exitCode, stderr } = await end;
  expect(exitCode).toBe(status);
  expect(stderr).toContain("cancelled");
  await until("the function to be interrupted", () => existsSync(`${mark}.interrupted`));
});

test("items of a generator are lines, each as it is made, after what was printed for it", async () => {
  expect(await home.output(...own, "sample.count", "2")).toBe("making 0\n{ i: 0 }\nmaking 1\n{ i: 1 }\n");
});

test("--json prints a generator as a line of JSON for each item, and what it printed on standard error", async () => {
  const { exitCode, stdout, stderr } = await home.run(...own, "sample.count", "2", "--json");
  expect(exitCode).toBe(0);
  expect(stdout.toString()).toBe('{"i":0}\n{"i":1}\n');
  expect(stderr).toBe("making 0\nmaking 1\n");
});

test("output comes while the function runs, and stays when it is interrupted", async () => {
  const { child, end } = home.start(...own, "sample.announce", join(home.directory, "announced"));
  const [first] = (await once(child.stdout, "data")) as [Buffer];
  expect(first.toString()).toBe("begun\n");
  child.kill("SIGINT");
  const { exitCode, stdout } = await end;
  expect(exitCode).toBe(130);
  expect(stdout.toString()).toBe("begun\n");
});

test("standard input and files are arguments", async () => {
  const child = home.startWith("[1, null]", ...own, "sample.echo", "-", "@@x", `@${join(home.directory, "sample.py")}`, "--json");
  const { value } = JSON.parse((await child.end).stdout.toString()) as { value: [unknown[], unknown] };
  expect(value[0]).toEqual([[1, null], "@x", sample]);
});

test.each(["forever", "flood"])("a reader that goes away ends a function that goes on for ever, quietly: %s", async (name) => {
  const { child, end } = home.start(...own, `sample.${name}`);
  await once(child.stdout, "readable");
  child.stdout.destroy();
  const { exitCode, stderr } = await end;
  expect(stderr).toBe("");
  expect(exitCode).toBe(141);
});

test("a reader that goes away ends it quietly", async () => {
  const { child, end } = home.start(...own, "sample.long");
  await once(child.stdout, "readable");
  child.stdout.destroy();
  const { exitCode, stderr } = await end;
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
});

test("a full disk behind standard output is told, and ends with 10", async () => {
  const { child, end } = home.start(...own, "sample.nothing");
  expect((await end).exitCode).toBe(0);
  const full = spawn("sh", ["-c", 'exec "$@" > /dev/full', "sh", ...child.spawnargs], {
    env: home.env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const stderr = text(full.stderr);
  await once(full, "close");
  expect(await stderr).toMatch(/^sremote: standard output cannot be written: .*no space left/i);
  expect(full.exitCode).toBe(10);
});

test("leaves nothing behind: calls need no installation, and what installs leaves no call in the spool", async () => {
  await using fresh = await commandHome();
  await fresh.output("call", "local", "os.getcwd");
  await fresh.run("call", "local", "os.nothing");
  expect(await readdir(fresh.directory)).toEqual([]);
  await fresh.output("bootstrap", "local");
  const calls = await readdir(join(fresh.directory, ".sremote/calls"));
  expect(calls.filter((name) => /^[0-9a-f]{32}$/.test(name))).toEqual([]);
});

test("bootstrap tells where everything is", async () => {
  expect(await home.output("bootstrap", "local")).toBe(
    `local: endpoint in ${home.directory}/.sremote, calls run on ${home.directory}/.sremote/env/bin/python\n`,
  );
});

test("an installation that fails ends with 9 and the installer's words", async () => {
  const { exitCode, stderr } = await home.run("install", "local", "--git", "file:///nowhere/at/all.git", "--name", "x");
  expect(stderr).toMatch(/git clone of file:\/\/\/nowhere\/at\/all\.git failed/);
  expect(exitCode).toBe(9);
});

test("doctor finds this machine fit", async () => {
  const found = await home.output("doctor", "local");
  expect(found).toContain("/usr/bin/python3");
  expect(found).toContain("✓ calls of python functions can work");
  expect(JSON.parse(await home.output("doctor", "local", "--json"))).toMatchObject({
    host: "local",
    ok: true,
    report: { home: home.directory },
  });
});

test("doctor names what prevents calls, with the cure, and ends with 4", async () => {
  const { exitCode, stdout } = await home.run("doctor", "local", "--sremote-dir", "sample.py");
  expect(stdout.toString()).toMatch(/✗ no directory can hold the endpoint: .*sample\.py[^]*cure: .*--sremote-dir/);
  expect(exitCode).toBe(4);
});

test("doctor judges the interpreter that was named", async () => {
  const { exitCode, stdout } = await home.run("doctor", "local", "--python", "/nowhere/python3");
  expect(stdout.toString()).toMatch(/✗ no Python 3\.6 or later[^]*does not start[^]*\/nowhere\/python3/);
  expect(exitCode).toBe(4);
});

test("doctor of a host that cannot be reached tells why and ends as a call would", async () => {
  const { exitCode, stdout } = await home.run("doctor", "127.0.0.1:1", "-F", "none");
  expect(stdout.toString()).toContain("✗ nothing listens at the address");
  expect(exitCode).toBe(5);
});

test("--version and --help", async () => {
  expect(await home.output("--version")).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(await home.output("--help")).toContain("sremote call me@gpu.example.org math.hypot 3 4");
  expect(await home.output("call", "--help")).toContain("SSH options:");
  for (const command of [[], ["call"], ["eval"], ["run"], ["push"], ["doctor"]]) {
    const long = (await home.output(...command, "--help")).split("\n").filter((line) => line.length > 80);
    expect(long).toEqual([]);
  }
});
