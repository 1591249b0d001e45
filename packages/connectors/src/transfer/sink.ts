/* Where bytes are put: a local file that appears whole or not at all, or a caller's function. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { TransferError } from "@sremote/protocol";
import { toBytes } from "../byte-string.ts";
import type { PullSink } from "../connector.ts";
import { errnoOf } from "../errno.ts";
import { shownPath, transferError } from "./error.ts";
import type { Digest } from "./source.ts";
import { digestOf, readAll } from "./source.ts";
import { localTemporaryPath } from "./temporary-name.ts";

export interface OpenSink {
  write(chunk: Uint8Array): Promise<void>;
  /** Checks what was written against the digest and makes it visible. */
  commit(expected: Digest): Promise<void>;
  /** Takes back what was written, as far as that is possible. After `commit` it does nothing. */
  discard(): Promise<void>;
}

/** Opens a sink. A file is written under a temporary name that did not exist before (so no link is followed), with mode 0600 until it is whole. */
export async function openSink(sink: PullSink, mode: number, stage: string, host: string): Promise<OpenSink> {
  if (!("path" in sink)) return openFunction(sink.write.bind(sink), stage, host);
  const about = { stage, host };
  const shown = shownPath(sink.path);
  const target = Buffer.from(toBytes(sink.path));
  const temporary = Buffer.from(toBytes(localTemporaryPath(sink.path)));
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw transferError(error, `cannot write ${shown}`, about);
    }
  };
  await attempt(async () => {
    const found = await stat(target).catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT") return undefined; // The usual case: a new file.
      throw error;
    });
    if (found !== undefined && !found.isFile()) throw new TransferError("not-a-file", `${shown} is not a regular file`, about);
  });
  const handle = await attempt(() =>
    open(temporary, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600),
  );
  let state: "open" | "closed" = "open";
  return {
    write: (chunk) =>
      attempt(async () => {
        for (let at = 0; at < chunk.length;) at += (await handle.write(chunk, at)).bytesWritten;
      }),
    commit: (expected) =>
      attempt(async () => {
        const written = await digestOf(readAll(handle));
        checkDigest(written, expected, shown, stage, host);
        await handle.chmod(mode);
        await rename(temporary, target);
        state = "closed";
        await handle.close();
      }),
    discard: async () => {
      if (state === "closed") return;
      state = "closed";
      await handle.close();
      await rm(temporary, { force: true });
    },
  };
}

export function checkDigest(found: Digest, expected: Digest, shown: string, stage: string, host: string): void {
  if (found.size !== expected.size) {
    throw new TransferError("transfer-failed", `${shown}: ${found.size} of ${expected.size} bytes arrived`, { stage, host });
  }
  if (found.sha256 !== expected.sha256) {
    throw new TransferError("transfer-failed", `${shown}: the SHA-256 of what arrived is not that of what was sent`, { stage, host });
  }
}

function openFunction(write: (chunk: Uint8Array) => void | Promise<void>, stage: string, host: string): OpenSink {
  const hash = createHash("sha256");
  let size = 0;
  return {
    async write(chunk) {
      hash.update(chunk);
      size += chunk.length;
      await write(chunk);
    },
    async commit(expected) {
      checkDigest({ size, sha256: hash.digest("hex") }, expected, "the file", stage, host);
    },
    async discard() {},
  };
}
