/* The endpoint under every version of Node that is here: the codec does what the vectors say, calls work, and a Node too old says so. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readVectors } from "../../../test/conformance/vector.ts";
import { makeRequest, makeSandbox, readReply, run, send, type Sandbox } from "./testing/harness.ts";
import { isNightly } from "../../../test/support/nightly.ts";
import { findNodes, triedNodes } from "./testing/nodes.ts";

const nodes = findNodes();
const major = (version: string): number => Number(version.split(".")[0]);
const vectors = readVectors();
/** The heavy ones are about limits and time: the oldest Node that is supported does them, and nightly all. */
const light = vectors.filter(({ heavy }) => heavy !== true);
const oldest = nodes.find(({ version }) => major(version) >= 18);

const byText = (a: string, b: string): number => (a < b ? -1 : 1);

let sandbox: Sandbox;
let checker: Sandbox;
beforeAll(async () => {
  sandbox = await makeSandbox();
  checker = await makeSandbox(new URL("testing/vectors.ts", import.meta.url).pathname);
  writeFileSync(join(checker.root, "all.json"), JSON.stringify(vectors));
  writeFileSync(join(checker.root, "light.json"), JSON.stringify(light));
  writeFileSync(
    join(sandbox.work, "lib.mjs"),
    `export const sum = async (...numbers) => numbers.reduce((a, b) => a + b);
export function fail() { throw new TypeError("no"); }`,
  );
});
afterAll(() => {
  sandbox[Symbol.dispose]();
  checker[Symbol.dispose]();
});

describe.each(triedNodes())("Node $version", ({ path, version }) => {
  it("G30 G20 the codec does what the vectors say", () => {
    const [file, { length: checked }] = isNightly || path === oldest?.path ? ["all.json", vectors] : ["light.json", light];
    const said = execFileSync(path, [checker.program, join(checker.root, file)], { encoding: "utf8", maxBuffer: 1 << 26 });
    expect(JSON.parse(said)).toEqual({ node: version, checked, failures: {} });
  });

  it("calls return values and errors", async () => {
    const value = await send(sandbox, makeRequest(sandbox, "./lib.mjs", "sum", [1n, 2n]), { node: path });
    expect([value.value, value.host.version, value.stderr.content?.toString()]).toEqual([3n, version, ""]);
    const error = await send(sandbox, makeRequest(sandbox, "./lib.mjs", "fail"), { node: path });
    expect(error.error).toMatchObject({ type: "TypeError", frames: [{ file: join(sandbox.work, "lib.mjs"), line: 2, function: "fail" }] });
    const missing = await send(sandbox, makeRequest(sandbox, "absent", "f"), { node: path });
    expect(missing.error?.code).toBe("module-not-found");
    const lacking = await send(sandbox, makeRequest(sandbox, "node:os", "hostnam"), { node: path });
    expect(lacking.error?.names).toContain("hostname");
  });

  it("probe tells facts as JSON behind the marker", async () => {
    const ran = await run(sandbox.program, ["probe", "--base", sandbox.base, "--marker", "aa", "bb"], undefined, { node: path });
    expect([ran.status, ran.stderr, ran.stdout.subarray(0, 4).toString()]).toEqual([0, "", "bbaa"]);
    expect(JSON.parse(ran.stdout.subarray(4).toString())).toMatchObject({
      runtime: "node",
      version,
      base: sandbox.base,
      protocol: 1,
      problem: null,
    });
  });
});

/** A program that says it is another version: what a Node too old shows of itself, on machines that have none. */
function disguised(version: string): string {
  return `data:text/javascript,${encodeURIComponent(`Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } })`)}`;
}

describe("G17 a Node that is too old", () => {
  const really = nodes.filter(({ version }) => major(version) < 18);
  if (really.length === 0) process.stdout.write("left out, since none is here: a Node before 18; one in disguise stands for it\n");

  it.each([
    ...really.map(({ version, path }) => [version, path, [] as string[]] as const),
    ["17.9.1", process.execPath, ["--import", disguised("17.9.1")]] as const,
  ])("%s says so and ends with 96", (version, path, flags) => {
    const ended = spawnSync(path, [...flags, sandbox.program, "probe"], { encoding: "utf8" });
    expect(ended.status).toBe(96);
    expect(ended.stderr).toBe(`sremote-endpoint: node ${version} is too old, 18 or later is needed\n`);
  });

  it("18 is not", async () => {
    const ran = await run(sandbox.program, ["probe", "--base", sandbox.base], undefined, {
      env: { ...process.env, NODE_OPTIONS: `--import ${disguised("18.0.0")}` },
    });
    expect(ran.status).toBe(0);
  });
});

describe("install", () => {
  it("refuses what lies there intact where others may write", async () => {
    const base = join(sandbox.root, "open");
    const install = (): ReturnType<typeof run> => run(sandbox.program, ["install", "--base", base, sandbox.program]);
    chmodSync(dirname((await install()).stdout.toString().trim()), 0o777);
    const { status, stdout, stderr } = await install();
    expect([status, stdout.toString()]).toEqual([97, ""]);
    expect(stderr).toContain("may be written by other users");
  });

  it("puts the payload where its digest says, twice and twenty times at once", async () => {
    const base = join(sandbox.root, "installed");
    const install = (): ReturnType<typeof run> => run(sandbox.program, ["install", "--base", base, sandbox.program]);
    const all = await Promise.all(Array.from({ length: 20 }, install));
    const path = String(all[0]?.stdout).trim();
    expect(new Set(all.map((ran) => `${ran.status} ${ran.stdout.toString()} ${ran.stderr}`)).size).toBe(1);
    expect(path).toMatch(new RegExp(`^${base}/endpoint/[0-9a-f]{64}/endpoint\\.mjs$`));
    expect(execFileSync("sha256sum", [path], { encoding: "utf8" }).slice(0, 64)).toBe(path.split("/").at(-2));
    expect(execFileSync("find", [base], { encoding: "utf8" }).trim().split("\n").toSorted(byText)).toEqual(
      [base, `${base}/endpoint`, path.slice(0, path.lastIndexOf("/")), path, `${base}/tmp`].toSorted(byText),
    );
    writeFileSync(path, "damaged");
    expect((await install()).status).toBe(0);
    const reply = readReply((await run(path, ["call", "--base", base, "-", "-"], makeRequest(sandbox, "node:path", "join", ["a"]))).stdout);
    expect([reply.value, reply.host.endpoint]).toEqual(["a", path.split("/").at(-2)]);
  });

  it.each(triedNodes())("keeps the program unpacked and compiled for Node $version", async (node) => {
    using fresh = await makeSandbox();
    const program = (await run(fresh.program, ["install", "--base", fresh.base, fresh.program])).stdout.toString().trim();
    const kept = join(program, `../code-v${node.version}-${process.arch}`);
    const request = (): Buffer => makeRequest(fresh, "node:path", "basename", ["/a/b"]);
    const ask = async (): Promise<unknown> => (await send({ ...fresh, program }, request(), { node: node.path })).value;
    expect([existsSync(kept), await ask(), existsSync(kept)]).toEqual([false, "b", true]);
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    const whole = readFileSync(kept);
    for (const damaged of [
      Buffer.alloc(0),
      whole.subarray(0, 5000),
      whole.subarray(0, -7),
      Buffer.from("no program"),
      Buffer.alloc(5000),
    ]) {
      writeFileSync(kept, damaged);
      expect(await ask()).toBe("b");
      expect(readFileSync(kept).length).toBeGreaterThan(50_000);
    }
    expect(readdirSync(join(program, "..")).toSorted(byText)).toEqual([basename(kept), "endpoint.mjs"]);
  });

  it("offers the same as functions to a program that imports it, which then is not run", async () => {
    const base = join(sandbox.root, "in-process");
    const script = `import { install, main } from ${JSON.stringify(sandbox.program)}; import { readFileSync } from "node:fs";
console.log(install({ base: ${JSON.stringify(base)}, payload: readFileSync(${JSON.stringify(sandbox.program)}) }), typeof main);`;
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", script, "an argument"], { encoding: "utf8" });
    expect(said).toMatch(new RegExp(`^${base}/endpoint/[0-9a-f]{64}/endpoint\\.mjs function\\n$`));
  });

  it("complains in one line about arguments it does not know", async () => {
    for (const args of [[], ["serve-tea"], ["call", "-"], ["probe", "x"], ["install"]]) {
      const ran = await run(sandbox.program, args);
      expect([ran.status, ran.stdout.length]).toEqual([91, 0]);
      expect(ran.stderr).toMatch(/^sremote-endpoint: usage: [^\n]+\n$/);
    }
  });
});
