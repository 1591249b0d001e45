/*
 * Makes the programs that are sent to hosts, and a manifest of them: resources/sremote-endpoint.{pyz,mjs} and resources/manifest.json;
 * then copies everything a client needs into packages/endpoint/payload, since npm does not pack links.
 * The same source gives the same bytes, whatever the time zone, umask or order of directory entries.
 */
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { zipSync, type Zippable } from "fflate";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));
const endpoint = join(root, "packages/endpoint");
const resources = join(root, "resources");
/** A payload travels with every first call, so its size is a promise. */
const largest = 40_000;
/** Written by hand, sent along by the client. */
const scripts = ["launch.sh", "probe.sh", "stage1.py", "stage1.cjs"];
/** The earliest time that a zip can hold is 1980; fflate writes local time, so it is given one whose fields are the same everywhere. */
const zipTime = new Date(1980, 0, 1, 0, 0, 0);

export interface Artifact {
  name: string;
  bytes: Uint8Array;
}

/** The Python endpoint as a zip that `python3` runs. */
export function buildPython(): Artifact {
  const source = join(endpoint, "python");
  const files: Zippable = {};
  for (const path of ["__main__.py", ...pythonFiles(join(source, "sremote_endpoint")).map((file) => relative(source, file))].sort()) {
    files[path] = [readFileSync(join(source, path)), { level: 9, mtime: zipTime, os: 3, attrs: 0o100644 << 16 }];
  }
  return { name: "sremote-endpoint.pyz", bytes: zipSync(files) };
}

function pythonFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return entry.name === "__pycache__" ? [] : pythonFiles(path);
    return entry.name.endsWith(".py") ? [path] : [];
  });
}

/** The Node endpoint as one file. Its syntax is older than its needs, so that a Node that is too old can say so. */
export async function buildNode(entry: string = join(endpoint, "node/endpoint.ts")): Promise<Artifact> {
  const build = await rolldown({
    input: entry,
    cwd: root,
    platform: "node",
    resolve: { conditionNames: ["@sremote/source", "node", "import", "default"] },
    external: /^node:/,
    transform: { target: "node14" },
    treeshake: { moduleSideEffects: (id) => id.endsWith("/version.ts") || id === entry },
  });
  try {
    const { output } = await build.generate({ format: "esm", minify: true, codeSplitting: false });
    const [chunk, ...more] = output;
    if (more.length > 0) throw new Error(`the Node endpoint became ${output.length} files`);
    return { name: "sremote-endpoint.mjs", bytes: new TextEncoder().encode(chunk.code) };
  } finally {
    await build.close();
  }
}

/** Version of the wire, from the one place that states it. */
function protocolVersion(): number {
  const text = readFileSync(join(root, "packages/protocol/src/message.ts"), "utf8");
  const found = /export const protocolVersion = (\d+);/.exec(text);
  if (found === null) throw new Error("packages/protocol/src/message.ts states no protocolVersion");
  return Number(found[1]);
}

async function build(into: string, payload: string): Promise<void> {
  const artifacts = [buildPython(), await buildNode()];
  const protocol = protocolVersion();
  const manifest: Record<string, { size: number; sha256: string; protocol: number }> = {};
  for (const { name, bytes } of artifacts) {
    manifest[name] = { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex"), protocol };
    process.stdout.write(`${name}: ${bytes.length} bytes\n`);
  }
  artifacts.push({ name: "manifest.json", bytes: new TextEncoder().encode(`${JSON.stringify(manifest, undefined, 2)}\n`) });
  mkdirSync(into, { recursive: true });
  rmSync(payload, { recursive: true, force: true });
  mkdirSync(payload, { recursive: true });
  for (const { name, bytes } of artifacts) {
    writeWhole(join(into, name), bytes);
    writeWhole(join(payload, name), bytes);
  }
  for (const name of scripts) {
    if (!existsSync(join(resources, name))) continue;
    copyFileSync(join(resources, name), join(payload, name));
    chmodSync(join(payload, name), 0o644);
  }
  checkSize(artifacts);
}

function checkSize(artifacts: readonly Artifact[]): void {
  for (const { name, bytes } of artifacts) {
    if (bytes.length > largest) throw new Error(`${name} has ${bytes.length} bytes, at most ${largest} are allowed`);
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
  await (to === undefined ? build(resources, join(endpoint, "payload")) : build(to, join(to, "payload")));
}
