/* Fleets made of others: parts, unions, and this machine alone. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { local } from "@sremote/connectors";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Run } from "../run/index.ts";
import type { Fleet } from "./fleet.ts";
import { fleet, localFleet } from "./make-fleet.ts";
import type { FleetOptions } from "./options.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "sremote-selections-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const opened: Fleet[] = [];
afterEach(() => Promise.all(opened.splice(0).map((each) => each.close())));

const quiet = { logLevel: "silent" } as const;
/** This machine under several names. */
function openLocal(names: string, options: FleetOptions = {}): Fleet {
  const made = fleet(names, { ...quiet, connect: () => local({ cwd: directory }), ...options });
  opened.push(made);
  return made;
}

describe("selections", () => {
  test("share connections, and keep directories and places", async () => {
    const hosts = openLocal("a[1-4]");
    const script = "printf '%s %s' {{{index}}} \"$PWD\"";
    const outputs = async (run: Run): Promise<string[]> => (await run).jobs.map(({ stdout }) => stdout);
    const here = hosts.cd(["/", "/usr", "/usr/lib", "/tmp"]);
    expect(await outputs(here.run(script))).toEqual(["0 /", "1 /usr", "2 /usr/lib", "3 /tmp"]);
    expect(await outputs(here.range("a2", "a3").run(script))).toEqual(["0 /usr", "1 /usr/lib"]);
    expect(await outputs(here.at(1).cd("lib").cd("../bin").run(script))).toEqual(["0 /usr/bin"]);
    expect(await outputs(here.except("a[1-3]").run(script, { cwd: "/etc" }))).toEqual(["0 /etc"]);
    expect([...here.only("a[2,4]")].map((one) => one.hosts.names)).toEqual([["a2"], ["a4"]]);
    const failed = await hosts.cd("/none").run("echo ran");
    expect([failed.worst, failed.jobs[0]!.stdout]).toEqual([1, ""]);
    await here.close();
    expect((await hosts.run("true")).ok).toBe(true);
    expect(() => hosts.cd(["/"])).toThrow(/^path must be/);
  });

  test("are united, intersected and picked from; what is new is reached as the others are", async () => {
    const hosts = openLocal("a[1-3]", { groups: { more: "b[1-2]" }, hosts: { b2: { username: "me" } } });
    const elsewhere = openLocal("c").cd("/usr");
    const all = hosts
      .at("a2")
      .cd("/")
      .union("@more", elsewhere, [{ address: "d" }, "a2"]);
    expect(all.hosts.map(String)).toEqual(["a2", "b1", "me@b2", "c", "d"]);
    const done = await all.run("pwd");
    expect(done.jobs.map(({ stdout }) => stdout.trim())).toEqual(["/", directory, directory, "/usr", directory]);
    await all.close(); // It is not its own.
    expect(all.intersect(hosts.union("c")).hosts.names).toEqual(["a2", "c"]);
    expect(all.except(hosts).hosts.names).toEqual(["b1", "b2", "c", "d"]);
    const two = all.pick(2, () => 0.5);
    expect([two.length, all.intersect(two).hosts.names]).toEqual([2, two.hosts.names]);
    expect((await two.run("true")).ok).toBe(true);
    expect(() => hosts.union("@none")).toThrow(/^nodes must use known groups/);
    expect(() => hosts.pick(-1)).toThrow(/^count must be/);
  });

  test("this machine is a fleet of one", async () => {
    await using here = localFleet({ cwd: "/usr", ...quiet });
    expect((await here.run("pwd")).gather()).toEqual([{ names: ["localhost"], lines: ["/usr"] }]);
  });
});
