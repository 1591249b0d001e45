/* Trees to each kind of host and back. */
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { local } from "@sremote/connectors";
import { pull, push } from "@sremote/transfer";
import { afterAll, describe, expect, test } from "vitest";
import { run } from "../../scripts/labs/run.ts";
import { findInterpreters } from "../interpreters.ts";
import { hostKinds, stopSshd } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { checkTrees } from "./tree-cases.ts";
import { describeTree, makeHostileTree, makeManyFiles } from "./trees.ts";

/** One of each way to talk to the host; the others differ below it, which the suite of connectors shows, and nightly this one too. */
const kinds = hostKinds.filter(({ name }) => ["three functions", "ssh", ...(isNightly ? ["local", "openssh"] : [])].includes(name));
afterAll(stopSshd);

for (const kind of kinds) checkTrees(kind);

describe.each(kinds.filter(({ name }) => name === "local" || name === "ssh"))("2,000 files over $name", (kind) => {
  test("first all, then none, then the 20 that changed", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sremote-many-"));
    const host = await kind.start();
    try {
      await makeManyFiles(directory);
      expect(await push(host.connector, directory, `${host.home}/there`)).toMatchObject({ ok: true, files: 2000 });
      expect(await push(host.connector, directory, `${host.home}/there`)).toMatchObject({ ok: true, files: 0, unchanged: 2000 });
      for (let index = 0; index < 20; index++) await writeFile(join(directory, `d${index}/f7`), "changed");
      expect(await push(host.connector, directory, `${host.home}/there`)).toMatchObject({ files: 20, unchanged: 1980, transferred: 140 });
      expect(await describeTree(`${host.home}/there`)).toEqual(await describeTree(directory));
    } finally {
      await host.connector.close();
      await host[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    }
  });
});

const interpreters = findInterpreters();
describe.each(isNightly ? [interpreters.at(0)!, interpreters.at(-1)!] : [interpreters.at(0)!])("Python $version", ({ path }) => {
  test("G31 any names in a locale without UTF-8, there and back", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sremote-python-"));
    try {
      await mkdir(join(directory, "bin"));
      await symlink(path, join(directory, "bin/python3"));
      await using connector = local({ cwd: directory, env: { PATH: `${directory}/bin:/usr/bin:/bin`, LANG: "C", LC_ALL: "C" } });
      await makeHostileTree(join(directory, "made"));
      await chmod(join(directory, "made/modes/0"), 0o400);
      expect(await push(connector, join(directory, "made"), "there")).toMatchObject({ ok: true });
      expect(await pull(connector, "there", join(directory, "back"), { specialModes: true })).toMatchObject({ ok: true });
      expect(await describeTree(join(directory, "back"))).toEqual(await describeTree(join(directory, "made")));
    } finally {
      await run("chmod", ["-R", "u+rwx", directory]);
      await rm(directory, { recursive: true });
    }
  });
});
