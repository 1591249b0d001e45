import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidArgumentError } from "@sremote/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expand } from "./expand.ts";
import { groupsOf, loadGroups, parseGroups } from "./groups-file.ts";
import { sshConfigHosts } from "./ssh-config-hosts.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sremote-groups-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, text);
  return path;
}

describe("a file of groups", () => {
  test("as text: a group on each line, comments, blank lines, IPv6", async () => {
    const path = await file("groups", "# racks\n\nrack1: node[01-16]  # the first\r\ngpu:node03, @v6\n  v6 :\t[::1]:22 fe80::2\nnone:\n");
    const groups = await loadGroups(path);
    expect([...groups]).toEqual([
      ["rack1", "node[01-16]"],
      ["gpu", "node03, @v6"],
      ["v6", "[::1]:22 fe80::2"],
      ["none", ""],
    ]);
    expect(expand("@gpu", { groups })).toEqual(["node03", "[::1]:22", "fe80::2"]);
  });

  test("as JSON: node sets or lists of them", async () => {
    const groups = await loadGroups(await file("groups.json", '{"rack1": "node[1-2]", "all": ["@rack1", "login"], "__proto__x": "a"}'));
    expect(expand("@all", { groups })).toEqual(["node1", "node2", "login"]);
    expect(expand("@__proto__x", { groups })).toEqual(["a"]);
    expect(() => expand("@constructor", { groups })).toThrow(/not @constructor/);
  });

  test.each([
    ["no colon", "a: x\nrack1", /G:2 must be a line such as/],
    ["twice", "a: x\n\na: y", /G:3 has the group "a" a second time/],
    ["a bad name", "a!b: x", /G:1 must be a group's name/],
    ["a bad node set", "a: x\nb: node[1-", /G:2 must have a "\]" for "\[" at column 5 of "node\[1-"/],
  ])("that has %s is refused with its line", (_, text, message) => {
    expect(() => parseGroups(text, "G")).toThrow(message);
  });

  test("that is no object of node sets is refused with its member", async () => {
    expect(() => groupsOf([], "G")).toThrow(/^G must be an object/);
    expect(() => groupsOf({ a: 3 }, "G")).toThrow(/^G.a must be a node set/);
    expect(() => groupsOf({ a: "x,,y" }, "G")).toThrow(/^G.a must have a host after "," at column 3/);
    await expect(loadGroups(await file("bad.json", "{"))).rejects.toThrow(/must be a file of JSON, and .*bad.json is none/);
    await expect(loadGroups(join(folder, "missing"))).rejects.toThrow(InvalidArgumentError);
  });
});

describe("the hosts of an ssh_config", () => {
  test("are the names behind Host, of included files too, without patterns", async () => {
    await file("conf.d/b.conf", "Host included2\n");
    await file("conf.d/a.conf", "host=included1 web1\n");
    const path = await file(
      "config",
      [
        "# Host commented",
        "Host web1 web2 *.example.org !bad",
        "  HostName 10.0.0.1",
        `Include ${folder}/conf.d/*.conf`,
        'Host "quoted" gpu? # trailing',
        "\tHost\tindented",
        "Match host other",
        "HostKeyAlias alias",
      ].join("\n"),
    );
    expect(await sshConfigHosts(path)).toEqual(["web1", "web2", "included1", "included2", "quoted", "indented"]);
  });

  test("are none where there is no file, and a file that includes itself ends", async () => {
    expect(await sshConfigHosts(join(folder, "no-config"))).toEqual([]);
    const path = await file("loop", `Host a\nInclude ${folder}/loop\nHost b\n`);
    expect(await sshConfigHosts(path)).toEqual(["a", "b"]);
  });
});
