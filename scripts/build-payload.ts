/*
 * Makes the programs that are sent to hosts, and a manifest of them: resources/sremote-endpoint.{pyz,mjs} and resources/manifest.json;
 * then writes everything a client needs into a module of packages/endpoint.
 * The same source gives the same bytes, whatever the time zone, umask or order of directory entries.
 */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { rolldown } from "rolldown";
import { type Artifact, writeModule } from "./embed-programs.ts";
import { packPython, packPythonProgram, packPythonSession } from "./pack-python.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const endpoint = join(root, "packages/endpoint");
const resources = join(root, "resources");
/** A payload travels with every first call, so its size is a promise, in bytes. */
const largest = 47_500;
/** Sessions do more. */
const largestOfSessions = 54_500;
/** Written by hand, sent along by the client. */
const scripts = ["launch.sh", "probe.sh", "stage1.py", "stage1.cjs", "stage-session.py", "stage-session.cjs", "attach.py", "attach.cjs"];

/** The Python endpoint as a zip that `python3` runs. */
export function buildPython(): Artifact {
  return { name: "sremote-endpoint.pyz", bytes: packPython(join(endpoint, "python")) };
}

/** What serves sessions alone: it travels with every session. */
export function buildPythonSession(): Artifact {
  return { name: "sremote-session.py.deflate", bytes: packPythonSession(join(endpoint, "python")) };
}

/** The Node endpoint as one file: the program, packed into the loader. @param entry another program, for tests */
export async function buildNode(entry: string = join(endpoint, "node/endpoint.ts")): Promise<Artifact> {
  const loader = await bundle(join(endpoint, "node/loader.ts"), "esm", "es2019");
  const parts = loader.split("@program@");
  if (parts.length !== 2) throw new Error("packages/endpoint/node/loader.ts has not exactly one place for the program");
  return { name: "sremote-endpoint.mjs", bytes: Buffer.from(parts.join((await packNode(entry)).toString("base64"))) };
}

/** What serves a session in Node: the program alone, which resources/stage-session.cjs unpacks. */
export async function buildNodeSession(): Promise<Artifact> {
  return { name: "sremote-session.js.br", bytes: await packNode(join(endpoint, "node/session/serve.ts")) };
}

/** A program in ASCII, so that V8 keeps it with one byte a character, compressed with Brotli: every Node that runs it has that, and it is 8 % smaller than deflated. */
async function packNode(entry: string): Promise<Buffer> {
  const program = (await bundle(entry, "cjs", "node18"))
    .replaceAll("/* @__PURE__ */ ", "")
    .replace(/[^\0-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  // Of the settings that Brotli has, those with which our programs get smallest (measured).
  return brotliCompressSync(program, { params: { [constants.BROTLI_PARAM_LGWIN]: 18, [constants.BROTLI_PARAM_NPOSTFIX]: 1 } });
}

async function bundle(entry: string, format: "cjs" | "esm", target: string): Promise<string> {
  const graph = await rolldown({
    input: entry,
    cwd: root,
    platform: "node",
    resolve: { conditionNames: ["@sremote/source", "node", "import", "default"] },
    external: /^node:/,
    transform: { target },
    treeshake: { moduleSideEffects: (id) => id === entry },
    optimization: { inlineConst: true },
  });
  try {
    const { output } = await graph.generate({ format, minify: true, codeSplitting: false });
    if (output.length > 1) throw new Error(`${entry} became ${output.length} files`);
    return output[0].code;
  } finally {
    await graph.close();
  }
}

/** Version of the wire, from the one place that states it. */
function protocolVersion(): number {
  const text = readFileSync(join(root, "packages/protocol/src/message.ts"), "utf8");
  const found = /export const protocolVersion = (\d+);/.exec(text);
  if (found === null) throw new Error("packages/protocol/src/message.ts states no protocolVersion");
  return Number(found[1]);
}

/** Programs that are part of no payload: each comes with the calls that need it. */
export async function buildPrograms(): Promise<Artifact[]> {
  const source = join(endpoint, "python");
  const python = {
    "snippet.py": ["snippet"],
    "interpreter.py": ["snippet", "rich", "interpreter"],
    "script.py": ["script"],
    "ship.py": ["host.directory", "host.files", "ship"],
  };
  const texts = new Map(Object.entries(python).map(([name, modules]) => [name, packPythonProgram(source, modules)]));
  for (const name of ["interpreter", "function", "ship"])
    texts.set(`${name}.cjs`, await bundle(join(endpoint, `node/programs/${name}.ts`), "cjs", "node18"));
  return [...texts].map(([name, text]) => ({ name, bytes: Buffer.from(text) }));
}

async function build(into: string, module: string): Promise<void> {
  const artifacts = [buildPython(), buildPythonSession(), await buildNode(), await buildNodeSession()];
  const protocol = protocolVersion();
  const manifest: Record<string, { size: number; sha256: string; protocol: number }> = {};
  for (const { name, bytes } of artifacts) {
    manifest[name] = { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex"), protocol };
    process.stdout.write(`${name}: ${bytes.length} bytes\n`);
  }
  checkSize(artifacts);
  mkdirSync(into, { recursive: true });
  for (const { name, bytes } of artifacts) writeWhole(join(into, name), bytes);
  writeWhole(join(into, "manifest.json"), Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`));
  const byHand = scripts.map((name) => ({ name, bytes: readFileSync(join(resources, name)) }));
  writeModule(module, [...artifacts, ...byHand, ...(await buildPrograms())]);
}

function checkSize(artifacts: readonly Artifact[]): void {
  for (const { name, bytes } of artifacts) {
    const most = name.includes("session") ? largestOfSessions : largest;
    if (bytes.length > most) throw new Error(`${name} has ${bytes.length} bytes, at most ${most} are allowed`);
  }
}

/** Somebody may be running the old file. */
function writeWhole(path: string, bytes: Uint8Array): void {
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, bytes);
  chmodSync(beside, 0o644);
  renameSync(beside, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const to = process.argv[2];
  await (to === undefined ? build(resources, join(endpoint, "src/generated/programs.ts")) : build(to, join(to, "programs.ts")));
}
