import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidArgumentError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadGroups } from "../node-set/index.ts";
import { loadConfiguration } from "./load.ts";
import { defaultConfiguration, type FleetConfiguration, insecureCluster } from "./options.ts";
import { defineConfig, resolveConfiguration } from "./resolve.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sremote-configuration-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

describe("where nothing is said", () => {
  test("execo's values hold, but hosts must prove who they are", () => {
    expect(resolveConfiguration()).toEqual(defaultConfiguration);
    expect(resolveConfiguration(undefined, {})).toMatchObject({
      hostKey: "strict",
      connectTimeout: 20_000,
      forceKillAfterDelay: 5000,
      outputInLog: 4096,
      logLevel: "warn",
      timeout: null,
      pty: false,
    });
  });

  test("no host key is taken unchecked unless the preset is named", () => {
    expect(resolveConfiguration(insecureCluster).hostKey).toBe("insecure");
    expect(resolveConfiguration({ hostKey: "accept-new" }, insecureCluster).hostKey).toBe("accept-new");
    expect(Object.isFrozen(insecureCluster) && Object.isFrozen(defaultConfiguration)).toBe(true);
  });
});

describe("of several the first that speaks wins", () => {
  test("undefined does not speak, null says none", () => {
    const weak = { username: "weak", port: 1, timeout: "1h", concurrency: 9, color: true } as const;
    expect(resolveConfiguration({ username: null, port: undefined, timeout: null }, weak)).toMatchObject({
      username: null,
      port: 1,
      timeout: null,
      concurrency: 9,
      color: true,
    });
    expect(resolveConfiguration({ username: "strong", color: false }, weak)).toMatchObject({ username: "strong", color: false });
  });

  test("durations become milliseconds", () => {
    expect(resolveConfiguration({ connectTimeout: "30", forceKillAfterDelay: "1m30s", timeout: "1-00:00:00" })).toMatchObject({
      connectTimeout: 30_000,
      forceKillAfterDelay: 90_000,
      timeout: 86_400_000,
    });
  });

  test("hosts and groups of all are put together", () => {
    const { hosts, groups } = resolveConfiguration(
      { hosts: { a: { username: "strong" } }, groups: { x: "a", y: ["a", "b"] } },
      { hosts: { a: { username: "weak", port: 1 }, b: { address: "10.0.0.2" } }, groups: { x: "z" } },
    );
    expect(hosts).toEqual({ a: { username: "strong" }, b: { address: "10.0.0.2" } });
    expect(new Map(groups)).toEqual(
      new Map([
        ["x", "a"],
        ["y", "a b"],
      ]),
    );
  });
});

test.each([
  [{ usrname: "me" }, "unknown option `usrname` in configuration; did you mean `username`?"],
  [{ toString: 1 }, "unknown option `toString` in configuration; the options are username, port, "],
  [{ hosts: { a: { adress: "x" } } }, "unknown option `adress` in configuration.hosts.a; did you mean `address`?"],
])("an option that is not known is refused: %j", (configuration, message) => {
  expect(() => defineConfig(configuration as FleetConfiguration)).toThrow(message);
});

describe("what is wrong is named", () => {
  test.each([
    [{ username: "-x" }, "username must be a user name"],
    [{ port: 0 }, "port must be a port"],
    [{ privateKeyPath: "" }, "privateKeyPath must be the path"],
    [{ hosts: [] }, "hosts must be an object"],
    [{ hosts: { a: 3 } }, "hosts.a must be an object"],
    [{ hosts: { a: { port: 70_000 } } }, "hosts.a.port must be a port"],
    [{ hosts: { "a b": {} } }, "hosts.a b.address must be a host name"],
    [{ groups: 3 }, "groups must be an object"],
    [{ groups: "" }, "groups must be the path"],
    [{ groups: { a: "x[" } }, 'groups.a must have a "]"'],
    [{ connector: "telnet" }, "connector must be one of ssh, openssh"],
    [{ hostKey: "no" }, "hostKey must be one of strict, accept-new, insecure"],
    [{ sshConfig: "" }, "sshConfig must be true, false or a path"],
    [{ connectTimeout: "soon" }, "connectTimeout must be a number of milliseconds"],
    [{ connectTimeout: null }, "connectTimeout must be a duration, not null"],
    [{ forceKillAfterDelay: -1 }, "forceKillAfterDelay must be a number of milliseconds"],
    [{ timeout: "x" }, "timeout must be a number of milliseconds"],
    [{ concurrency: 0 }, "concurrency must be a whole number"],
    [{ pty: "yes" }, "pty must be one of true, false"],
    [{ outputInLog: 1.5 }, "outputInLog must be a whole number"],
    [{ logLevel: "loud" }, "logLevel must be one of debug"],
    [{ color: 1 }, "color must be one of true, false, auto"],
  ])("%j", (configuration, message) => {
    const attempt = (): unknown => defineConfig(configuration as FleetConfiguration);
    expect(attempt).toThrow(InvalidArgumentError);
    expect(attempt).toThrow(`configuration.${message}`);
    expect(() => resolveConfiguration({}, configuration as FleetConfiguration)).toThrow(message);
  });

  test.each([[null], ["text"], [[]]])("%j is no configuration", (value) => {
    expect(() => defineConfig(value as never)).toThrow(/^configuration must be an object/);
  });

  test("what is right comes back as it is", () => {
    const configuration: FleetConfiguration = {
      username: "me",
      port: null,
      hosts: { a: {} },
      color: "auto",
      sshConfig: false,
      timeout: null,
    };
    expect(defineConfig(configuration)).toBe(configuration);
  });

  test("a file of groups must have been read before", () => {
    expect(() => resolveConfiguration({ groups: "groups.txt" })).toThrow(/groups, not the path of a file/);
  });

  test("read by loadGroups, it is taken as it is", async () => {
    const groups = await loadGroups(await file("racks.txt", "rack1: node[1-2]\nall: @rack1 login\n"));
    const { groups: resolved } = resolveConfiguration({ groups }, { groups: { rack1: "weak", own: "a" } });
    expect(Object.fromEntries(resolved)).toEqual({ all: "@rack1 login", own: "a", rack1: "node[1-2]" });
    expect(() => resolveConfiguration({ groups: new Map([["a", "x["]]) })).toThrow('groups.a must have a "]"');
  });
});

describe("a file", () => {
  test("of JSON: paths are relative to it, groups are read", async () => {
    await file("groups.txt", "rack: node[1-2]\n");
    const path = await file(
      "fleet.json",
      JSON.stringify({
        username: "me",
        privateKeyPath: "keys/a",
        sshConfig: "~/.ssh/other",
        groups: "groups.txt",
        hosts: { a: { privateKeyPath: "/b" }, b: { privateKeyPath: "c" }, c: {} },
        timeout: "1h",
      }),
    );
    const configuration = await loadConfiguration(path);
    expect(configuration).toEqual({
      username: "me",
      privateKeyPath: join(folder, "keys/a"),
      sshConfig: join(homedir(), ".ssh/other"),
      groups: { rack: "node[1-2]" },
      hosts: { a: { privateKeyPath: "/b" }, b: { privateKeyPath: join(folder, "c") }, c: {} },
      timeout: "1h",
    });
    expect(resolveConfiguration(configuration).groups.get("rack")).toBe("node[1-2]");
  });

  test.each([
    [
      "typed.ts",
      "const username: string = 'me';\nexport default { username, concurrency: 1 + 2 } satisfies { username: string; concurrency: number };\n",
    ],
    ["typed.mts", "export default { username: 'me' as const, concurrency: 3 };\n"],
    ["plain.mjs", "export default { username: 'me', concurrency: 3 };\n"],
    ["plain.js", "export default { username: 'me', concurrency: 3 };\n"],
  ])("of code: %s", async (name, text) => {
    await file("package.json", '{ "type": "module" }');
    expect(await loadConfiguration(await file(name, text))).toEqual({ username: "me", concurrency: 3 });
  });

  test("with a preset, over which its own options win", async () => {
    expect(await loadConfiguration(await file("p.json", '{"preset": "insecureCluster", "username": "root"}'))).toEqual({
      hostKey: "insecure",
      username: "root",
    });
    expect(await loadConfiguration(await file("q.json", '{"preset": "insecureCluster", "hostKey": "strict"}'))).toEqual({
      hostKey: "strict",
    });
    await expect(loadConfiguration(await file("r.json", '{"preset": "toString"}'))).rejects.toThrow(
      /preset must be one of insecureCluster/,
    );
  });

  test.each([
    ["unknown.json", '{"usrname": "me"}', /unknown option `usrname` in .*unknown.json; did you mean `username`/],
    ["unknown.mjs", "export default { usrname: 'me' };", /unknown option `usrname` in .*unknown.mjs; did you mean `username`/],
    ["wrong.json", '{"concurrency": "many"}', /wrong.json.concurrency must be a whole number/],
    ["broken.json", "{", /must be a file of JSON, and .*broken.json is none/],
    ["list.json", "[]", /list.json must be an object/],
    ["broken.mjs", "export default {", /must be a module that can be loaded, and .*broken.mjs is none/],
    ["throws.mjs", "throw new Error('no');", /must be a module that can be loaded, and/],
    ["none.mjs", "export const username = 'me';", /must be a module with a default export, and/],
    ["fleet.yaml", "username: me", /must be a file that ends with .json, .ts/],
    ["groups.json", '{"groups": "missing.txt"}', /must be a readable file, and .*missing.txt is none/],
  ])("%s that is wrong is named", async (name, text, message) => {
    await expect(loadConfiguration(await file(name, text))).rejects.toThrow(InvalidArgumentError);
    await expect(loadConfiguration(join(folder, name))).rejects.toThrow(message);
  });

  test("that does not exist is named", async () => {
    await expect(loadConfiguration(join(folder, "absent.json"))).rejects.toThrow(/a readable file, and .*absent.json is none/);
    await expect(loadConfiguration("")).rejects.toThrow(/^path must be/);
  });
});
