/* The body of an upload: bytes that can be sent again, also when they are too many to be held. */
import type { OpenSource } from "../transfer/source.ts";

export interface Content {
  /** In bytes. */
  readonly size: number;
  /** The bytes from the beginning, each time it is called. */
  chunks(): AsyncIterable<Uint8Array>;
}

export function ofBytes(parts: Uint8Array | readonly Uint8Array[]): Content {
  const list = parts instanceof Uint8Array ? [parts] : parts;
  return {
    size: list.reduce((sum, part) => sum + part.length, 0),
    async *chunks() {
      for (const part of list) if (part.length > 0) yield part;
    },
  };
}

/** What is pushed. Reading it throws at its end when it is no longer what its digest was made of. */
export function ofSource(source: OpenSource): Content {
  return { size: source.size, chunks: () => source.chunks() };
}

/** One behind the other. */
export function joined(...contents: readonly Content[]): Content {
  return {
    size: contents.reduce((sum, { size }) => sum + size, 0),
    async *chunks() {
      for (const content of contents) yield* content.chunks();
    },
  };
}

/** The content in pieces of `limit` bytes, the last one shorter. One piece is in memory at a time, so that it can be sent again. */
export async function* pieces(content: Content, limit: number): AsyncIterable<Uint8Array> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of content.chunks()) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + limit - held);
      parts.push(part);
      held += part.length;
      at += part.length;
      if (held < limit) continue;
      yield Buffer.concat(parts, held);
      parts = [];
      held = 0;
    }
  }
  if (held > 0) yield Buffer.concat(parts, held);
}

/** All of it in memory: for dialects whose uploads are JSON or a form, and so small. */
export async function bytesOf(content: Content): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of content.chunks()) parts.push(chunk);
  return Buffer.concat(parts, content.size);
}
