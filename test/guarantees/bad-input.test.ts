import { mkdtempSync, readdirSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteClient, type RemoteClientOptions } from "@sremote/client";
import { type Connector, local } from "@sremote/connectors";
import { InvalidArgumentError, SremoteError } from "@sremote/protocol";
import { afterAll, describe, expect, test } from "vitest";
import { counted } from "../support/counting.ts";

// Where a mistake of ours would leave its traces.
const home = mkdtempSync(join(tmpdir(), "sremote-untouched-"));
afterAll(() => {
  expect(readdirSync(home)).toEqual([]);
  rmdirSync(home);
});

const any = (value: unknown): never => value as never;
const nul = "a\0b";

class Custom {
  readonly field = 1;
}
const cycle: unknown[] = [];
cycle.push({ again: cycle });

type Attempt = [title: string, argument: string, attempt: (client: RemoteClient) => unknown];

const attempts: Attempt[] = [
  ["doRemoteCall without a module", "module", (client) => client.doRemoteCall(any(undefined), "f")],
  ["doRemoteCall with an empty module", "module", (client) => client.doRemoteCall("", "f")],
  ["doRemoteCall with a NUL in the module", "module", (client) => client.doRemoteCall(nul, "f")],
  ["doRemoteCall without a function", "function", (client) => client.doRemoteCall("os", any(undefined))],
  ["doRemoteCall with a number as function", "function", (client) => client.doRemoteCall("os", any(7))],
  ["doRemoteCall with a string as arguments", "args", (client) => client.doRemoteCall("os", "f", any("text"))],
  ["doRemoteCall with a Map as arguments", "args", (client) => client.doRemoteCall("os", "f", any(new Map()))],
  ["doRemoteCall with options that are no object", "options", (client) => client.doRemoteCall("os", "f", [], any(5))],
  ["runtime", "options.runtime", (client) => client.doRemoteCall("os", "f", [], { runtime: any("ruby") })],
  ["kwargs", "options.kwargs", (client) => client.doRemoteCall("os", "f", [], { kwargs: any([1]) })],
  ["kwargs twice", "options.kwargs", (client) => client.doRemoteCall("os", "f", { a: 1 }, { kwargs: { b: 1 } })],
  ["loginEnv", "options.loginEnv", (client) => client.doRemoteCall("os", "f", [], { loginEnv: any("yes") })],
  ["env", "options.env", (client) => client.doRemoteCall("os", "f", [], { env: any("A=1") })],
  ["a name in env", "options.env.A=B", (client) => client.doRemoteCall("os", "f", [], { env: { "A=B": "1" } })],
  ["a value in env", "options.env.A", (client) => client.doRemoteCall("os", "f", [], { env: { A: any(1) } })],
  ["a NUL in env", "options.env.A", (client) => client.doRemoteCall("os", "f", [], { env: { A: nul } })],
  ["cwd", "options.cwd", (client) => client.doRemoteCall("os", "f", [], { cwd: "" })],
  ["timeout 0", "options.timeout", (client) => client.doRemoteCall("os", "f", [], { timeout: 0 })],
  ["timeout NaN", "options.timeout", (client) => client.doRemoteCall("os", "f", [], { timeout: Number.NaN })],
  ["signal", "options.signal", (client) => client.doRemoteCall("os", "f", [], { signal: any({}) })],
  ["outputLimit", "options.outputLimit", (client) => client.doRemoteCall("os", "f", [], { outputLimit: -1 })],
  ["naiveTimeZone", "options.naiveTimeZone", (client) => client.doRemoteCall("os", "f", [], { naiveTimeZone: any(0) })],
  ["id", "options.id", (client) => client.doRemoteCall("os", "f", [], { id: "ABC" })],
  ["module()", "module", (client) => client.module("")],
  ["module() with a wrong option", "options.timeout", (client) => client.module("os", { timeout: -1 })],
  ["installPackages with a string", "packages", (client) => client.installPackages(any("numpy"))],
  ["installPackages with none", "packages", (client) => client.installPackages([])],
  ["installPackages with an option", "packages[1]", (client) => client.installPackages(["a", "--index-url=http://x"])],
  ["installPackages with a wrong timeout", "options.timeout", (client) => client.installPackages(["a"], { timeout: -1 })],
  ["installPackages with a wrong runtime", "options.runtime", (client) => client.installPackages(["a"], { runtime: any("ruby") })],
  ["installGitModule without a URL", "url", (client) => client.installGitModule(any(undefined))],
  ["installGitModule with an option as URL", "url", (client) => client.installGitModule("--upload-pack=x")],
  ["installGitModule with an option as branch", "branch", (client) => client.installGitModule("https://x/y", "--exec=x")],
  ["installGitModule with a wrong name", "name", (client) => client.installGitModule("https://x/y", "main", "")],
  ["isModuleInstalled", "name", (client) => client.isModuleInstalled(any(null))],
  ["isModuleInstalled with a wrong runtime", "options.runtime", (client) => client.isModuleInstalled("os", { runtime: any(1) })],
  ["bootstrapInstall with a wrong runtime", "options.runtime", (client) => client.bootstrapInstall({ runtime: any("perl") })],
  ["bootstrapInstall with a wrong signal", "options.signal", (client) => client.bootstrapInstall({ signal: any(1) })],
  ["registerRemoteModule", "name", (client) => client.registerRemoteModule("")],
  ["registerRemoteModule with a wrong version", "version", (client) => client.registerRemoteModule("a", any(1))],
  [
    "registerRemoteModule with a wrong runtime",
    "options.runtime",
    (client) => client.registerRemoteModule("a", "1", { runtime: any("x") }),
  ],
  ["registerRemoteEnvVariable with a wrong name", "name", (client) => client.registerRemoteEnvVariable("1A", "x")],
  ["registerRemoteEnvVariable with a wrong value", "value", (client) => client.registerRemoteEnvVariable("A", any(1))],
  [
    "registerRemoteEnvVariable with a wrong option",
    "options.onlyIfUnset",
    (client) => client.registerRemoteEnvVariable("A", "x", { onlyIfUnset: any("no") }),
  ],
  ["registerRemoteEnvPath", "path", (client) => client.registerRemoteEnvPath(any(7))],
  ["doSelfDiscovery", "fileName", (client) => client.doSelfDiscovery("../x")],
  ["setSremoteDir", "path", (client) => client.setSremoteDir("")],
  ["setSremoteDir with a line break", "path", (client) => client.setSremoteDir("a\nb")],
  ["setSremoteDir with another user's home", "path", (client) => client.setSremoteDir("~root/x")],
  ["setTmpDir", "path", (client) => client.setTmpDir(any(undefined))],
  ["setTmpAtHomeDir", "path", (client) => client.setTmpAtHomeDir(nul)],
  ["setPwdDir", "path", (client) => client.setPwdDir(any({}))],
  ["setPwdAtHomeDir", "path", (client) => client.setPwdAtHomeDir("")],
  ["setSerializer", "serializer", (client) => client.setSerializer(any({ encode: 1 }))],
  ["probe with a wrong timeout", "options.timeout", (client) => client.probe({ timeout: any("soon") })],
];

describe("wrong arguments of a client's functions", () => {
  test.each(attempts)("%s: InvalidArgumentError for %s, and nothing is sent", async (_title, argument, attempt) => {
    const { connector, operations } = counted(local({ env: { HOME: home } }));
    await using client = new RemoteClient(connector);
    const error: unknown = await (async () => attempt(client))().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    const { message } = error as InvalidArgumentError;
    expect(message.startsWith(`${argument} `), message).toBe(true);
    expect(operations).toEqual([]);
  });

  const unsendable: [title: string, args: unknown[], path: string][] = [
    ["a cycle", cycle, "args[0].again"],
    ["a class instance", [{ of: [new Custom()] }], "args[0].of[0]"],
    ["a symbol", [Symbol("x")], "args[0]"],
    ["an invalid date", [new Date(Number.NaN)], "args[0]"],
  ];
  test.each([
    ...unsendable.map((each) => ["session", ...each] as const),
    ...unsendable.map((each) => ["pipes", ...each] as const),
    // A session calls it back.
    ["pipes", "a function", [1, { handler: (): number => 0 }], "args[1].handler"] as const,
  ])("over %s an argument that is %s names the path, and nothing is sent", async (carriage, _title, args, path) => {
    const { connector, operations } = counted(local({ env: { HOME: home } }), carriage);
    await using client = new RemoteClient(connector);
    const error: unknown = await client.doRemoteCall("os", "getcwd", args).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SremoteError);
    expect(error).toMatchObject({ code: "unserializable-argument" });
    expect((error as SremoteError).message).toContain(path);
    expect(operations).toEqual([]);
  });
});

describe("wrong arguments of the constructor", () => {
  const cases: [string, unknown, unknown, string][] = [
    ["no connector", undefined, {}, "connector"],
    ["a destination instead of a connector", "me@host", {}, "connector"],
    ["a connector without label", { ...local(), label: undefined }, {}, "connector"],
    ["options that are no object", local(), "node", "options"],
    ["runtime", local(), { runtime: "java" }, "options.runtime"],
    ["python", local(), { python: "" }, "options.python"],
    ["node", local(), { node: 18 }, "options.node"],
    ["autoInstall", local(), { autoInstall: "no" }, "options.autoInstall"],
    ["serializer", local(), { serializer: {} }, "options.serializer"],
    ["sremoteDir", local(), { sremoteDir: "a\nb" }, "options.sremoteDir"],
    ["tmpDir", local(), { tmpDir: 7 }, "options.tmpDir"],
    ["pwdDir", local(), { pwdDir: "" }, "options.pwdDir"],
  ];
  test.each(cases)("%s", (_title, connector, options, argument) => {
    const make = (): RemoteClient => new RemoteClient(connector as Connector, options as RemoteClientOptions);
    expect(make).toThrow(InvalidArgumentError);
    expect(make).toThrow(`${argument} must be `);
  });
});
