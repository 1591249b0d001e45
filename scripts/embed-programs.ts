/*
 * Writes the programs that we send to hosts or start beside us into modules of the packages, as text with their digests. A bundler then carries
 * them along as it does any other code; files beside the code it leaves behind, or puts another file in their place.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { zlibSync } from "fflate";
import { rolldown } from "rolldown";
import { stripPython } from "./strip-python.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const transfer = join(root, "packages/transfer");

/** The modules of a transfer's program, in the order in which they import each other. */
const transferModules = ["wire", "names", "tree", "list", "send", "incoming", "receive", "delta", "serve"];

export interface Artifact {
  name: string;
  bytes: Uint8Array;
}

/** The text of a module that exports `programs`. The same programs give the same text. */
export function moduleOf(artifacts: readonly Artifact[]): string {
  const entries = artifacts.map(({ name, bytes }) => {
    const base64 = Buffer.from(bytes).toString("base64");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return `  ${JSON.stringify(name)}: { sha256: "${sha256}", base64: "${base64}" },\n`;
  });
  const head = "/* Made by scripts/embed-programs.ts. */\n";
  return `${head}export const programs: Readonly<Record<string, { readonly sha256: string; readonly base64: string }>> = {\n${entries.join("")}};\n`;
}

/** Replaces the module where it differs, so that nothing that depends on it is built again for nothing. */
export function writeModule(path: string, artifacts: readonly Artifact[]): void {
  const text = moduleOf(artifacts);
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, text);
  renameSync(beside, path);
}

/** The program of a transfer, as `[module, source]` pairs in JSON, deflated. fflate, because zlib's output differs from one Node to the next. */
function transferProgram(): Artifact {
  const modules = transferModules.map((name) => [
    `transfer_${name}`,
    stripPython(readFileSync(join(transfer, `python/transfer_${name}.py`), "utf8")),
  ]);
  return { name: "transfer.json.zlib", bytes: zlibSync(Buffer.from(JSON.stringify(modules)), { level: 9, mem: 12 }) };
}

/** A program for Node, in one CommonJS file. */
async function nodeProgram(name: string): Promise<Artifact> {
  const graph = await rolldown({
    input: join(transfer, `src/${name}.ts`),
    cwd: root,
    platform: "node",
    external: /^node:/,
    transform: { target: "node22" },
  });
  try {
    const { output } = await graph.generate({ format: "cjs", minify: true, codeSplitting: false });
    return { name: `${name}.cjs`, bytes: Buffer.from(output[0].code) };
  } finally {
    await graph.close();
  }
}

export async function embedTransferPrograms(): Promise<void> {
  const programs = [transferProgram(), await nodeProgram("rsync-shell"), await nodeProgram("digest-worker")];
  writeModule(join(transfer, "src/generated/programs.ts"), programs);
}

if (import.meta.main) await embedTransferPrograms();
