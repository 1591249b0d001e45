/* The vectors of WIRE.md: both ends take what they accept for the same, and neither takes what they refuse. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fromBytes, toBytes } from "@sremote/connectors";
import { describe, expect, test } from "vitest";
import { expand, type Part } from "../../../test/conformance/vector.ts";
import { findInterpreters } from "../../../test/interpreters.ts";
import { isName, type Root } from "./entry.ts";
import type { Exchange } from "./exchange.ts";
import { decodeBatch, encodeBatch, encodeFrame, encodeJson, FrameReader, frameOf } from "./frame.ts";
import { listHost } from "./host-tree.ts";
import { messages } from "./message.ts";
import { temporaryOf } from "./temporary.ts";

interface Vectors {
  frames: { name: string; wire: Part[]; frames?: [keyof typeof messages, Part[]][]; refused?: true }[];
  batches: { name: string; payload: Part[]; head?: unknown; content?: string; refused?: true }[];
  names: { name: string; text: string; bytes?: string; refused?: true }[];
  temporaries: { name: string; of: string | null }[];
  paths: { path: string; verdict: "inside" | "refused" }[];
  listings: { name: string; entries: unknown; paths?: string[]; refused?: true }[];
}

const home = new URL("../../../test/conformance/transfers/", import.meta.url);
const vectors = JSON.parse(readFileSync(new URL("vectors.json", home), "utf8")) as Vectors;
const named = <T extends { name: string }>(each: readonly T[]): [string, T][] => each.map((vector) => [vector.name, vector]);
/** Spaces make bytes easier to read. */
const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
const wireOf = (parts: readonly Part[]): Buffer =>
  Buffer.from(expand(parts.map((part) => ("hex" in part ? { hex: part.hex.replaceAll(" ", "") } : part))));

/** Bytes one by one, or the digest of many: vitest on Node 22 compares 32 MiB for a minute. */
const comparable = (bytes: Buffer): Buffer | string => (bytes.length > 1000 ? createHash("sha256").update(bytes).digest("hex") : bytes);

/** All frames behind a marker, where the output comes in pieces of so many bytes. Pieces of a file's content are put together. */
async function read(wire: Buffer, size: number): Promise<[string, Buffer][]> {
  async function* output(): AsyncGenerator<Buffer> {
    yield Buffer.from("marker+");
    for (let at = 0; at < wire.length; at += size) yield wire.subarray(at, at + size);
  }
  const reader = new FrameReader(output(), "marker");
  expect(await reader.start()).toBe("+");
  const found: [string, Buffer][] = [];
  for (let frame = await reader.next(); frame !== undefined; frame = await reader.next()) {
    const last = found.at(-1);
    if (frame.kind === messages.data && last?.[0] === messages.data) last[1] = Buffer.concat([last[1], frame.payload]);
    else found.push([frame.kind, frame.payload]);
  }
  return found;
}

describe("frames", () => {
  test.each(named(vectors.frames))("%s", async (_, { wire: parts, frames = [], refused }) => {
    const wire = wireOf(parts);
    for (const size of wire.length > 1000 ? [65_536] : [1, 3, 1000]) {
      if (refused === true) {
        await expect(read(wire, size)).rejects.toThrow();
        continue;
      }
      const expected = frames.map(([name, payload]) => [messages[name], comparable(wireOf(payload))]);
      expect((await read(wire, size)).map(([kind, payload]) => [kind, comparable(payload)])).toEqual(expected);
    }
    if (refused === undefined) {
      const written = Buffer.concat(frames.map(([name, payload]) => encodeFrame(messages[name], wireOf(payload))));
      expect(comparable(written)).toEqual(comparable(wire));
    }
  });
});

describe("a head and bytes in one frame", () => {
  test.each(named(vectors.batches))("%s", (_, { payload: parts, head, content = "", refused }) => {
    const payload = wireOf(parts);
    if (refused === true) return expect(() => decodeBatch(payload)).toThrow();
    expect(decodeBatch(payload)).toEqual({ head, content: bytesOf(content) });
    const encoded = frameOf(encodeBatch(messages.files, head, [bytesOf(content)])).payload;
    expect(decodeBatch(encoded)).toEqual({ head, content: bytesOf(content) });
  });
});

describe("names", () => {
  test.each(named(vectors.names))("%s", (_, { text, bytes = "", refused }) => {
    if (refused === true) return expect(() => toBytes(text)).toThrow();
    expect(Buffer.from(toBytes(text))).toEqual(bytesOf(bytes));
    expect(fromBytes(bytesOf(bytes))).toBe(text);
  });
});

test.each(vectors.temporaries.map(({ name, of }) => [name, of] as const))("the temporary name %j is one of %j", (name, of) => {
  expect(temporaryOf(name)).toBe(of);
});

test.each(vectors.paths.map(({ path, verdict }) => [path, verdict] as const))("the path %j is %s", (path, verdict) => {
  expect(path.split("/").every(isName)).toBe(verdict === "inside");
});

describe("listings", () => {
  const root: Root = { path: "tree", prefix: "", follow: false, partials: false, recursive: true };
  test.each(named(vectors.listings))("%s", async (_, { entries, paths = [], refused }) => {
    const exchange = {
      request: async (_frames: unknown, take: (frame: { kind: string; payload: Buffer }) => unknown) => {
        await take(frameOf(encodeJson(messages.listing, { root: 0, entries, failures: [] })));
      },
    } as unknown as Exchange;
    const listed = listHost(exchange, [root], 1000, "host");
    if (refused === true) return expect(listed).rejects.toMatchObject({ code: "protocol-error" });
    expect([...(await listed).entries.keys()]).toEqual(paths);
  });
});

const all = findInterpreters();
test.each([...new Set([all.at(0), all.at(-1)])].map((each) => [each!.version, each!.path]))("hosts with Python %s", async (_, path) => {
  const { stdout } = await promisify(execFile)(path, ["-B", fileURLToPath(new URL("run_vectors.py", home))]);
  const { frames, batches, names, temporaries, paths } = vectors;
  expect(stdout.trim()).toBe(`${[frames, batches, names, temporaries, paths].flat().length} passed, 0 failed`);
});
