/* The user's own code for Node, shipped to hosts. What is the same for Python is tested there. */
import { writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { RemoteClient } from "@sremote/client";
import { RemoteExecError } from "@sremote/protocol";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { mainKinds, stopSshd, type TestHost } from "../support/hosts.ts";
import { rejection } from "../support/rejection.ts";

afterAll(stopSshd);

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "sremote-ship-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

const kinds = mainKinds.filter(({ name }) => name === "local" || name === "three functions");

describe.each(kinds)("shipped Node code on $name", (kind) => {
  let host: TestHost;
  let client: RemoteClient;
  beforeEach(async () => {
    host = await kind.start();
    client = new RemoteClient(host.connector, { runtime: "node" });
  });
  afterEach(async () => {
    await client.close();
    await host[Symbol.asyncDispose]();
  });
  const call = async (module: string, fn: string, args: readonly unknown[] = []): Promise<unknown> =>
    (await client.doRemoteCall(module, fn, args)).value;

  test("a package is imported by its name, with its files, data and sub-paths", async () => {
    await write({
      "lib/package.json": '{"name": "lib", "type": "module", "main": "./index.js"}',
      "lib/index.js": `
import { readFileSync } from "node:fs";
import { base } from "./deep/numbers.js";
export const run = (x) => base + x;
export const table = () => readFileSync(new URL("./table.csv", import.meta.url), "utf8");
export function fail() {
  throw new TypeError("no fit");
}
`,
      "lib/deep/numbers.js": "export const base = 40;\n",
      "lib/table.csv": "a,b\n",
      "lib/node_modules/left/index.js": "",
    });
    const code = client.ship(join(root, "lib"));
    expect(code.files).toEqual(["deep/numbers.js", "index.js", "package.json", "table.csv"].map((path) => `node_modules/lib/${path}`));
    expect(await call("lib", "run", [2])).toBe(42);
    expect(await call("lib", "table")).toBe("a,b\n");
    expect(await client.constant("lib/deep/numbers.js", "base")).toBe(40);
    const error = await rejection(call("lib", "fail"), RemoteExecError);
    expect(error.details).toContain(`${join(root, "lib/index.js")}:7`);
    expect((await stat(join(host.home, ".sremote/code", code.digest))).mode & 0o777).toBe(0o700);
  });

  test("G48 TypeScript loses its types, and each call runs what is on the disk when it is made", async () => {
    const job = (n: number): string =>
      `import { half } from "./half.ts";\nexport function run(x: number): number {\n  return half(x) + ${n};\n}\n`;
    await write({
      "job/index.ts": job(0),
      "job/half.ts": "export const half = (x: number): number => x / 2;\nexport interface Unused {}\n",
    });
    client.ship(join(root, "job"));
    expect(await call("job", "run", [84])).toBe(42);
    const calls = [1, 2].map((n) => {
      writeFileSync(join(root, "job/index.ts"), job(n));
      return call("job", "run", [0]);
    });
    expect(await Promise.all(calls)).toEqual([1, 2]);
    await write({ "job/index.ts": "export function run(x: number) {\n  throw new Error('at line 2');\n}\n" });
    const error = await rejection(call("job", "run", [1]), RemoteExecError);
    expect(error.details).toContain(`${join(root, "job/index.ts")}:2`);
  });

  test("that does not compile is an error with its line, and nothing runs", async () => {
    await write({ "job.mjs": "export const run = () => 1;\n" });
    client.ship(join(root, "job.mjs"));
    expect(await call("job", "run")).toBe(1);
    await write({ "job.mjs": "import { writeFileSync } from 'node:fs';\nwriteFileSync('ran', '');\nexport const run = () => ;\n" });
    const error = await rejection(call("job", "run"));
    expect(error).toMatchObject({ code: "code-invalid" });
    expect(error.message).toContain(`${join(root, "job.mjs")}:3: SyntaxError`);
    expect(await readdir(host.home)).not.toContain("ran");
  });

  test("is sent again where the host has lost it", async () => {
    await write({ "job.mjs": "export const run = () => 1;\n" });
    client.ship(join(root, "job.mjs"));
    expect(await call("job", "run")).toBe(1);
    await rm(join(host.home, ".sremote/code"), { recursive: true });
    expect((await client.doRemoteCall("job", "run", [], { isolation: "call" })).value).toBe(1);
  });
});

test("an installed package is found from shipped code", async () => {
  await using host = await mainKinds[0]!.start();
  await using client = new RemoteClient(host.connector, { runtime: "node" });
  // As npm leaves it there.
  const installed = join(host.home, ".sremote/node/node_modules/left");
  await mkdir(installed, { recursive: true, mode: 0o700 });
  await writeFile(join(installed, "index.js"), "exports.pad = () => 'padded';\n");
  await write({ "job.mjs": "import left from 'left';\nexport const run = () => left.pad();\n" });
  client.ship(join(root, "job.mjs"));
  expect((await client.doRemoteCall("job", "run")).value).toBe("padded");
});
