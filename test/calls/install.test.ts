import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { local } from "@sremote/connectors";
import { RemoteExecError, RemoteModulesError, RemoteNotSetupError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hostKinds, hostPath, stopSshd, type TestHost } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { rejection } from "../support/rejection.ts";
import { makeRepositories, type Repositories } from "../support/repositories.ts";

let repositories: Repositories;
let sources: string;
let repository: string;
let nodeRepository: string;

beforeAll(async () => {
  repositories = await makeRepositories();
  sources = repositories.directory;
  repository = await repositories.python("sample_tools", "1.5", "stable");
  nodeRepository = await repositories.node("sample-node-tools", "2.1.0", "stable");
});
afterAll(async () => {
  await repositories?.[Symbol.asyncDispose]();
  await stopSshd();
});

// Installers take seconds. Over the spool test/rest/jupyter.test.ts makes an environment and installs; nightly all is tried over each carriage and ssh.
const kinds = hostKinds.filter(({ name }) => name === "local" || (isNightly && ["three functions", "ssh"].includes(name)));

describe.each(kinds)("installing on $name", (kind) => {
  let host: TestHost;
  let client: RemoteClient;
  beforeAll(async () => {
    host = await kind.start();
    client = new RemoteClient(host.connector);
    // The repository belongs to the tests' user, which git would not trust.
    await writeFile(join(host.home, ".gitconfig"), "[safe]\n\tdirectory = *\n", { mode: 0o644 });
  });
  afterAll(async () => {
    await client?.close();
    await host?.[Symbol.asyncDispose]();
  });

  test("bootstrapInstall makes the environment, twice is as good as once", async () => {
    const first = await client.bootstrapInstall();
    expect(first).toEqual({ base: join(host.home, ".sremote"), interpreter: join(host.home, ".sremote/env/bin/python") });
    expect(await client.bootstrapInstall()).toEqual(first);
    const { value, host: facts } = await client.doRemoteCall("builtins", "eval", ["__import__('sys').prefix"]);
    expect(value).toBe(join(host.home, ".sremote/env"));
    expect(facts.executable).toBe(first.interpreter);
  });

  test("a second client runs in the same environment without being told", async () => {
    const second = new RemoteClient(host.again());
    const { host: facts } = await second.doRemoteCall("os", "getpid");
    expect(facts.executable).toBe(join(host.home, ".sremote/env/bin/python"));
    if (second.connector !== client.connector) await second.close();
  });

  test("a git module is cloned, installed and importable; its registered version is checked before every call", async () => {
    expect(await client.isModuleInstalled("sample_tools")).toBe(false);
    // A session whose processes know by now that there is none.
    expect(await rejection(client.doRemoteCall("sample_tools", "answer"), RemoteExecError)).toMatchObject({ code: "module-not-found" });
    const during = client.doRemoteCall("time", "sleep", [3]);
    await client.installGitModule(repository, "stable", "sample_tools");
    expect(await client.isModuleInstalled("sample_tools")).toBe(true);
    expect((await client.doRemoteCall("sample_tools", "answer")).value).toBe(42);
    // What ran meanwhile was not disturbed.
    expect((await during).value).toBe(null);
    const registered = new RemoteClient(host.again());
    registered.registerRemoteModule("sample_tools", "1.5");
    expect(await registered.doRemoteCall("sample_tools", "answer")).toMatchObject({ value: 42, modules: { sample_tools: "1.5" } });
    registered.registerRemoteModule("sample_tools", "1.6");
    expect(await rejection(registered.doRemoteCall("sample_tools", "answer"), RemoteModulesError)).toMatchObject({
      code: "module-version",
    });
    registered.registerRemoteModule("sample_tools");
    registered.registerRemoteModule("nothing_of_that_name");
    expect(await rejection(registered.doRemoteCall("sample_tools", "answer"), RemoteModulesError)).toMatchObject({
      code: "module-missing",
    });
    if (registered.connector !== client.connector) await registered.close();
  });

  test("what an installer says is in the error, and nothing is left in tmp", async () => {
    const error = await rejection(client.installPackages([join(sources, "no-such.whl")]), RemoteModulesError);
    expect(error.code).toBe("install-failed");
    expect(error.details).toContain("no-such.whl");
    expect(await rejection(client.installGitModule(repository, "no-such-branch"), RemoteModulesError)).toMatchObject({
      code: "install-failed",
    });
    expect(await readdir(join(host.home, ".sremote/tmp"))).toEqual([]);
  });

  test("Node packages come from a directory or from git", async () => {
    const node = { runtime: "node" } as const;
    expect(await client.isModuleInstalled("sample-node-tools", node)).toBe(false);
    expect(await rejection(client.doRemoteCall("sample-node-tools", "answer", [], node), RemoteExecError)).toMatchObject({
      code: "module-not-found",
    });
    await client.installGitModule(nodeRepository, "stable", "sample-node-tools", node);
    expect(await client.isModuleInstalled("sample-node-tools", node)).toBe(true);
    expect((await client.doRemoteCall("sample-node-tools", "answer", [], node)).value).toBe(43);
    client.registerRemoteModule("sample-node-tools", "2.1.0", node);
    expect((await client.doRemoteCall("sample-node-tools", "answer", [], node)).modules).toEqual({ "sample-node-tools": "2.1.0" });
  });
});

describe("hosts that lack something", () => {
  let home: string;
  let programs: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "sremote-lacking-"));
    programs = join(home, "bin");
    await mkdir(programs);
    // Everything but git, pip and uv.
    for (const name of ["sh", "id", "mkdir", "rm", "cat", "ls", "dirname", "python3"]) {
      execFileSync("ln", [
        "-s",
        execFileSync("sh", ["-c", `PATH=/usr/bin:/bin command -v ${name}`], { encoding: "utf8" }).trim(),
        join(programs, name),
      ]);
    }
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  test("without git the client clones and pushes", async () => {
    await using client = new RemoteClient(local({ cwd: home, env: { HOME: home, PATH: programs } }));
    await client.installGitModule(repository, "stable", "sample_tools");
    expect((await client.doRemoteCall("sample_tools", "answer")).value).toBe(42);
    expect(await readdir(join(home, ".sremote/tmp"))).toEqual([]);
  });

  test("without ensurepip and pip the environment is made, and what is lacking is said when it is needed", async () => {
    const bare = join(home, "bare");
    await mkdir(join(bare, "site"), { recursive: true });
    await writeFile(join(bare, "site/sitecustomize.py"), "import sys\nsys.modules['ensurepip'] = sys.modules['pip'] = None\n");
    await using client = new RemoteClient(local({ cwd: bare, env: { HOME: bare, PATH: programs, PYTHONPATH: join(bare, "site") } }));
    expect((await client.bootstrapInstall()).interpreter).toBe(join(bare, ".sremote/env/bin/python"));
    expect((await client.doRemoteCall("os", "getcwd")).value).toBe(bare);
    const error = await rejection(client.installPackages(["numpy"]), RemoteModulesError);
    expect(error.message).toMatch(/no installer.*pip, ensurepip, uv/);
    expect(error.hint).toContain("python3-venv");
  });

  test("autoInstall: false refuses a bare host until bootstrapInstall", async () => {
    const bare = join(home, "manual");
    await mkdir(bare);
    await using client = new RemoteClient(local({ cwd: bare, env: { HOME: bare, PATH: hostPath } }), { autoInstall: false });
    expect(await rejection(client.doRemoteCall("os", "getpid"), RemoteNotSetupError)).toMatchObject({ code: "not-setup" });
    expect(await readdir(bare)).toEqual([]);
    await client.bootstrapInstall();
    expect(typeof (await client.doRemoteCall("os", "getpid")).value).toBe("number");
  });

  test("a module of the endpoint other than its environment cannot be called", async () => {
    await using client = new RemoteClient(local({ cwd: home, env: { HOME: home, PATH: hostPath } }));
    expect(await rejection(client.doRemoteCall("sremote_endpoint.spool", "Spool"), RemoteExecError)).toMatchObject({
      code: "module-not-found",
    });
  });
});
