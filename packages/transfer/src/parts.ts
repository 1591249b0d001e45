/*
 * Large files where requests and answers are held in memory: they travel in parts, each a request of its own. On either side a part is
 * written to the unfinished file, which a later transfer goes on from as from any other.
 */
import { createHash, hash as digest } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { ProtocolError } from "@sremote/protocol";
import { type Entry, nameOf, type PathFailure, type Root } from "./entry.ts";
import { messages } from "./message.ts";
import { hostTemporaryName } from "./temporary.ts";
import { decodeBatch, encodeBatch, encodeJson } from "./frame.ts";
import type { Exchange } from "./exchange.ts";
import { openLocal } from "./local-hash.ts";
import { changed, fits, isSame, type Outgoing } from "./local-sender.ts";

/** Files up to this size go whole. It is the size of the first part, too. */
export const largestInMemory: number = 4 << 20;
const largestPart = 16 << 20;

/** Each part is as large as all before it, within limits: a link that breaks costs half of what was sent, a large file few requests. */
export function partLength(position: number, size: number): number {
  return Math.min(Math.max(position, largestInMemory), largestPart, size - position);
}

/** One request for the host's program, and what it carries. */
export interface PartRequest {
  readonly frame: Buffer;
  readonly bytes: number;
}

/** The parts of one file, and what gives it its name at the end, verified as a whole. @throws PathFailure when it cannot be read, or has changed */
export async function* partsOf(file: Outgoing, signal: AbortSignal): AsyncGenerator<PartRequest> {
  const { number, path, size, mode, time, from } = file;
  const hidden = hostTemporaryName(nameOf(path));
  const hash = from?.hash ?? createHash("sha256");
  const handle = await openLocal(file.source, file.follow);
  try {
    const before = await handle.stat();
    let old = from?.name ?? null;
    for (let position = from?.length ?? 0; position < size;) {
      signal.throwIfAborted();
      const data = await read(handle, position, partLength(position, size));
      if (data === undefined) throw new ReadFailure(changed(path));
      hash.update(data);
      yield { frame: encodeBatch(messages.part, [number, path, old, hidden, position], [data]), bytes: data.length };
      old = null;
      position += data.length;
    }
    if (!fits(file, before) || !isSame(before, await handle.stat(), file.growing)) {
      const place = path.slice(0, path.lastIndexOf("/") + 1) + hidden;
      yield { frame: encodeJson(messages.actions, [[number, "delete", [place, false]]]), bytes: 0 };
      throw new ReadFailure(changed(path));
    }
    const name = old ?? hidden; // An unfinished file may have been whole.
    yield { frame: encodeJson(messages.actions, [[number, "adopt", [name, path, size, hash.digest("hex"), mode, time]]]), bytes: 0 };
  } finally {
    await handle.close();
  }
}

/** A file that cannot be sent, as it was found on this machine. */
export class ReadFailure extends Error {
  readonly failure: PathFailure;

  constructor(failure: PathFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

async function read(handle: FileHandle, position: number, length: number): Promise<Buffer | undefined> {
  const data = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await handle.read(data, at, length - at, position + at);
    if (bytesRead === 0) return undefined;
    at += bytesRead;
  }
  return data;
}

/** A part of a file of the host, or what is wrong with it. */
export async function fetchPart(
  exchange: Exchange,
  roots: readonly Pick<Root, "path" | "follow">[],
  { root, relative, size }: Pick<Entry, "root" | "relative" | "size">,
  position: number,
  { host, growing }: { host: string; growing: boolean },
): Promise<Buffer | readonly [errno: unknown, message: unknown]> {
  const length = partLength(position, size);
  const frames = [
    encodeJson(messages.request, { op: "send", roots: roots.map(({ path, follow }) => [path, follow]), growing }),
    encodeJson(messages.items, [[0, root, relative, size, position, length]]),
    encodeJson(messages.end, {}),
  ];
  const lie = (): ProtocolError => new ProtocolError("protocol-error", "the host's answer to a pull is not one", { stage: "pull", host });
  let found: Buffer | readonly [unknown, unknown] | undefined;
  await exchange.request(frames, ({ kind, payload }) => {
    if (kind !== messages.files || found !== undefined) throw lie();
    const { head, content } = decodeBatch(payload);
    const [number, sha256, third, fourth] = (
      Array.isArray(head) && head.length === 1 && Array.isArray(head[0]) ? head[0] : []
    ) as unknown[];
    if (number !== 0) throw lie();
    if (typeof sha256 !== "string") found = [third, fourth];
    else if (third !== length || content.length !== length || digest("sha256", content, "hex") !== sha256) throw lie();
    else found = content;
  });
  if (found === undefined) throw lie();
  return found;
}
