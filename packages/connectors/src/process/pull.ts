/* `pull` over one process. */
import { createHash } from "node:crypto";
import { hostLimits, TransferError } from "@sremote/protocol";
import { checkRemotePath, checkSink, checkTransferOptions } from "../argument.ts";
import { shell } from "../connector.ts";
import type { PullSink, SpawnedProcess, TransferOptions } from "../connector.ts";
import { orAborted, withDeadline } from "../deadline.ts";
import type { OperationPlace } from "../deadline.ts";
import { tellProgress } from "../progress.ts";
import { shownPath, transferError } from "../transfer/error.ts";
import { openSink } from "../transfer/sink.ts";
import type { OpenSink } from "../transfer/sink.ts";
import { answerError, lastAnswer } from "./answer.ts";
import { endProcess } from "./end.ts";
import { newMarker } from "./marker.ts";
import type { Marker } from "./marker.ts";
import { outcome } from "./outcome.ts";
import { pullScript } from "./script.ts";
import type { StartProcess } from "./start.ts";
import { drain, Tail } from "./tail.ts";

/** Fetches a file through the standard output of one shell script, in constant memory. See `Connector.pull`. */
export async function pullOverProcess(
  start: StartProcess,
  remotePath: string,
  sink: PullSink,
  options: TransferOptions,
  label: string,
): Promise<void> {
  checkRemotePath(remotePath);
  checkSink(sink);
  checkTransferOptions(options);
  const place: OperationPlace = { label, stage: "pull" };
  await withDeadline(options, place, async (signal) => {
    const target = await openSink(sink, options.mode ?? 0o600, place.stage, label);
    try {
      const marker = newMarker();
      const process = await start(shell(pullScript(remotePath, marker)), { signal });
      try {
        const hash = createHash("sha256");
        let size = 0;
        const take = async (chunk: Uint8Array): Promise<void> => {
          hash.update(chunk);
          size += chunk.length;
          await writeTo(target, chunk, place);
          signal.throwIfAborted();
          tellProgress(options.onProgress, size, place);
        };
        const expected = await orAborted(receive(process, marker, take, remotePath, place), signal);
        if (expected.size !== size || expected.sha256 !== hash.digest("hex")) throw changed(remotePath, place);
        await target.commit(expected);
      } catch (error) {
        // Ending it may take longer than the caller waits.
        await target.discard();
        await endProcess(process);
        throw error;
      } finally {
        process.stdin.destroy();
      }
    } finally {
      await target.discard();
    }
  });
}

async function writeTo(target: OpenSink, chunk: Uint8Array, place: OperationPlace): Promise<void> {
  try {
    await target.write(chunk);
  } catch (error) {
    throw transferError(error, "the pulled file could not be written", { stage: place.stage, host: place.label });
  }
}

/** Hands the content over and returns what the host says of the file after it was read. */
async function receive(
  process: SpawnedProcess,
  marker: Marker,
  take: (chunk: Uint8Array) => Promise<void>,
  remotePath: string,
  place: OperationPlace,
): Promise<{ size: number; sha256: string }> {
  const stderr = new Tail(hostLimits.lastLines);
  // Answers are short; this much of the output's end holds the last one whole.
  const tail = new Tail(hostLimits.keptNoise);
  const drained = drain(process.stderr, stderr);
  process.stdin.on("error", () => {}).end(); // The script reads nothing; a broken pipe here means nothing.
  const read = async (): Promise<number | undefined> => {
    const content = new ContentReader(marker, take);
    for await (const chunk of process.stdout as AsyncIterable<Buffer>) {
      tail.add(chunk);
      await content.add(chunk);
    }
    return content.remaining;
  };
  const { value } = await outcome(process, Promise.all([read(), drained]), place);
  const remaining = value[0];
  const answer = lastAnswer(tail.bytes, marker);
  if (answer?.status !== "end") {
    if (answer?.status === "error" || remaining === undefined || answer === undefined)
      throw answerError(answer, remotePath, place, stderr.text);
    throw changed(remotePath, place);
  }
  const [size = "", sha256 = ""] = answer.detail.split(" ");
  if (remaining !== 0) throw changed(remotePath, place);
  return { size: Number(size), sha256 };
}

function changed(remotePath: string, place: OperationPlace): TransferError {
  return new TransferError("transfer-failed", `${shownPath(remotePath)} changed while it was read`, {
    stage: place.stage,
    host: place.label,
    hint: "pull it again; a file that is written to all the time should be copied or renamed first",
  });
}

/** Separates noise, announced size, and content. */
class ContentReader {
  /** Bytes of content still to come; undefined before the announcement. */
  remaining: number | undefined;
  readonly #announcement: Buffer;
  readonly #take: (chunk: Uint8Array) => Promise<void>;
  #head: Buffer = Buffer.alloc(0);
  #noise = 0;

  constructor(marker: Marker, take: (chunk: Uint8Array) => Promise<void>) {
    this.#announcement = Buffer.from(`${marker.printed} ok `);
    this.#take = take;
  }

  async add(chunk: Buffer): Promise<void> {
    const content = this.remaining === undefined ? this.#findStart(chunk) : chunk;
    if (this.remaining === undefined || content.length === 0) return;
    const part = content.subarray(0, this.remaining);
    this.remaining -= part.length;
    // Behind it there is room for the last answer and for what shells print when they end.
    this.#noise += content.length - part.length;
    if (this.#noise > hostLimits.noise) throw new TransferError("limit-exceeded", "the host sends data after the end of the file");
    if (part.length > 0) await this.#take(part);
  }

  #findStart(chunk: Buffer): Buffer {
    this.#head = Buffer.concat([this.#head, chunk]);
    const at = this.#head.indexOf(this.#announcement);
    const end = at < 0 ? -1 : this.#head.indexOf("\n", at);
    if (end < 0) {
      // Noise can be dropped, except for what may be the beginning of the announcement and its number.
      this.#head = this.#head.subarray(Math.max(0, at < 0 ? this.#head.length - this.#announcement.length : at));
      this.#noise += chunk.length;
      if (this.#noise > hostLimits.noise || this.#head.length > this.#announcement.length + hostLimits.markerLine)
        throw new TransferError("limit-exceeded", "the host never sent the content of the file");
      return Buffer.alloc(0);
    }
    const size = this.#head
      .subarray(at + this.#announcement.length, end)
      .toString("latin1")
      .trim();
    if (!/^[0-9]{1,15}$/.test(size)) throw new TransferError("transfer-failed", "the host does not tell the size of the file");
    this.remaining = Number(size);
    const content = this.#head.subarray(end + 1);
    this.#head = Buffer.alloc(0);
    return content;
  }
}
