/* What npm would publish: packed, installed into an empty project as a user would, and used. Needs the built packages (`npm run build`). */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const names = readdirSync(join(root, "packages"));
let project: string;
const contents = new Map<string, string[]>();

function run(command: string, args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", timeout: 120_000, ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${status}\n${stdout}${stderr}`);
  return stdout;
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "sremote-consumer-"));
  const archives = names.map((name) => {
    const [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", project], { cwd: join(root, "packages", name) })) as [
      { filename: string; files: { path: string }[] },
    ];
    contents.set(name, packed.files.map((file) => file.path).toSorted());
    return `./${packed.filename}`;
  });
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", ...archives], { cwd: project });
}, 240_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

test("every package holds its code, types, sources and licence, and no test", () => {
  for (const name of names) {
    const files = contents.get(name) ?? [];
    expect(files, name).toEqual(expect.arrayContaining(["LICENSE", "package.json", "dist/index.js", "dist/index.d.ts", "src/index.ts"]));
    expect(
      files.filter((file) => file.includes(".test.") || file.includes("tsbuildinfo")),
      name,
    ).toEqual([]);
  }
});

test("the endpoint package holds the payloads and scripts; the protocol its specification, the fleet what hosts run", () => {
  const payload = ["launch.sh", "manifest.json", "probe.sh", "sremote-endpoint.mjs", "sremote-endpoint.pyz", "stage1.cjs", "stage1.py"];
  expect(contents.get("endpoint")).toEqual(expect.arrayContaining(payload.map((name) => `payload/${name}`)));
  expect(contents.get("protocol")).toContain("PROTOCOL.md");
  expect(contents.get("fleet")).toContain("python/transfer_serve.py");
});

test("an application that installed it calls Python and Node", () => {
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
  expect(run(process.execPath, ["app.js"], { cwd: project })).toBe('[6,"a/b"]\n');
});

test("an application names hosts and reads a configuration in TypeScript", () => {
  writeFileSync(join(project, "fleet.ts"), "const user: string = 'me';\nexport default { user, groups: { rack: 'node[08-10]' } };\n");
  writeFileSync(
    join(project, "hosts.js"),
    `import { hostSet, loadConfiguration, resolveConfiguration } from "sremote/fleet";
const { user, groups } = resolveConfiguration(await loadConfiguration("fleet.ts"));
console.log(JSON.stringify(hostSet("@rack!node09", { groups }).map((host) => host.sshOptions({ user }))));
`,
  );
  expect(run(process.execPath, ["hosts.js"], { cwd: project })).toBe(
    '[{"host":"node08","username":"me"},{"host":"node10","username":"me"}]\n',
  );
});

test("an application copies what differs of a large file, by a program of the package", () => {
  writeFileSync(
    join(project, "copy.js"),
    `import { readFileSync, writeFileSync } from "node:fs";
import { local } from "sremote";
import { push } from "sremote/fleet";
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
  expect(run(process.execPath, ["copy.js"], { cwd: project })).toBe("[1,true,true]\n");
});

test("an application copies a large file, whose digest a thread of the package makes", () => {
  writeFileSync(
    join(project, "large.js"),
    `import { readFileSync, writeFileSync } from "node:fs";
import { local } from "sremote";
import { pull, push } from "sremote/fleet";
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
  expect(run(process.execPath, ["large.js"], { cwd: project })).toBe("[true,true,2,[],true]\n");
});

test("the command is there", () => {
  const bin = join(project, "node_modules/.bin/sremote");
  expect(
    run(bin, ["call", "local", "math.sqrt", "81", "--sremote-dir", join(project, "base")], { cwd: project, env: process.env }).trim(),
  ).toMatch(/^9(\.0)?$/);
});
