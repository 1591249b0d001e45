/* Conversations with the program on the host: live where a process can be, else one run for each request. */
import type { Writable } from "node:stream";
import { ConnectError, SremoteError, TransferError } from "@sremote/protocol";
import { codeOfMessage, settledWithin, shell } from "@sremote/connectors";
import type { Connector, SpawnedProcess } from "@sremote/connectors";
import { chunksOf } from "./chunks.ts";
import { decodeJson, type Frame, FrameReader } from "./frame.ts";
import { program, startProgram } from "./host-program.ts";
import { messages } from "./message.ts";

export type Frames = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
export type TakeFrame = (frame: Frame) => void | Promise<void>;

/** Of a request, and of its answer, where both are held in memory, on both sides of some connectors. */
export const batchLimit: number = 16 * 2 ** 20;

export interface Exchange {
  /** Bytes that one request should not exceed, and its answer neither; Infinity where they stream. */
  readonly limit: number;
  /** False: the host's tools tell and set whole seconds, so that a time says nothing of what was written within one. Known after the first request. */
  readonly exactTimes: boolean;
  /** Sends a request, asking for a frame when the last is not looked at any more, and hands its answer over, frame by frame, up to the last (`Z`), which is not. */
  request(frames: Frames, take: TakeFrame): Promise<void>;
  /** Ends the program: by the end of its input, so that it can put things in order, and otherwise by force. Never rejects. */
  close(): Promise<void>;
}

/** The end of input is the program's reason to end; it has this long for it, and as long after a signal. */
const grace = 3000;
/** The same after something went wrong. A signal makes it put things in order just as well. */
const patience = 300;

/**
 * Answers of one request.
 * @returns whether the last frame came
 */
export async function takeAnswer(reader: FrameReader, take: TakeFrame, host: string): Promise<boolean> {
  for (let frame = await reader.next(); frame !== undefined; frame = await reader.next()) {
    if (frame.kind !== messages.end) {
      await take(frame);
      continue;
    }
    const { error } = decodeJson(frame.payload) as { error?: unknown };
    if (Array.isArray(error)) throw new TransferError(codeOfMessage(String(error[1])), String(error[1]), { stage: "transfer", host });
    return true;
  }
  return false;
}

/** Resolves when a stream has taken it, or no longer takes input. Then it may be overwritten. */
async function written(stream: Writable, bytes: Uint8Array): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const go = (): void => resolve();
  stream.once("close", go).write(bytes, go);
  if (stream.destroyed) go();
  await promise;
  stream.off("close", go);
}

export class LiveExchange implements Exchange {
  readonly limit: number = Infinity;
  readonly exactTimes = true;
  readonly #process: SpawnedProcess;
  readonly #reader: FrameReader;
  readonly #host: string;
  #said = "";
  #broken = false;

  private constructor(process: SpawnedProcess, marker: string, host: string) {
    this.#process = process;
    this.#host = host;
    this.#reader = new FrameReader(chunksOf(process.stdout), marker);
    process.stdin.on("error", () => {}); // That it reads no more, its end says.
    process.stderr
      .on("error", () => {})
      .on("data", (chunk: Buffer) => {
        this.#said = (this.#said + chunk.toString("utf8")).slice(-4096);
      });
    process.exit.catch(() => {}); // It is awaited where its streams end.
  }

  /** @returns undefined when the host has no Python */
  static async start(connector: Connector, signal: AbortSignal): Promise<LiveExchange | undefined> {
    const { script, marker } = startProgram();
    const process = await connector.spawn!(shell(script("")), { signal });
    const exchange = new LiveExchange(process, marker, connector.label);
    try {
      process.stdin.write(program());
      const found = await exchange.#reader.start();
      if (found === "+") return exchange;
      if (found === undefined) throw await exchange.#ended();
      await exchange.close();
      return undefined;
    } catch (error) {
      await exchange.close();
      throw error;
    }
  }

  async request(frames: Frames, take: TakeFrame): Promise<void> {
    const answered = this.#answers(take);
    const sent = this.#send(frames);
    try {
      // Either may fail first; the answer is what counts.
      await Promise.race([answered, sent.then(() => answered)]);
      await sent;
    } catch (error) {
      this.#broken = true;
      answered.catch(() => {});
      sent.catch(() => {});
      throw error;
    }
  }

  async close(): Promise<void> {
    const { stdin, stdout, exit } = this.#process;
    if (this.#broken) stdin.destroy();
    else stdin.end();
    stdout.on("error", () => {}).resume();
    // One that waits for its output to be read does not see the end of its input.
    if (!(await settledWithin(exit, this.#broken ? patience : grace))) {
      await settledWithin(this.#process.kill("SIGTERM"), grace);
      await settledWithin(exit, grace);
    }
    await settledWithin(Promise.resolve(this.#process[Symbol.asyncDispose]()), grace);
  }

  async #answers(take: TakeFrame): Promise<void> {
    try {
      if (await takeAnswer(this.#reader, take, this.#host)) return;
    } catch (error) {
      if (error instanceof SremoteError) throw error;
      // A stream that breaks off is most often a lost link seen from aside.
      if (await settledWithin(this.#process.exit, 1000)) await this.#process.exit;
      throw new ConnectError("connection-lost", "the transfer's streams broke off", { stage: "transfer", host: this.#host, cause: error });
    }
    throw await this.#ended();
  }

  async #ended(): Promise<SremoteError> {
    const { exitCode, signal } = await this.#process.exit;
    return new TransferError("transfer-failed", `the host's part of the transfer ended early, with ${exitCode ?? signal}`, {
      stage: "transfer",
      host: this.#host,
      lastLines: this.#said.trim().split("\n").slice(-10).join("\n"),
    });
  }

  async #send(frames: Frames): Promise<void> {
    const { stdin } = this.#process;
    for await (const frame of frames) {
      if (stdin.destroyed || stdin.writableEnded) return;
      await written(stdin, frame);
    }
  }
}
