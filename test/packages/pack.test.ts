/* What npm would publish: packed, installed into an empty project as a user would, and used. Needs the built packages (`npm run build`). */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { importsOf } from "../../scripts/import-graph.ts";
import { run } from "../../scripts/packing/index.ts";
import { type Consumer, makeConsumer } from "./consumer.ts";

interface Manifest {
  exports: Record<string, string | { types: string }>;
  dependencies?: Record<string, string>;
}

let consumer: Consumer;
let project: string;

beforeAll(async () => {
  consumer = await makeConsumer();
  project = consumer.directory;
}, 240_000);
afterAll(() => consumer[Symbol.dispose]());

test("every package holds its code, types, sources and licence, and no test", async () => {
  for (const [name, files] of consumer.contents) {
    expect(files, name).toEqual(
      expect.arrayContaining(["LICENSE", "README.md", "package.json", "dist/index.js", "dist/index.d.ts", "src/index.ts"]),
    );
    expect(
      files.filter((file) => file.includes(".test.") || file.includes("tsbuildinfo")),
      name,
    ).toEqual([]);
  }
});

test("the types of a package name nothing but what it depends on", () => {
  const packages = fileURLToPath(new URL("../../packages", import.meta.url));
  for (const name of consumer.contents.keys()) {
    const { exports, dependencies = {} } = JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8")) as Manifest;
    const queue = Object.values(exports).flatMap((each) => (typeof each === "string" ? [] : [join(packages, name, each.types)]));
    const seen = new Set(queue);
    const foreign = new Set<string>();
    for (const file of seen) {
      for (const { specifier: from } of importsOf(readFileSync(file, "utf8"))) {
        if (from.startsWith(".")) seen.add(join(dirname(file), from.replace(/\.[jt]s$/, ".d.ts")));
        else if (!from.startsWith("node:") && !Object.keys(dependencies).some((each) => `${from}/`.startsWith(`${each}/`)))
          foreign.add(from);
      }
    }
    expect([...foreign], name).toEqual([]);
  }
});

test("nothing is installed but the packages and what they name: no native code, and no file that runs beside the code", async () => {
  expect(consumer.contents.get("protocol")).toEqual(expect.arrayContaining(["PROTOCOL.md", "SESSION.md"]));
  expect(consumer.contents.get("transfer")).toContain("WIRE.md");
  const { stdout } = await run("npm", ["ls", "--all", "--parseable"], { cwd: project });
  expect(stdout.split("\n").filter((path) => /ssh2|cpu-features|nan$/.test(path))).toEqual([]);
  for (const files of consumer.contents.values())
    expect(files.filter((file) => /\.(?:py|pyz|deflate|sh|cjs|node)$/.test(file))).toEqual([]);
});

test("nothing runs at installation", () => {
  const { packages } = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8")) as {
    packages: Record<string, { hasInstallScript?: boolean }>;
  };
  expect(Object.keys(packages).length).toBeGreaterThan(9);
  expect(Object.keys(packages).filter((path) => packages[path]!.hasInstallScript)).toEqual([]);
});

test("an import loads neither ssh2 nor the libraries of web services, which the first connection needs", async () => {
  const coverage = join(project, "coverage");
  await run(process.execPath, ["--input-type=module", "-e", 'await import("sremote")'], {
    cwd: project,
    env: { ...process.env, NODE_OPTIONS: "", NODE_V8_COVERAGE: coverage },
  });
  const [report] = readdirSync(coverage);
  const { result } = JSON.parse(readFileSync(join(coverage, report!), "utf8")) as { result: { url: string }[] };
  const loaded = result.map(({ url }) => url).filter((url) => url.includes("/node_modules/"));
  expect(loaded.some((url) => url.endsWith("/@sremote/client/dist/index.js"))).toBe(true);
  expect(loaded.filter((url) => !url.includes("/node_modules/@sremote/") && !url.includes("/node_modules/sremote/"))).toEqual([]);
  expect(loaded.filter((url) => readFileSync(new URL(url), "utf8").includes("node_modules/ssh2/lib/client.js"))).toEqual([]);
});

test("an application that installed it calls Python and Node", async () => {
  writeFileSync(
    join(project, "app.js"),
    `import { RemoteClient, local } from "sremote";
const client = new RemoteClient(local({ cwd: process.cwd() }), { sremoteDir: process.cwd() + "/base" });
const python = await client.doRemoteCall("builtins", "sum", [[1, 2, 3]]);
const node = await client.doRemoteCall("node:path", "join", ["a", "b"], { runtime: "node" });
await client.close();
console.log(JSON.stringify([python.value, node.value]));
`,
  );
  expect((await run(process.execPath, ["app.js"], { cwd: project })).stdout).toBe('[6,"a/b"]\n');
});

test("an application names hosts and reads a configuration in TypeScript", async () => {
  writeFileSync(
    join(project, "fleet.ts"),
    "const username: string = 'me';\nexport default { username, groups: { rack: 'node[08-10]' } };\n",
  );
  writeFileSync(
    join(project, "hosts.js"),
    `import { hostSet, loadConfiguration, resolveConfiguration } from "sremote/fleet";
const { username, groups } = resolveConfiguration(await loadConfiguration("fleet.ts"));
console.log(JSON.stringify(hostSet("@rack!node09", { groups }).map((host) => host.sshOptions({ username }))));
`,
  );
  expect((await run(process.execPath, ["hosts.js"], { cwd: project })).stdout).toBe(
    '[{"host":"node08","username":"me"},{"host":"node10","username":"me"}]\n',
  );
});

test("an application copies what differs of a large file, by a program of the package", async () => {
  writeFileSync(
    join(project, "copy.js"),
    `import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { local } from "sremote";
import { push } from "sremote/transfer";
await using host = local({ cwd: process.cwd() });
const bytes = Buffer.alloc(2_000_000, "some text");
writeFileSync("large", bytes);
await push(host, "large", "copy/large");
bytes[1_000_000] ^= 1;
writeFileSync("large", bytes);
const { files, transferred } = await push(host, "large", "copy/large", { check: "delta" });
console.log(JSON.stringify([files, transferred < 100_000, readFileSync("copy/large").equals(bytes)]));
`,
  );
  expect((await run(process.execPath, ["copy.js"], { cwd: project })).stdout).toBe("[1,true,true]\n");
});

test("an application copies a large file, whose digest a thread of the package makes", async () => {
  writeFileSync(
    join(project, "large.js"),
    `import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { local } from "sremote";
import { pull, push } from "sremote/transfer";
const lost = [];
let threads = 0;
process.on("worker", (worker) => {
  threads += 1;
  worker.on("error", (error) => lost.push(error.message));
});
await using host = local({ cwd: process.cwd() });
const bytes = Buffer.alloc(70_000_000, "some text");
writeFileSync("whole", bytes);
const there = await push(host, "whole", "there/whole");
const back = await pull(host, "there/whole", "back");
console.log(JSON.stringify([there.ok, back.ok, threads, lost, readFileSync("back").equals(bytes)]));
`,
  );
  expect((await run(process.execPath, ["large.js"], { cwd: project })).stdout).toBe("[true,true,2,[],true]\n");
});

test("`npx sremote` runs the command", async () => {
  const args = ["--no-install", "sremote", "call", "local", "math.sqrt", "81", "--sremote-dir", join(project, "base")];
  const { stdout } = await run("npx", args, { cwd: project });
  expect(stdout.trim()).toMatch(/^9(\.0)?$/);
});
