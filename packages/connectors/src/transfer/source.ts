/* What is pushed: read twice, first for its digest, then as chunks that must agree with it. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { TransferError } from "@sremote/protocol";
import { toBytes } from "../byte-string.ts";
import type { PushSource } from "../connector.ts";
import { shownPath, transferError } from "./error.ts";

const chunkSize = 256 * 1024;

export interface Digest {
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface OpenSource extends Digest, AsyncDisposable {
  /** The content. Throws a TransferError after the last chunk when it is not what the digest was made of. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** Opens bytes or a regular local file and computes its digest. */
export async function openSource(source: PushSource, stage: string, host: string, signal: AbortSignal): Promise<OpenSource> {
  if (source instanceof Uint8Array) return openBytes(source);
  const about = { stage, host };
  const shown = shownPath(source.path);
  const handle = await openRegularFile(source.path, stage, host);
  try {
    const digest = await digestOf(readAll(handle, signal));
    return {
      ...digest,
      async *chunks() {
        const hash = createHash("sha256");
        let size = 0;
        for await (const chunk of readAll(handle, signal)) {
          hash.update(chunk);
          size += chunk.length;
          yield chunk;
        }
        if (size !== digest.size || hash.digest("hex") !== digest.sha256) {
          throw new TransferError("transfer-failed", `${shown} changed while it was read`, about);
        }
      },
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw signal.aborted ? error : transferError(error, `cannot read ${shown}`, about);
  }
}

/** A handle on a regular file for reading; a directory, device or pipe is refused with `not-a-file`. */
async function openRegularFile(path: string, stage: string, host: string): Promise<FileHandle> {
  const shown = shownPath(path);
  let handle: FileHandle | undefined;
  try {
    // O_NONBLOCK: opening a FIFO without a writer would wait for ever.
    handle = await open(Buffer.from(toBytes(path)), constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await handle.stat()).isFile()) throw new TransferError("not-a-file", `${shown} is not a regular file`, { stage, host });
    return handle;
  } catch (error) {
    await handle?.close();
    throw transferError(error, `cannot read ${shown}`, { stage, host });
  }
}

/** The bytes of an open file from its beginning. */
export async function* readAll(handle: FileHandle, signal?: AbortSignal): AsyncIterable<Uint8Array> {
  for (let position = 0; ;) {
    signal?.throwIfAborted();
    // A fresh buffer each time: the last chunk may still be in use.
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(chunkSize), 0, chunkSize, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

export async function digestOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Digest> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest("hex") };
}

function openBytes(bytes: Uint8Array): OpenSource {
  return {
    size: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    async *chunks() {
      for (let at = 0; at < bytes.length; at += chunkSize) yield bytes.subarray(at, at + chunkSize);
    },
    async [Symbol.asyncDispose]() {},
  };
}
