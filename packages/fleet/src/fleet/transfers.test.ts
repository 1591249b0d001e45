/* Transfers to and from many hosts, over real sshd. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connector, openssh, ssh } from "@sremote/connectors";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ManyHosts, startManyHosts } from "../../../../scripts/labs/many-hosts.ts";
import type { Host } from "../host/index.ts";
import type { Fleet } from "./fleet.ts";
import { fleet } from "./make-fleet.ts";

describe.each([
  ["ssh", ssh],
  ["openssh", openssh],
] as const)("over %s", (_, connector) => {
  let many: ManyHosts;
  let hosts: Fleet;
  let directory: string;
  let connect: (host: Host) => Connector;
  beforeAll(async () => {
    many = await startManyHosts({ count: 4, dead: 1 });
    directory = await mkdtemp(join(tmpdir(), "sremote-fleet-transfer-"));
    connect = (host: Host): Connector => connector({ ...host.sshOptions(), knownHosts: many.knownHosts, sshConfig: false });
    hosts = fleet(many.hosts, { connect, logLevel: "silent" });
  });
  afterAll(async () => {
    await hosts?.close();
    await many?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  test("G34 what goes to each host, is changed there and comes back, lies side by side; a dead host spoils none", async () => {
    await mkdir(join(directory, "in"));
    await writeFile(join(directory, "in", "word"), "hello ");
    // The hosts are one machine with one account: each has a directory of its own.
    const there = `${many.account.home}/{{{name}}}`;
    const pushed = await hosts.push(join(directory, "in"), `${there}/`);
    expect([String(pushed.succeeded), String(pushed.unreachable), pushed.jobs[0]!.result?.files]).toEqual(["node[1-4]", "dead1", 1]);
    const nodes = hosts.only("node*");
    await nodes.run("echo {{{name}}} >> {{{name}}}/in/word").orThrow();
    await nodes.pull(`${there}/in/word`, join(directory, "out")).orThrow();
    const names = (await readdir(directory)).filter((name) => name.startsWith("out")).toSorted();
    expect(names).toEqual(["out.node1", "out.node2", "out.node3", "out.node4"]);
    expect(await readFile(join(directory, "out.node3"), "utf8")).toBe("hello node3\n");
    await nodes.pull(`${there}/in/word`, join(directory, "from", "{{letter}}"), { lists: { letter: ["a", "b", "c", "d"] } }).orThrow();
    expect(await readFile(join(directory, "from/c"), "utf8")).toBe("hello node3\n");
    const synced = await nodes.sync(join(directory, "in"), `${there}/in`, { direction: "push", delete: true, check: "hash" });
    expect(synced.jobs.map(({ result }) => result?.files)).toEqual([1, 1, 1, 1]);
    expect((await nodes.run("cat {{{name}}}/in/word")).gather()).toEqual([{ names: nodes.hosts.names, lines: ["hello "] }]);
  });

  test("`cd` holds for copies, and where a pull goes depends neither on how many hosts there are nor on their names", async () => {
    const nodes = hosts.only("node[1-3]");
    await nodes.run("mkdir -p '{{{name}}}/~'; echo {{{name}}} > {{{name}}}/who").orThrow();
    const work = nodes.cd(nodes.hosts.names);
    await writeFile(join(directory, "conf"), "conf");
    await work.push(join(directory, "conf"), "conf").orThrow();
    await work.at(0).cd("./~").push(join(directory, "conf"), "inner").orThrow();
    await work.push(join(directory, "conf"), "~/{{{name}}}-home").orThrow();
    await work.sync(join(directory, "in"), "tree", { direction: "push" }).orThrow();
    const found = await nodes.run("cd {{{name}}} && ls ../{{{name}}}-home tree && cat conf && [ {{{name}}} != node1 ] || ls '~'");
    expect(found.jobs.map(({ stdout }) => stdout)).toEqual([
      "../node1-home\n\ntree:\nword\nconfinner\n",
      "../node2-home\n\ntree:\nword\nconf",
      "../node3-home\n\ntree:\nword\nconf",
    ]);
    for (const count of [3, 2, 1]) {
      await work
        .slice(0, count)
        .pull("who", join(directory, `by${count}/`))
        .orThrow();
      await work
        .slice(0, count)
        .pull("who", join(directory, `as${count}`))
        .orThrow();
      expect(await readFile(join(directory, `by${count}/node1/who`), "utf8")).toBe("node1\n");
      expect(await readFile(join(directory, `as${count}.node1`), "utf8")).toBe("node1\n");
    }
    const hostile = fleet(
      [
        { ...many.hosts[0]!, name: ".." },
        { ...many.hosts[0]!, name: "a/../../b" },
      ],
      { connect, logLevel: "silent" },
    );
    try {
      await hostile.pull("node1/who", join(directory, "hostile/in/")).orThrow();
      await hostile.pull("node1/who", join(directory, "hostile/out/{{{name}}}")).orThrow();
      expect((await readdir(join(directory, "hostile"), { recursive: true })).toSorted()).toEqual([
        "in",
        "in/%2E.",
        "in/%2E./who",
        "in/a%2F..%2F..%2Fb",
        "in/a%2F..%2F..%2Fb/who",
        "out",
        "out/%2E.",
        "out/a%2F..%2F..%2Fb",
      ]);
    } finally {
      await hostile.close();
    }
  });

  test("what cannot be copied on one host is told of it alone, and wrong arguments before anything begins", async () => {
    const nodes = hosts.only("node[1-2]");
    await nodes.run(
      "mkdir -p {{{name}}}; [ {{{name}}} != node2 ] || rm -rf {{{name}}}/only; [ {{{name}}} != node1 ] || echo x > {{{name}}}/only",
    );
    const pulled = await nodes.pull(`${many.account.home}/{{{name}}}/only`, join(directory, "only"));
    expect([String(pulled.succeeded), String(pulled.failed)]).toEqual(["node1", "node2"]);
    expect(pulled.jobs[1]).toMatchObject({ reason: "error", exitCode: null });
    expect(() => nodes.push("x", "/y", { concurrency: 0 })).toThrow(/^options\.concurrency must be/);
    expect(() => nodes.push("x", "/{{none}}")).toThrow(/^destination must use known names/);
  });
});
