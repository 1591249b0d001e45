/* Reading files of the work directory, which may become visible late. */
import { TransferError } from "@sremote/protocol";
import type { RestContext, ScriptDialect } from "./dialect.ts";
import { backOff, pause } from "../back-off.ts";

type Take = (chunk: Uint8Array) => Promise<void>;

/** Reads a file of a known size. That it is not there, or not whole, means "not yet" for as long as a network file system may take. */
export async function fetchFile(
  dialect: ScriptDialect,
  path: string,
  size: number,
  take: Take,
  context: RestContext,
  visibilityTimeout: number,
): Promise<void> {
  const until = performance.now() + visibilityTimeout;
  let taken = 0;
  for (let look = 1; ; look += 1) {
    let at = 0;
    // What an earlier attempt handed over is the same now: such a file is written once.
    const fresh: Take = async (chunk) => {
      const part = chunk.subarray(Math.min(chunk.length, Math.max(0, taken - at)));
      at += chunk.length;
      if (at > size)
        throw new TransferError("transfer-failed", `the server sends more than the file's ${size} bytes`, { host: dialect.label });
      if (part.length === 0) return;
      taken = at;
      await take(part);
    };
    try {
      await dialect.get(path, { size, take: fresh }, context);
      if (taken === size) return;
    } catch (error) {
      if (!(error instanceof TransferError && error.code === "no-such-file")) throw error;
      if (performance.now() > until) throw missing(path, size, taken, dialect, error);
    }
    if (performance.now() > until) throw missing(path, size, taken, dialect, undefined);
    await pause(backOff(look, 100, 5000), context.signal);
  }
}

/** Reads a file that the host split: `<path>.aaaa`, `<path>.aaab`, … of `most` bytes each. */
export async function fetchParts(
  dialect: ScriptDialect,
  path: string,
  size: number,
  most: number,
  take: Take,
  context: RestContext,
  visibilityTimeout: number,
): Promise<void> {
  for (let index = 0; index * most < size; index += 1) {
    await fetchFile(dialect, `${path}.${suffix(index)}`, Math.min(most, size - index * most), take, context, visibilityTimeout);
  }
}

/** As `split -a 4` counts: aaaa, aaab, … */
function suffix(index: number): string {
  let rest = index;
  let text = "";
  for (let place = 0; place < 4; place += 1) {
    text = String.fromCharCode(97 + (rest % 26)) + text;
    rest = Math.floor(rest / 26);
  }
  return text;
}

function missing(path: string, size: number, taken: number, dialect: ScriptDialect, cause: unknown): TransferError {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return new TransferError("transfer-failed", `the result (${name}) did not become visible: ${taken} of ${size} bytes`, {
    host: dialect.label,
    cause,
  });
}
