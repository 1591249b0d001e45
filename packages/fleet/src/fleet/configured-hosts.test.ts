/* Hosts of a configuration, however they are reached, and where the configuration is found. */
import { realpathSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { local } from "@sremote/connectors";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { defineConfig, findConfiguration, type FleetConfiguration, loadConfiguration } from "../configuration/index.ts";
import type { Fleet } from "./fleet.ts";
import { fleet } from "./make-fleet.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sremote-configured-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

describe("hosts that are reached otherwise than by SSH", () => {
  const open = (configuration: FleetConfiguration, names: string): Fleet => fleet(names, { configuration, logLevel: "silent" });

  test("by a function that makes the connector, in a set with others", async () => {
    const configuration = defineConfig({
      hosts: { box: { connect: () => local({ env: { WHERE: "in the box" } }) }, here: { connect: { kind: "local" } } },
      groups: { all: "box,here" },
    });
    await using hosts = open(configuration, "@all");
    const { jobs } = await hosts.run('echo "$WHERE"');
    expect(jobs.map(({ label, stdout }) => [label, stdout])).toEqual([
      ["box", "in the box\n"],
      ["here", "\n"],
    ]);
  });

  test("by kind and options in a file, whose texts may be variables of this program", async () => {
    vi.stubEnv("SREMOTE_TEST_PLACE", folder);
    const path = await file(
      "kinds.json",
      JSON.stringify({ hosts: { here: { connect: { kind: "local", cwd: { env: "SREMOTE_TEST_PLACE" } } } } }),
    );
    await using hosts = open(await loadConfiguration(path), "here");
    const { jobs } = await hosts.run("pwd");
    expect(jobs[0]?.stdout).toBe(`${realpathSync(folder)}\n`);
    vi.unstubAllEnvs();
    await using without = open(await loadConfiguration(path), "here");
    const failed = await without.run("pwd");
    expect(failed.jobs[0]?.error?.message).toBe("configuration.hosts.here.connect.cwd: the variable SREMOTE_TEST_PLACE is not set");
  });

  test("a user or a port makes it another host, one over SSH", async () => {
    await using hosts = open({ hosts: { box: { connect: () => local() } }, sshConfig: false }, "me@box.invalid");
    const { jobs } = await hosts.run("true");
    expect(jobs[0]?.error?.code).toBe("name-not-found");
  });

  test.each<[unknown, string]>([
    [3, "configuration.hosts.a.connect must be a function that makes a connector"],
    [{ kind: "dokcer" }, "configuration.hosts.a.connect.kind must be one of docker, firecrest"],
    [{}, "configuration.hosts.a.connect.kind must be one of docker, firecrest"],
  ])("%j is refused", (connect, message) => {
    expect(() => defineConfig({ hosts: { a: { connect: connect as never } } })).toThrow(message);
  });

  test("what is of SSH is refused beside it", () => {
    expect(() => defineConfig({ hosts: { a: { connect: () => local(), port: 22 } } })).toThrow(
      "configuration.hosts.a.port is of hosts over SSH, and this one has `connect`",
    );
  });

  test("a function that makes no connector is named", async () => {
    await using hosts = open({ hosts: { a: { connect: () => ({}) as never } } }, "a");
    const { jobs } = await hosts.run("true");
    expect(jobs[0]?.error?.message).toMatch(/^the result of configuration\.hosts\.a\.connect must be a connector/);
  });
});

describe("a configuration that is not named", () => {
  test("is the nearest one, here or above", async () => {
    const below = join(folder, "project/src/deep");
    await mkdir(below, { recursive: true });
    await file("project/sremote.config.json", '{ "username": "outer" }');
    expect(findConfiguration(below)).toBe(join(folder, "project/sremote.config.json"));
    await file("project/src/sremote.config.mjs", "export default { username: 'inner' };\n");
    expect(findConfiguration(below)).toBe(join(folder, "project/src/sremote.config.mjs"));
  });

  test("where there is none, its names are told", async () => {
    const empty = await mkdtemp(join(tmpdir(), "sremote-none-"));
    try {
      expect(() => findConfiguration(empty)).toThrow(/path is missing, and there is no sremote\.config\.ts, .* or above/);
    } finally {
      await rm(empty, { recursive: true });
    }
  });

  test("that another user could have written is not run", async () => {
    const shared = join(folder, "shared");
    await mkdir(shared);
    const path = await file("shared/sremote.config.mjs", "export default {};\n");
    await chmod(path, 0o666);
    expect(() => findConfiguration(shared)).toThrow(`${path} was found, and another user could have written it`);
    await chmod(path, 0o644);
    if (process.getuid?.() === 0) {
      await chown(path, 12_345, 12_345);
      expect(() => findConfiguration(shared)).toThrow(/another user could have written it/);
      await chown(path, 0, 0);
    }
    expect(findConfiguration(shared)).toBe(path);
    await chmod(shared, 0o777);
    expect(() => findConfiguration(shared)).toThrow(`${shared} was found, and another user could have written it`);
  });
});
