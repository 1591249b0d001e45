/* What applications make of the packages by their bundler's or runtime's default settings, each built and then run against a host over SSH. */
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { once } from "node:events";
import { freePort } from "../../scripts/labs/port.ts";
import type { Lab } from "../../scripts/labs/sshd.ts";
import { consumersDirectory } from "../../scripts/setup-consumers.ts";
import { nodeProgram } from "../../scripts/setup-nodes.ts";
import { isListening, until } from "../../scripts/labs/wait.ts";
import { sharedSshd, stopSshd } from "../support/hosts.ts";
import { isNightly } from "../support/nightly.ts";
import { installWith, run } from "../../scripts/packing/index.ts";
import { type Consumer, makeConsumer } from "./consumer.ts";

let consumer: Consumer;
let project: string;
let lab: Lab;
/** Builds of whole applications take their time on a busy machine. */
vi.setConfig({ testTimeout: 240_000, maxConcurrency: 2 });
/** Programs of the bundlers and runtimes. */
const bin = (name: string): string => join(consumersDirectory, "node_modules/.bin", name);
const bun = join(consumersDirectory, "node_modules/@oven/bun-linux-x64/bin/bun");

/** Every way in which something of ours is carried to a host or started beside the application. */
const program = `
async function main() {
  const options = JSON.parse(process.env.SREMOTE_TEST_HOST);
  const client = new RemoteClient(ssh(options));
  const python = await client.doRemoteCall("builtins", "sum", [[1, 2, 3]]);
  const node = await client.doRemoteCall("node:path", "join", ["a", "b"], { runtime: "node" });
  const spool = await client.doRemoteCall("os.path", "join", ["c", "d"], { id: "0".repeat(31) + (process.env.SREMOTE_TEST_ID ?? "0") });
  let refused;
  try {
    await client.doRemoteCall("json", "loads", ["{"]);
  } catch (error) {
    refused = [error instanceof RemoteExecError, error.name, error.code];
  }
  const hosts = fleet(["one"], { connect: () => ssh(options), logLevel: "silent" });
  const pushed = await hosts.push(process.argv[1] ?? "package.json", "pushed-by-a-build");
  const printed = await hosts.run("echo from the host").orThrow();
  await client.close();
  await hosts.close();
  console.log(JSON.stringify([python.value, node.value, spool.value, refused, pushed.ok, printed.format()]));
}
main().catch((error) => {
  console.error(error);
  process.exit(1);
});
`;
const asModule = `import { RemoteClient, RemoteExecError, ssh } from "sremote";\nimport { fleet } from "sremote/fleet";\n${program}`;
const asCommonJs = `const { RemoteClient, RemoteExecError, ssh } = require("sremote");\nconst { fleet } = require("sremote/fleet");\n${program}`;

let ids = 0;

async function environment(): Promise<NodeJS.ProcessEnv> {
  const user = await lab.addUser();
  const host = {
    host: lab.address,
    port: lab.port,
    username: user.name,
    privateKeyPath: lab.key.path,
    knownHosts: lab.knownHosts,
    sshConfig: false,
  };
  return { ...process.env, NODE_OPTIONS: "", SREMOTE_TEST_HOST: JSON.stringify(host), SREMOTE_TEST_ID: (ids++ % 10).toString() };
}

/** Starts what was built, with an account of its own, and gives what it printed. */
async function call(command: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await run(command, args, { cwd: project, env: await environment() });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}
const expected = [6, "a/b", "c/d", [true, "RemoteExecError", "raised"], true, "one: from the host\n"];

/** Where nothing of `node_modules` can be found, so that only what was built is there. */
async function away(file: string): Promise<string> {
  const directory = join(lab.directory, `build-${file.replaceAll("/", "-")}`);
  await mkdir(directory, { recursive: true });
  await cp(join(project, dirname(file)), directory, { recursive: true });
  return join(directory, file.slice(dirname(file).length + 1));
}

/** What the route answers that Next.js serves. */
async function answerOfNext(app: string): Promise<unknown> {
  const port = await freePort("127.0.0.1");
  const args = ["start", "-H", "127.0.0.1", "-p", String(port)];
  const server = spawn(bin("next"), args, { cwd: app, env: { ...(await environment()), NEXT_TELEMETRY_DISABLED: "1" }, stdio: "ignore" });
  const ended = once(server, "close");
  try {
    await until("Next.js listens", () => isListening("127.0.0.1", port));
    const answer = await fetch(`http://127.0.0.1:${port}/api/call`);
    return await answer.json();
  } finally {
    server.kill();
    await ended;
  }
}

beforeAll(async () => {
  [consumer, lab] = await Promise.all([makeConsumer(), sharedSshd()]);
  project = consumer.directory;
  // As `npm install --save-dev @types/node` would: bundlers find theirs above the project, compilers that are kept from looking there do not.
  for (const name of ["@types/node", "undici-types"]) {
    await cp(join(consumersDirectory, "node_modules", name), join(project, "node_modules", name), { recursive: true });
  }
  await writeFile(join(project, "entry.mjs"), asModule);
  await writeFile(join(project, "entry.cjs"), asCommonJs);
}, 240_000);
afterAll(async () => {
  consumer[Symbol.dispose]();
  await stopSshd();
});

test.concurrent("esbuild, to CommonJS and to a module", async () => {
  for (const [format, file] of [
    ["cjs", "esbuild-cjs/app.cjs"],
    ["esm", "esbuild-esm/app.mjs"],
  ] as const) {
    const args = ["entry.mjs", "--bundle", "--platform=node", `--format=${format}`, `--outfile=${file}`, "--minify"];
    const { stderr } = await run(bin("esbuild"), args, { cwd: project });
    expect(stderr, format).not.toMatch(/warning|error/i);
    expect(await call(process.execPath, await away(file)), format).toEqual(expected);
  }
});

test.concurrent("rollup, with the plugins for Node", async () => {
  const config = `import nodeResolve from "@rollup/plugin-node-resolve";
import commonjs from "@rollup/plugin-commonjs";
import json from "@rollup/plugin-json";
export default {
  input: "entry.mjs",
  output: { file: "rollup/app.mjs", format: "esm", inlineDynamicImports: true },
  plugins: [nodeResolve({ preferBuiltins: true, exportConditions: ["node"] }), commonjs(), json()],
};
`;
  await writeFile(join(project, "rollup.config.mjs"), config);
  await run(bin("rollup"), ["-c", "rollup.config.mjs"], { cwd: project });
  expect(await call(process.execPath, await away("rollup/app.mjs"))).toEqual(expected);
});

test.concurrent("vite, for a server", async () => {
  const config = `export default { build: { ssr: "entry.mjs", outDir: "vite" }, ssr: { noExternal: true } };\n`;
  await writeFile(join(project, "vite.config.mjs"), config);
  await run(bin("vite"), ["build"], { cwd: project });
  expect(await call(process.execPath, await away("vite/entry.js"))).toEqual(expected);
});

test.concurrent("webpack, for Node", async () => {
  // Terser takes six times as long as webpack. That short names do no harm is shown by esbuild above and by Next.js below, which shorten them too.
  const config = `import path from "node:path";
export default {
  mode: "production",
  target: "node",
  entry: "./entry.mjs",
  output: { path: path.resolve("webpack"), filename: "app.cjs" },
  optimization: { minimize: ${isNightly} },
};
`;
  await writeFile(join(project, "webpack.config.mjs"), config);
  const { stdout } = await run(bin("webpack"), ["-c", "webpack.config.mjs"], { cwd: project });
  expect(stdout).not.toMatch(/WARNING|ERROR/);
  expect(await call(process.execPath, await away("webpack/app.cjs"))).toEqual(expected);
});

test.concurrent("Bun, from the packages and as it bundles them", async () => {
  await run(bun, ["build", "entry.mjs", "--target=node", "--outfile=bun/app.mjs"], { cwd: project });
  expect(await call(process.execPath, await away("bun/app.mjs"))).toEqual(expected);
  expect(await call(bun, "entry.mjs")).toEqual(expected);
});

test.concurrent("Next.js, in a route", async () => {
  const app = join(project, "next");
  await mkdir(join(app, "app/api/call"), { recursive: true });
  await writeFile(join(app, "package.json"), '{ "private": true, "type": "module" }\n');
  await writeFile(join(app, "app/layout.jsx"), "export default ({ children }) => <html lang='en'><body>{children}</body></html>;\n");
  await writeFile(join(app, "app/page.jsx"), "export default () => <p>here</p>;\n");
  const route = `import { RemoteClient, ssh } from "sremote";
export const dynamic = "force-dynamic";
export async function GET() {
  const client = new RemoteClient(ssh(JSON.parse(process.env.SREMOTE_TEST_HOST)));
  const { value } = await client.doRemoteCall("builtins", "sum", [[1, 2, 3]]);
  const node = await client.doRemoteCall("node:path", "join", ["a", "b"], { runtime: "node" });
  await client.close();
  return Response.json([value, node.value]);
}
`;
  await writeFile(join(app, "app/api/call/route.js"), route);
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
  await run(bin("next"), ["build"], { cwd: app, env });
  expect(await answerOfNext(app)).toEqual([6, "a/b"]);
});

test.concurrent("one executable file of Node", async () => {
  await run(bin("esbuild"), ["entry.mjs", "--bundle", "--platform=node", "--format=cjs", "--outfile=sea/app.cjs"], { cwd: project });
  await writeFile(join(project, "sea.json"), '{ "main": "sea/app.cjs", "output": "sea/blob", "disableExperimentalSEAWarning": true }\n');
  await run(process.execPath, ["--experimental-sea-config", "sea.json"], { cwd: project });
  const file = join(project, "sea/app");
  await cp(await realpath(process.execPath), file);
  const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
  await run(bin("postject"), [file, "NODE_SEA_BLOB", "sea/blob", "--sentinel-fuse", fuse], { cwd: project });
  expect(await call(await away("sea/app"))).toEqual(expected);
});

test.concurrent("required by CommonJS, and on a worker thread", async () => {
  expect(await call(process.execPath, "entry.cjs")).toEqual(expected);
  await writeFile(
    join(project, "thread.mjs"),
    'import { Worker } from "node:worker_threads";\nnew Worker(new URL("entry.mjs", import.meta.url));\n',
  );
  expect(await call(process.execPath, "thread.mjs")).toEqual(expected);
});

test.concurrent("Node 22 with types stripped, without `await using`", async () => {
  const typed = asModule.replace("async function main()", "async function main(): Promise<void>");
  await writeFile(join(project, "typed.ts"), typed);
  expect(await call(nodeProgram("22.23.3"), "--experimental-strip-types", "--disable-warning=ExperimentalWarning", "typed.ts")).toEqual(
    expected,
  );
});

// Nightly yarn, too, which `npm run release -- --dry-run` tries as well.
test.concurrent.each(isNightly ? (["pnpm", "yarn"] as const) : (["pnpm"] as const))(
  "%s installs it without a word about builds, and it calls",
  async (manager) => {
    const directory = await mkdtemp(join(tmpdir(), `sremote-${manager}-`));
    try {
      const application = await installWith(manager, consumer.packed, join(directory, "application"));
      expect(application.said).not.toMatch(/ignored build|scripts? (?:was|were|disabled)|gyp|err_/i);
      await cp(join(project, "entry.mjs"), join(directory, "application/entry.mjs"));
      const { stdout } = await application.exec(["node", "entry.mjs"], await environment());
      expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toEqual(expected);
    } finally {
      await rm(directory, { recursive: true });
    }
  },
);

// The oldest that is supported and the newest; nightly the one between.
test.concurrent.each(["typescript-5.4", ...(isNightly ? ["typescript-5.9"] : []), "typescript"])(
  "the README's first block compiles with %s",
  async (compiler) => {
    // Outside of this repository, whose own types an application does not have.
    const directory = await mkdtemp(join(tmpdir(), "sremote-types-"));
    try {
      await symlink(join(project, "node_modules"), join(directory, "node_modules"));
      const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
      await writeFile(join(directory, "first.ts"), /```ts[^\n]*\n(.*?)```/s.exec(readme)?.[1] ?? "");
      await writeFile(join(directory, "package.json"), '{ "private": true, "type": "module" }\n');
      const from = compiler === "typescript" ? import.meta.url : join(consumersDirectory, "x.js");
      const tsc = join(dirname(createRequire(from).resolve(`${compiler}/package.json`)), "bin/tsc");
      // What compiles with the checks of libraries compiles without them, which are what `tsc --init` below leaves out.
      const own = {
        target: "es2022",
        module: "nodenext",
        lib: ["es2023", "esnext.disposable"],
        types: ["node"],
        strict: true,
        noEmit: true,
      };
      const compilerOptions = { ...own, skipLibCheck: false, preserveSymlinks: true };
      await writeFile(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["first.ts"] }));
      await run(process.execPath, [tsc, "-p", "."], { cwd: directory });
      await rm(join(directory, "tsconfig.json"));
      // What 5.4 makes is for CommonJS, where no program can await at its top.
      const changes = compiler === "typescript-5.4" ? ["--module", "nodenext", "--target", "es2022"] : [];
      await run(process.execPath, [tsc, "--init"], { cwd: directory });
      await run(process.execPath, [tsc, "-p", ".", "--noEmit", "--preserveSymlinks", ...changes], {
        cwd: directory,
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  },
);
