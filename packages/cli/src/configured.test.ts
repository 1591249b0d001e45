/* Named hosts of a configuration, on the command line. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CommandHome, commandHome, asItIs } from "../../../test/support/command.ts";

let home: CommandHome;
let file: string;
beforeAll(async () => {
  home = await commandHome();
  mkdirSync(join(home.directory, "project/src"), { recursive: true });
  file = join(home.directory, "project/sremote.config.json");
  const hosts = {
    box: { connect: { kind: "local", env: { WHERE: "in the box" } } },
    far: { address: "127.0.0.1", port: 1 },
  };
  writeFileSync(file, JSON.stringify({ hosts, groups: { both: "box,local", one: "box" }, sshConfig: false }));
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
});

/** In the project, below the directory that has the file. */
function inProject(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return withInput("", ...args);
}

function withInput(input: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [...asItIs, ...args], {
    cwd: join(home.directory, "project/src"),
    env: home.env,
    encoding: "utf8",
    input,
  });
}

test("the nearest file names hosts for calls, commands and sets", () => {
  expect(inProject("call", "box", "os.getenv", "WHERE")).toMatchObject({ status: 0, stdout: "in the box\n", stderr: "" });
  expect(inProject("call", "@one", "os.getenv", "WHERE").stdout).toBe("in the box\n");
  expect(inProject("exec", "box", 'echo "$WHERE"').stdout).toBe("in the box\n");
  expect(
    inProject("run", "--json", "@both", 'echo "$WHERE"')
      .stdout.trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toMatchObject([
    { host: "box", stdout: "in the box\n" },
    { host: "local", stdout: "\n" },
  ]);
});

test("map gives items to all hosts of a group", () => {
  expect(withInput("1\n-2\n3\n", "map", "@both", "builtins.abs")).toEqual(
    expect.objectContaining({ status: 0, stdout: "1\n2\n3\n", stderr: "" }),
  );
});

test("a file can be named, and left out", async () => {
  expect(await home.output("call", "--config", file, "box", "os.getenv", "WHERE")).toBe("in the box\n");
  const { status, stderr } = inProject("call", "--no-config", "-F", "none", "box", "os.getcwd");
  expect(stderr).toMatch(/the host name does not resolve/);
  expect(status).toBe(5);
});

test("what the file says of a host over SSH holds unless an option says otherwise", () => {
  expect(inProject("call", "far", "os.getcwd")).toMatchObject({
    status: 5,
    stderr: expect.stringMatching(/nothing listens[^]*127\.0\.0\.1:1/) as string,
  });
  expect(inProject("call", "far", "-p", "2", "os.getcwd").stderr).toMatch(/127\.0\.0\.1:2/);
});

test.each<[string, RegExp, string[]]>([
  [
    "options of SSH for a host that is reached otherwise",
    /box is reached as the configuration says, which takes no SSH options/,
    ["call", "box", "-p", "22", "os.getcwd"],
  ],
  ["several hosts where one is called", /HOST must be one host; @both are 2/, ["call", "@both", "os.getcwd"]],
  ["a group that is not there", /nogroup/, ["run", "@nogroup", "true"]],
  [
    "a file that is not there",
    /must be a readable file, and .*nowhere\.json is none/,
    ["call", "--config", "nowhere.json", "box", "os.getcwd"],
  ],
])("%s is wrong usage", (_what, says, args) => {
  const { status, stderr } = inProject(...args);
  expect(stderr).toMatch(says);
  expect(status).toBe(2);
});
