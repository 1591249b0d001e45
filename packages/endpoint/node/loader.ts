/*
 * What the payload is on the outside: checks Node's version, unpacks the program inside and runs it as a CommonJS module.
 * Packed, the program travels in half the bytes. Where the endpoint is installed, the unpacked program is kept beside it together with V8's
 * compiled code, for each version of Node one file, as the Python endpoint keeps its own: a call starts this program twice.
 * The syntax is old on purpose, so that a Node that is too old can say so.
 */
import { createRequire } from "node:module";
import type { Script } from "node:vm";
import type * as Endpoint from "./endpoint.ts";

const oldest = 18;
/** Put in by scripts/build-payload.ts: the program in ASCII, compressed with Brotli, in base64. */
const packed = "@program@";

if (Number(process.versions.node.split(".")[0]) < oldest) {
  process.stderr.write(`sremote-endpoint: node ${process.versions.node} is too old, ${oldest} or later is needed\n`);
  process.exit(96);
}

// Not imported: an `import` of node:fs loads its promises and streams too, 3 ms of 25 (measured).
const require = createRequire(import.meta.url);
const fs: typeof import("node:fs") = require("node:fs");
const url: typeof import("node:url") = require("node:url");
const vm: typeof import("node:vm") = require("node:vm");

const file = url.fileURLToPath(import.meta.url);
const directory = file.slice(0, file.lastIndexOf("/"));
const isInstalled = /\/[0-9a-f]{64}\/endpoint\.mjs$/.test(file);
const kept = `${directory}/code-${process.version}-${process.arch}`;

/** The lengths of the program and of V8's code in ten digits each; then both. */
const lengthDigits = 10;

function compile(source: string, cachedData?: Buffer): Script {
  return new vm.Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, { filename: file, cachedData });
}

function load(): Script | undefined {
  try {
    const data = fs.readFileSync(kept);
    const start = 2 * lengthDigits;
    const lengths = data.toString("latin1", 0, start);
    const end = start + Number(lengths.slice(0, lengthDigits));
    if (!/^\d{20}$/.test(lengths) || end === start || data.length !== end + Number(lengths.slice(lengthDigits))) return undefined;
    return compile(data.toString("latin1", start, end), data.subarray(end));
  } catch {
    return undefined; // Not there, or damaged: the packed program is.
  }
}

/** Best effort: without it the next start is slower, no more. Flushed before it has its name, so that it is whole or not there. */
function save(source: string, script: Script): void {
  const beside = `${kept}.${process.pid}`;
  try {
    const fd = fs.openSync(beside, "wx", 0o600);
    try {
      const code = script.createCachedData();
      const lengths = [source.length, code.length].map((length) => String(length).padStart(lengthDigits, "0")).join("");
      const data = Buffer.concat([Buffer.from(lengths + source, "latin1"), code]);
      for (let at = 0; at < data.length;) at += fs.writeSync(fd, data, at);
      fs.fsyncSync(fd);
      fs.renameSync(beside, kept);
    } finally {
      fs.closeSync(fd);
      fs.rmSync(beside, { force: true });
    }
  } catch {
    // A full or read-only disk.
  }
}

function unpack(): Script {
  const { brotliDecompressSync }: typeof import("node:zlib") = require("node:zlib");
  const source = brotliDecompressSync(Buffer.from(packed, "base64")).toString("latin1");
  const made = compile(source);
  // At the end, when V8 has compiled what a call needs. Not where a user's code has run.
  if (isInstalled && process.argv[2] === "call") process.once("exit", () => save(source, made));
  return made;
}

const script = (isInstalled ? load() : undefined) ?? unpack();
const program: { exports: Partial<typeof Endpoint> } = { exports: {} };
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the function that `compile` wrote
(script.runInThisContext() as (...scope: unknown[]) => void)(program.exports, require, program, file, directory);

export const install: typeof Endpoint.install = program.exports.install!;
export const main: typeof Endpoint.main = program.exports.main!;
